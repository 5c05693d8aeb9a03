// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "converter/features/parse_sweep_method.h"
#include "converter/features/swept_models.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "steerable_model.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

constexpr uint32_t kCalm = 0, kSpace = 1;

SweepMethod method_of(SweepKind kind) {
  SweepMethod method;
  method.kind = kind;
  method.name = "test";
  return method;
}

SweepOptions options_of(std::vector<uint32_t> attributes) {
  SweepOptions options;
  options.attributes = options.direction_attributes = std::move(attributes);
  return options;
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
               const SweepOptions& options, std::optional<uint32_t> attribute,
               const std::vector<float>& strengths, int threads = 2) {
  ThreadPool pool(threads);
  return Sweeper(file.path, histories, options, &pool).run(method, attribute, strengths);
}

TEST_CASE("methods by name") {
  const Model model = SteerableModel().open();
  CHECK(parse_sweep_method(model, "knob").kind == SweepKind::kKnob);
  CHECK(parse_sweep_method(model, "reweight").scores == ScoreMethod::kReweight);
  for (const SweepMethod& method : score_methods()) {
    const SweepMethod parsed = parse_sweep_method(model, method.name);
    CHECK(parsed.kind == SweepKind::kScores);
    CHECK(parsed.scores == method.scores);
    CHECK(parsed.name == method.name);
  }
  CHECK(parse_sweep_method(model, "direction").kind == SweepKind::kDirection);
  const SweepMethod feature = parse_sweep_method(model, "feature:second:9");
  CHECK(feature.kind == SweepKind::kFeature);
  CHECK(feature.sae == 1);
  CHECK(feature.feature == 9);
  CHECK_THROWS_WITH_AS(parse_sweep_method(model, "bias"),
                       doctest::Contains("quota, direction or feature"), Error);
  CHECK_THROWS_AS(parse_sweep_method(model, "feature:99"), Error);
}

TEST_CASE("strengths") {
  CHECK(even_strengths(-10, 10, 5) == std::vector<float>{-10, -5, 0, 5, 10});
  CHECK(even_strengths(-10, 10, 11)[5] == 0.0f);
  CHECK(even_strengths(1, 2, 2) == std::vector<float>{1, 2});
  for (const SweepMethod& method : score_methods()) {
    const std::vector<float> usual = usual_strengths(method.kind, method.scores);
    CHECK(std::is_sorted(usual.begin(), usual.end()));
    CHECK(std::count(usual.begin(), usual.end(), 0.0f) == 1);
    CHECK(usual.front() == -usual.back());
  }
}

TEST_CASE("the unsteered list, the thread count and the knob's range") {
  const SteerableFile file;
  const Histories histories = random_histories(40);
  const SweepOptions options = options_of({kSpace});
  const std::vector<float> strengths{-20, -1, 0, 1, 50};  // the range is -4 to 8
  const SweepMethod knob = method_of(SweepKind::kKnob);
  const Sweep two = sweep_of(file, histories, knob, options, kSpace, strengths);
  const Sweep one = sweep_of(file, histories, knob, options, kSpace, strengths, 1);
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
  SweepOptions options = options_of({kSpace});
  options.hook = parse_hook("last");
  const SweepMethod method = method_of(SweepKind::kDirection);
  const std::vector<float> strengths{0, 1};
  const auto run = [&](std::optional<uint32_t> attribute) {
    return sweep_of(file, histories, method, options, attribute, strengths);
  };
  CHECK_THROWS_WITH_AS(run(kSpace), doctest::Contains("needs users"), Error);
  options.direction_histories = &histories;
  const Sweep sweep = run(kSpace);
  CHECK(same(sweep.points[0].measure, sweep.base));
  CHECK(!same(sweep.points[1].measure, sweep.base));
  options.flags = PINTLE_STEER_REPLACE;
  CHECK_THROWS_WITH_AS(run(kSpace), doctest::Contains("delta mode"), Error);
  options.flags = 0;
  Histories without = histories;
  for (auto& items : without.items) items.assign(3, 0);  // item 1 is not Space
  options.direction_histories = &without;
  CHECK_THROWS_WITH_AS(run(kSpace), doctest::Contains("needs both"), Error);
  CHECK_THROWS_WITH_AS(run(std::nullopt), doctest::Contains("needs an attribute"), Error);
}

TEST_CASE("a feature's strength is in units of its 95th percentile") {
  const SteerableFile file;
  const Model model = open_model(file.path);
  const Histories histories = random_histories(30);
  SweepMethod method = method_of(SweepKind::kFeature);
  method.feature = 5;
  const Sweep sweep = sweep_of(file, histories, method, {}, std::nullopt, {0.5f});
  // Its 95th percentile is 2: half of it is 1.
  ThreadPool pool(2);
  const std::vector<ListMeasure> by_hand =
      measure_lists(model, histories, {{{{PINTLE_EDIT_ADD, 5, 0, 0, 1.0f}}, 0}}, &pool);
  CHECK(same(sweep.points[0].measure, by_hand[0]));
  method.feature = 3;
  CHECK_THROWS_WITH_AS(sweep_of(file, histories, method, {}, std::nullopt, {0.5f}),
                       doctest::Contains("no measured 95th percentile"), Error);
}

TEST_CASE("side effects: other attributes are measured too") {
  const SteerableFile file;
  const SweepMethod method = parse_sweep_method(SteerableModel().open(), "reweight");
  const Sweep sweep = sweep_of(file, random_histories(30), method, options_of({kCalm}), kCalm, {1});
  REQUIRE(sweep.points[0].measure.shares.size() == 3);
  CHECK(sweep.points[0].measure.shares[kCalm] > sweep.base.shares[kCalm]);
  CHECK(sweep.points[0].measure.shares[2] == sweep.points[0].measure.shares[kCalm]);  // mood: Calm
}

TEST_CASE("an aim between two strengths is approached") {
  const SteerableFile file;
  const Histories histories = random_histories(200);
  const SweepMethod method = parse_sweep_method(SteerableModel().open(), "reweight");
  const Sweep sweep = sweep_of(file, histories, method, options_of({kSpace}), kSpace, {-20, 20});
  REQUIRE(!sweep.near.empty());
  const double target = aimed_share(SweepAim::kDoubled, sweep.base.shares[kSpace]);
  double nearest = 1;
  for (const SweepPoint& point : sweep.near) {
    nearest = std::min(nearest, std::abs(point.measure.shares[kSpace] - target));
  }
  CHECK(nearest < 0.05);  // between 0 and 20 it goes to 1
  const auto summary = summarize_sweep(sweep, kSpace, SweepAim::kDoubled);
  REQUIRE(summary.has_value());
  CHECK(summary->strength > 0);
  CHECK(summary->loss.low <= summary->ndcg_loss);
  CHECK(summary->loss.high >= summary->ndcg_loss);
}

TEST_CASE("a quota is of whole items") {
  const SteerableFile file;
  const SweepMethod method = parse_sweep_method(SteerableModel().open(), "quota");
  CHECK_THROWS_WITH_AS(
      sweep_of(file, random_histories(9), method, options_of({kSpace}), kSpace, {1.5f}),
      doctest::Contains("whole items"), Error);
}

}  // namespace
}  // namespace pintle::converter
