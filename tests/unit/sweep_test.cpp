// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "converter/features/swept_models.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "steerable_model.h"
#include "support/scratch_dir.h"

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

// A SteerableModel's file.
struct SteerableFile {
  test::ScratchDir folder;
  std::string path = folder.path("m.pintle");
  SteerableFile() { SteerableModel().write(path); }
};

Sweep sweep_of(const SteerableFile& file, const Histories& histories, const SweepMethod& method,
               const SweepOptions& options, int threads = 2) {
  ThreadPool pool(threads);
  return run_sweep(file.path, histories, method, options, &pool);
}

TEST_CASE("methods by name") {
  const Model model = SteerableModel().open();
  CHECK(parse_sweep_method(model, "knob").kind == SweepKind::kKnob);
  CHECK(parse_sweep_method(model, "reweight").kind == SweepKind::kReweight);
  CHECK(parse_sweep_method(model, "direction").kind == SweepKind::kDirection);
  const SweepMethod feature = parse_sweep_method(model, "feature:second:9");
  CHECK(feature.kind == SweepKind::kFeature);
  CHECK(feature.sae == 1);
  CHECK(feature.feature == 9);
  CHECK_THROWS_WITH_AS(parse_sweep_method(model, "bias"),
                       doctest::Contains("knob, reweight, direction or feature"), Error);
  CHECK_THROWS_AS(parse_sweep_method(model, "feature:99"), Error);
}

TEST_CASE("strengths") {
  CHECK(even_strengths(-10, 10, 5) == std::vector<float>{-10, -5, 0, 5, 10});
  CHECK(even_strengths(-10, 10, 11)[5] == 0.0f);
  CHECK(even_strengths(1, 2, 2) == std::vector<float>{1, 2});
}

TEST_CASE("the unsteered list, the thread count and the knob's range") {
  const SteerableFile file;
  const Histories histories = random_histories(40);
  SweepOptions options;
  options.attribute = kSpace;
  options.strengths = {-20, -4, 0, 8, 50};  // the range is -4 to 8
  const Sweep two = sweep_of(file, histories, method_of(SweepKind::kKnob), options);
  const Sweep one = sweep_of(file, histories, method_of(SweepKind::kKnob), options, 1);
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

// 37 entries, seen items left out.
std::vector<pintle_recommendation> all_of(const Model& model,
                                          const std::vector<pintle_edit>& edits = {}) {
  Session session = new_session(model);
  REQUIRE(session.append({3, 1, 4}));
  Request request(37);
  request.edits = edits;
  return require(session.recommend(request), "list");
}

ModelParts steerable_parts(fb::DType precision = fb::DType_F32) {
  const test::ScratchDir folder;
  SteerableModel source;
  source.parts.packed = pack_network(source.parts.network, precision);
  source.write(folder.path("m.pintle"));
  return read_model_parts(folder.path("m.pintle"));
}

bool same_lists(const std::vector<pintle_recommendation>& a,
                const std::vector<pintle_recommendation>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.item == y.item && x.score == y.score;
  });
}

TEST_CASE("a knob without its range is the knob, within it and outside") {
  for (const fb::DType precision : {fb::DType_F32, fb::DType_I8}) {
    SteerableModel source;
    source.parts.packed = pack_network(source.parts.network, precision);
    const Model own = source.open();
    const ModelParts parts = steerable_parts(precision);
    for (uint32_t knob = 0; knob < 3; ++knob) {
      CAPTURE(knob);
      const SweptModel swept = unbounded_knob(parts, knob);
      CHECK(swept.model.info().knob_count == 1);
      for (const float strength : {-1.0f, 0.5f, 1.0f}) {
        pintle_edit edit = swept.unit;
        edit.value = strength;
        CHECK(same_lists(all_of(swept.model, {edit}), all_of(own, {turn(knob, strength)})));
      }
      // The range alone keeps a strength from the file's knob.
      source.interpretation.knobs[knob].max_strength = 100;
      pintle_edit edit = swept.unit;
      edit.value = 50;
      CHECK(same_lists(all_of(swept.model, {edit}), all_of(source.open(), {turn(knob, 50)})));
    }
  }
}

TEST_CASE("re-weighting is the score plus the strength") {
  const SweptModel swept = reweighting(steerable_parts(), kSpace);
  pintle_edit edit = swept.unit;
  edit.value = 0.75f;
  std::vector<float> expected(37);
  for (const pintle_recommendation& entry : all_of(SteerableModel().open())) {
    expected[entry.item] = entry.score + ((entry.item + 1) % 3 == 0 ? 0.75f : 0.0f);
  }
  const auto list = all_of(swept.model, {edit});
  CHECK(list.size() == 34);
  for (const pintle_recommendation& entry : list) CHECK(entry.score == expected[entry.item]);
  CHECK(std::is_sorted(list.begin(), list.end(),
                       [](const auto& a, const auto& b) { return a.score > b.score; }));
}

TEST_CASE("a direction at the final state moves scores by direction . item") {
  const SteerableModel source;
  const std::vector<float> direction = RandomNumbers(5).vector(12);
  const SweptModel swept = direction_of(steerable_parts(), parse_hook("last"), direction);
  pintle_edit edit = swept.unit;
  edit.value = 2;
  std::vector<double> expected(37);
  for (const pintle_recommendation& entry : all_of(source.open())) {
    double sum = static_cast<double>(entry.score);
    for (int i = 0; i < 12; ++i) {
      sum += 2 * static_cast<double>(direction[static_cast<size_t>(i)] *
                                     source.parts.network.items.row(entry.item)[i]);
    }
    expected[entry.item] = sum;
  }
  for (const pintle_recommendation& entry : all_of(swept.model, {edit})) {
    CHECK(static_cast<double>(entry.score) == doctest::Approx(expected[entry.item]).epsilon(1e-5));
  }
}

TEST_CASE("a direction is as it was given, in an int8 model too") {
  const ModelParts parts = steerable_parts(fb::DType_I8);
  // In int8 the others would be 0 beside the first.
  std::vector<float> direction(12, 1e-3f);
  direction[0] = 1;
  std::vector<float> first(12, 0.0f);
  first[0] = 1;
  const SweptModel both = direction_of(parts, parse_hook("last"), direction);
  const SweptModel alone = direction_of(parts, parse_hook("last"), first);
  CHECK(!same_lists(all_of(both.model, {both.unit}), all_of(alone.model, {alone.unit})));
}

// The mean-difference direction raises the share of what it was taken from.
TEST_CASE("the direction method and its conditions") {
  const SteerableFile file;
  const Histories histories = random_histories(60);
  SweepOptions options;
  options.attribute = kSpace;
  options.strengths = {0, 1};
  options.hook = parse_hook("last");
  const SweepMethod method = method_of(SweepKind::kDirection);
  CHECK_THROWS_WITH_AS(sweep_of(file, histories, method, options), doctest::Contains("needs users"),
                       Error);
  options.direction_histories = &histories;
  const Sweep sweep = sweep_of(file, histories, method, options);
  CHECK(same(sweep.points[0].measure, sweep.base));
  CHECK(!same(sweep.points[1].measure, sweep.base));
  options.flags = PINTLE_STEER_REPLACE;
  CHECK_THROWS_WITH_AS(sweep_of(file, histories, method, options), doctest::Contains("delta mode"),
                       Error);
  options.flags = 0;
  Histories without = histories;
  for (auto& items : without.items) items.assign(3, 0);  // item 1 is not Space
  options.direction_histories = &without;
  CHECK_THROWS_WITH_AS(sweep_of(file, histories, method, options), doctest::Contains("needs both"),
                       Error);
  options.attribute.reset();
  CHECK_THROWS_WITH_AS(sweep_of(file, histories, method, options),
                       doctest::Contains("needs an attribute"), Error);
}

TEST_CASE("a feature's strength is in units of its 95th percentile") {
  const SteerableFile file;
  const Model model = open_model(file.path);
  const Histories histories = random_histories(30);
  SweepMethod method = method_of(SweepKind::kFeature);
  method.feature = 5;
  SweepOptions options;
  options.strengths = {0.5f};
  const Sweep sweep = sweep_of(file, histories, method, options);
  // Its 95th percentile is 2: half of it is 1.
  ThreadPool pool(2);
  const std::vector<ListMeasure> by_hand =
      measure_lists(model, histories, {{{{PINTLE_EDIT_ADD, 5, 0, 0, 1.0f}}, 0}}, &pool);
  CHECK(same(sweep.points[0].measure, by_hand[0]));
  method.feature = 3;
  CHECK_THROWS_WITH_AS(sweep_of(file, histories, method, options),
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
  const SteerableFile file;
  SweepOptions options;
  options.attribute = kCalm;
  options.strengths = {1};
  const Sweep sweep =
      sweep_of(file, random_histories(30), method_of(SweepKind::kReweight), options);
  REQUIRE(sweep.points[0].measure.shares.size() == 3);
  CHECK(sweep.points[0].measure.shares[kCalm] > sweep.base.shares[kCalm]);
  CHECK(sweep.points[0].measure.shares[2] == sweep.points[0].measure.shares[kCalm]);  // mood: Calm
}

}  // namespace
}  // namespace pintle::converter
