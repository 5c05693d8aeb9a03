// SPDX-License-Identifier: Apache-2.0
#include "converter/features/reward_curve.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "converter/run/steered_lists.h"
#include "list_source.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

constexpr uint32_t kAttribute = 3, kRare = 9;  // Drama; an attribute that few lists hold

// The part of the people who have as many to lose (upwards: of all) who gained `step` items, or lost
// them below 0, by a wish of this reward.
double reached(const Model& model, const Histories& users, int step, double reward) {
  ThreadPool pool(2);
  const double wished = step > 0 ? reward : -reward;
  const auto measures = measure_lists(
      model, users,
      {{{}, 0, {}, kAttribute}, {{}, 0, {wish_of(model, kAttribute, wished)}, kAttribute}}, &pool);
  size_t people = 0, there = 0;
  for (size_t u = 0; u < measures[0].users.level.size(); ++u) {
    const int plain = measures[0].users.level[u], now = measures[1].users.level[u];
    if (step < 0 && plain < -15 * step) continue;
    ++people;
    there += (step > 0 ? now - plain >= 15 * step : now - plain <= 15 * step) ? 1 : 0;
  }
  return static_cast<double>(there) / static_cast<double>(people);
}

TEST_CASE("a step's reward is the least that gives it to a little more than half of the people") {
  const test::DefaultModel files;
  const Histories users = files.users(300);
  ThreadPool pool(2);
  for (const int sign : {1, -1}) {
    CAPTURE(sign);
    const RewardSteps steps =
        find_rewards(files.model, users, kAttribute, sign, {}, lists_by(&pool));
    REQUIRE(steps.rewards.size() >= 2);
    CHECK(std::is_sorted(steps.rewards.begin(), steps.rewards.end()));
    for (size_t i = 0; i < steps.rewards.size(); ++i) {
      const int step = sign * static_cast<int>(i + 1);
      CAPTURE(step);
      const double there = reached(files.model, users, step, steps.rewards[i]);
      CHECK(there >= 0.5);
      CHECK(there < 0.8);
      if (i > 0 && steps.rewards[i] == steps.rewards[i - 1]) continue;  // no more than the last
      CHECK(reached(files.model, users, step, steps.rewards[i] / 1.2) < there);
    }
  }
  ThreadPool single(1);
  const RewardSteps one = find_rewards(files.model, users, kAttribute, 1, {}, lists_by(&single));
  CHECK(one.rewards ==
        find_rewards(files.model, users, kAttribute, 1, {}, lists_by(&pool)).rewards);
}

// The rewards found by trying the whole grid on everybody.
RewardSteps by_whole_grid(const Model& model, const Histories& users, uint32_t attribute, int sign,
                          const WeightedFeatures& features, ThreadPool* pool) {
  const int places = 23 * 8;
  const auto reward_at = [](int place) {
    const double coarse = 1e-8 * std::pow(3.0, place / 8);
    return place % 8 == 0 ? coarse : coarse * std::pow(3.0, (place % 8) / 8.0);
  };
  const auto plain = measure_lists(model, users, {{{}, 0, {}, attribute}}, pool)[0].users.level;
  RewardSteps steps;
  for (int step = 1; step <= kMostSteps; ++step) {
    std::vector<ListVariant> variants;
    for (int place = 0; place <= places; ++place) {
      variants.push_back({edits_of(features, sign * step),
                          0,
                          {wish_of(model, attribute, sign * reward_at(place))},
                          attribute});
    }
    const auto measures = measure_lists(model, users, variants, pool);
    std::vector<double> reached;
    size_t people = 0;
    for (const ListMeasure& measure : measures) {
      size_t there = 0;
      people = 0;
      for (size_t u = 0; u < plain.size(); ++u) {
        if (sign < 0 && plain[u] < 15 * step) continue;
        ++people;
        there += sign * (measure.users.level[u] - plain[u]) >= 15 * step ? 1 : 0;
      }
      reached.push_back(static_cast<double>(there) / static_cast<double>(people));
    }
    const double wanted = std::clamp(0.5 + 2 / std::sqrt(static_cast<double>(people)), 0.55, 0.75);
    const size_t fewest =
        static_cast<size_t>(std::ceil(sign > 0 ? 0 : 0.02 * static_cast<double>(plain.size())));
    if (people < std::max<size_t>(20, fewest) || reached[places] < wanted) {
      steps.has_run_out = true;
      break;
    }
    int i = 0;
    while (reached[i] < wanted) ++i;
    double reward = reward_at(i);
    if (i > 0) {
      const double below = reward_at(i - 1), part = wanted - reached[i - 1];
      reward = below * std::pow(reward / below, part / (reached[i] - reached[i - 1]));
    }
    steps.rewards.push_back(step == 1 ? reward : std::max(reward, steps.rewards.back()));
  }
  return steps;
}

TEST_CASE("the rewards are those of the whole grid, tried on everybody") {
  const test::DefaultModel files;
  Histories users = files.users(300);
  users.items[7].resize(1);  // too short to hold anything out
  ThreadPool pool(2);
  for (const uint32_t attribute : {kAttribute, kRare}) {
    for (const int sign : {1, -1}) {
      CAPTURE(attribute);
      CAPTURE(sign);
      size_t lists = 0;
      const auto counted = [&](const Model& model, const Histories& histories,
                               const std::vector<ListVariant>& variants,
                               const std::vector<float>& values) {
        for (const ListVariant& variant : variants) {
          lists += variant.who.empty()
                       ? 0
                       : std::count(variant.who.begin(), variant.who.end(), Gets::kList);
        }
        return measure_lists(model, histories, variants, &pool, values);
      };
      const RewardSteps found = find_rewards(files.model, users, attribute, sign, {}, counted);
      const RewardSteps all = by_whole_grid(files.model, users, attribute, sign, {}, &pool);
      CHECK(found.rewards == all.rewards);
      CHECK(found.has_run_out == all.has_run_out);
      CHECK(lists < 20 * users.users.size());  // of 185
    }
  }
}

TEST_CASE("steps run out where few people can take them") {
  const test::DefaultModel files;
  ThreadPool pool(2);
  const Histories users = files.users(300);
  const RewardSteps down = find_rewards(files.model, users, kRare, -1, {}, lists_by(&pool));
  CHECK(down.has_run_out);
  const auto plain = measure_lists(files.model, users, {{{}, 0, {}, kRare}}, &pool)[0];
  const auto having = [&](size_t items) {
    return std::count_if(plain.users.level.begin(), plain.users.level.end(),
                         [&](uint8_t level) { return level >= 15 * items; });
  };
  CHECK(having(down.rewards.size()) >= 20);
  CHECK(having(down.rewards.size() + 1) < 20);
  // Nineteen people are too few for any step.
  const RewardSteps nobody =
      find_rewards(files.model, files.users(19), kAttribute, 1, {}, lists_by(&pool));
  CHECK(nobody.rewards.empty());
  CHECK(nobody.has_run_out);
}

TEST_CASE("points of both directions, and the strength of a reward") {
  RewardSteps up, down;
  up.rewards = {0.001, 0.004};
  down.rewards = {0.002};
  const auto points = reward_points(up, down);
  const std::vector<std::pair<float, float>> expected{
      {-1.0f, 0.002f}, {0.0f, 0.0f}, {1.0f, 0.001f}, {2.0f, 0.004f}};
  CHECK(points == expected);
  CHECK(strength_of(points, 0.0005) == doctest::Approx(0.5));
  CHECK(strength_of(points, 0.0025) == doctest::Approx(1.5));
  CHECK(strength_of(points, 1) == 2);
  CHECK(strength_of(points, -0.0005) == doctest::Approx(-0.25));
  CHECK(strength_of(points, -1) == -1);
  CHECK(strength_of({{0.0f, 0.0f}}, 1) == 0);
}

TEST_CASE("features are added by strength") {
  const WeightedFeatures features{1, {{7, 0.5f}, {2, -1.0f}}};
  CHECK(edits_of(features, 0).empty());
  const auto edits = edits_of(features, -2);
  REQUIRE(edits.size() == 2);
  CHECK(edits[0].kind == PINTLE_EDIT_ADD);
  CHECK(edits[0].sae == 1);
  CHECK(edits[0].target == 7);
  CHECK(edits[0].value == -1.0f);
  CHECK(edits[1].value == 2.0f);
}

}  // namespace
}  // namespace pintle::converter
