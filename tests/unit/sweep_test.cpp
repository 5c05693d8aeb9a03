// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "converter/features/model_overlay.h"
#include "converter/io/error.h"
#include "converter/run/steering_names.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

constexpr uint32_t kCalm = 0, kSpace = 1;

Histories random_histories(size_t users) {
  std::mt19937 random(3);
  Histories histories;
  for (size_t u = 0; u < users; ++u) {
    histories.users.push_back(std::to_string(u));
    std::vector<uint32_t>& items = histories.items.emplace_back(2 + u % 7);
    for (uint32_t& item : items) item = static_cast<uint32_t>(random() % 37);
  }
  return histories;
}

SweepMethod method_of(SweepKind kind) {
  SweepMethod method;
  method.kind = kind;
  method.name = "test";
  return method;
}

bool same(const ListMeasure& a, const ListMeasure& b) {
  return a.ndcg == b.ndcg && a.hit_rate == b.hit_rate && a.coverage == b.coverage &&
         a.overlap == b.overlap && a.shares == b.shares;
}

Sweep sweep_of(const MemoryModel& model, const Histories& histories, const SweepMethod& method,
               const SweepOptions& options, int threads = 2) {
  ThreadPool pool(threads);
  return run_sweep(model.get(), histories, method, options, &pool);
}

TEST_CASE("methods by name") {
  const MemoryModel model = SteerableModel().open();
  CHECK(parse_sweep_method(model.get(), "knob").kind == SweepKind::kKnob);
  CHECK(parse_sweep_method(model.get(), "reweight").kind == SweepKind::kReweight);
  CHECK(parse_sweep_method(model.get(), "direction").kind == SweepKind::kDirection);
  const SweepMethod feature = parse_sweep_method(model.get(), "feature:second:9");
  CHECK(feature.kind == SweepKind::kFeature);
  CHECK(feature.sae == 1);
  CHECK(feature.feature == 9);
  CHECK_THROWS_WITH_AS(parse_sweep_method(model.get(), "bias"),
                       doctest::Contains("knob, reweight, direction or feature"), Error);
  CHECK_THROWS_AS(parse_sweep_method(model.get(), "feature:99"), Error);
}

TEST_CASE("strengths") {
  CHECK(even_strengths(-10, 10, 5) == std::vector<float>{-10, -5, 0, 5, 10});
  CHECK(even_strengths(-10, 10, 11)[5] == 0.0f);
  CHECK(even_strengths(1, 2, 2) == std::vector<float>{1, 2});
}

TEST_CASE("the unsteered list, the thread count and the knob's range") {
  const MemoryModel model = SteerableModel().open();
  const Histories histories = random_histories(40);
  SweepOptions options;
  options.attribute = kSpace;
  options.strengths = {-20, -4, 0, 8, 50};  // the range is -4 to 8
  const Sweep two = sweep_of(model, histories, method_of(SweepKind::kKnob), options);
  const Sweep one = sweep_of(model, histories, method_of(SweepKind::kKnob), options, 1);
  REQUIRE(two.points.size() == 5);
  CHECK(same(one.base, two.base));
  for (size_t i = 0; i < 5; ++i) CHECK(same(one.points[i].measure, two.points[i].measure));
  CHECK(same(two.points[2].measure, two.base));
  CHECK(two.base.overlap == 1);
  for (size_t i = 1; i < 5; ++i) {
    CHECK(two.points[i].measure.shares[kSpace] >= two.points[i - 1].measure.shares[kSpace]);
  }
  CHECK(two.points[0].measure.shares[kSpace] < two.points[1].measure.shares[kSpace]);
  CHECK(two.points[4].measure.shares[kSpace] > two.points[3].measure.shares[kSpace]);
}

TEST_CASE("re-weighting is the score plus the strength") {
  const MemoryModel model = SteerableModel().open();
  ModelOverlay overlay(model.get());
  pintle_edit edit = overlay.add_reweighting(kSpace);
  edit.value = 0.75f;
  Session plain(model.get()), reweighted(overlay.get());
  plain.append({3, 1, 4});
  reweighted.append({3, 1, 4});
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 37;
  std::vector<float> expected(37);
  for (const pintle_recommendation& entry : plain.recommend(request)) {
    expected[entry.item] = entry.score + ((entry.item + 1) % 3 == 0 ? 0.75f : 0.0f);
  }
  pintle_steering steering = PINTLE_STEERING_INIT;
  steering.edits = &edit;
  steering.edit_count = 1;
  request.steering = &steering;
  const auto list = reweighted.recommend(request);
  CHECK(list.size() == 34);
  for (const pintle_recommendation& entry : list) CHECK(entry.score == expected[entry.item]);
  CHECK(std::is_sorted(list.begin(), list.end(),
                       [](const auto& a, const auto& b) { return a.score > b.score; }));
}

TEST_CASE("a direction at the final state moves scores by direction . item") {
  SteerableModel source;
  source.interpretation = {};  // the overlay brings its own buffers
  const MemoryModel model = source.open();
  const std::vector<float> direction = RandomNumbers(5).vector(12);
  ModelOverlay overlay(model.get());
  pintle_edit edit = overlay.add_direction(parse_hook("last"), direction);
  edit.value = 2;
  Session plain(model.get()), moved(overlay.get());
  plain.append({3, 1, 4});
  moved.append({3, 1, 4});
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 37;
  std::vector<double> expected(37);
  for (const pintle_recommendation& entry : plain.recommend(request)) {
    double sum = static_cast<double>(entry.score);
    for (int i = 0; i < 12; ++i) {
      sum += 2 * static_cast<double>(direction[static_cast<size_t>(i)] *
                                     source.parts.network.items.row(entry.item)[i]);
    }
    expected[entry.item] = sum;
  }
  pintle_steering steering = PINTLE_STEERING_INIT;
  steering.edits = &edit;
  steering.edit_count = 1;
  request.steering = &steering;
  for (const pintle_recommendation& entry : moved.recommend(request)) {
    CHECK(static_cast<double>(entry.score) == doctest::Approx(expected[entry.item]).epsilon(1e-5));
  }
}

// The mean-difference direction raises the share of what it was taken from.
TEST_CASE("the direction method and its conditions") {
  const MemoryModel model = SteerableModel().open();
  const Histories histories = random_histories(60);
  SweepOptions options;
  options.attribute = kSpace;
  options.strengths = {0, 1};
  options.hook = parse_hook("last");
  const SweepMethod method = method_of(SweepKind::kDirection);
  CHECK_THROWS_WITH_AS(sweep_of(model, histories, method, options),
                       doctest::Contains("needs users"), Error);
  options.direction_histories = &histories;
  const Sweep sweep = sweep_of(model, histories, method, options);
  CHECK(same(sweep.points[0].measure, sweep.base));
  CHECK(!same(sweep.points[1].measure, sweep.base));
  options.flags = PINTLE_STEER_REPLACE;
  CHECK_THROWS_WITH_AS(sweep_of(model, histories, method, options), doctest::Contains("delta mode"),
                       Error);
  options.flags = 0;
  Histories without = histories;
  for (auto& items : without.items) items.assign(3, 0);  // item 1 is not Space
  options.direction_histories = &without;
  CHECK_THROWS_WITH_AS(sweep_of(model, histories, method, options), doctest::Contains("needs both"),
                       Error);
  options.attribute.reset();
  CHECK_THROWS_WITH_AS(sweep_of(model, histories, method, options),
                       doctest::Contains("needs an attribute"), Error);
}

TEST_CASE("a feature's strength is in units of its 95th percentile") {
  const MemoryModel model = SteerableModel().open();
  const Histories histories = random_histories(30);
  SweepMethod method = method_of(SweepKind::kFeature);
  method.feature = 5;
  SweepOptions options;
  options.strengths = {0.5f};
  const Sweep sweep = sweep_of(model, histories, method, options);
  // Its 95th percentile is 2: half of it is 1.
  const std::vector<ListMeasure> by_hand =
      measure_lists(model.get(), histories, {{{{PINTLE_EDIT_ADD, 5, 0, 0, 1.0f}}, 0}}, &pool);
  CHECK(same(sweep.points[0].measure, by_hand[0]));
  method.feature = 3;
  CHECK_THROWS_WITH_AS(sweep_of(model, histories, method, options),
                       doctest::Contains("no measured 95th percentile"), Error);
}

ListMeasure measure_of(double share, double ndcg, double other = 0.5) {
  ListMeasure measure;
  measure.ndcg = ndcg;
  measure.shares = {other, share};
  return measure;
}

TEST_CASE("the summary is linear between the points around the target") {
  CHECK(sweep_target(0.1) == doctest::Approx(0.2));
  CHECK(sweep_target(0.24) == doctest::Approx(0.48));
  CHECK(sweep_target(0.25) == doctest::Approx(0.4));
  Sweep sweep;
  sweep.base = measure_of(0.158, 0.1834);
  sweep.points = {{1, measure_of(0.388, 0.1834 * 0.938, 0.3)},
                  {-1, measure_of(0.01, 0.1)},
                  {0.6f, measure_of(0.283, 0.1834 * 0.97, 0.4)},
                  {2, measure_of(0.634, 0.1834 * 0.813)}};
  const auto summary = summarize_sweep(sweep, 1);
  REQUIRE(summary.has_value());
  const double part = (0.316 - 0.283) / (0.388 - 0.283);
  CHECK(summary->start_share == 0.158);
  CHECK(summary->target_share == doctest::Approx(0.316));
  CHECK(summary->strength == doctest::Approx(0.6 + 0.4 * part));
  CHECK(summary->ndcg_loss == doctest::Approx(0.03 + 0.032 * part));
  CHECK(summary->change[0] == doctest::Approx(-0.1 - 0.1 * part));
  CHECK(summary->change[1] == doctest::Approx(0.158));
  sweep.points.resize(2);  // to 1 only: from the unsteered list
  CHECK(summarize_sweep(sweep, 1)->strength == doctest::Approx(0.158 / 0.23));
  sweep.points[0].measure.shares[1] = 0.3;
  CHECK_FALSE(summarize_sweep(sweep, 1).has_value());
}

TEST_CASE("side effects: other attributes are measured too") {
  const MemoryModel model = SteerableModel().open();
  SweepOptions options;
  options.attribute = kCalm;
  options.strengths = {1};
  const Sweep sweep =
      sweep_of(model, random_histories(30), method_of(SweepKind::kReweight), options);
  REQUIRE(sweep.points[0].measure.shares.size() == 3);
  CHECK(sweep.points[0].measure.shares[kCalm] > sweep.base.shares[kCalm]);
  CHECK(sweep.points[0].measure.shares[2] == sweep.points[0].measure.shares[kCalm]);  // mood: Calm
}

}  // namespace
}  // namespace pintle::converter
