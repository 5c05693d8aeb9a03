// SPDX-License-Identifier: Apache-2.0
#include "converter/features/knob_range.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "list_source.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

constexpr float kNotMet = std::numeric_limits<float>::quiet_NaN();

TEST_CASE("where 5 % is lost") {
  CHECK(distance_of_loss({0, 1, 2}, {0, 0.02, 0.08}) == doctest::Approx(1.5));
  // Rounded towards the unsteered list.
  CHECK(distance_of_loss({0, 1, 2}, {0, 0.02, 0.0781}) == doctest::Approx(1.5));
  CHECK(distance_of_loss({0, 1, 2}, {0, 0.02, 0.0819}) == doctest::Approx(1.4));
  // A gain counts as no loss, a loss that is smaller farther out as the larger.
  CHECK(distance_of_loss({0, 1, 2, 3}, {0, 0.04, -0.5, 0.06}) == doctest::Approx(2.5));
  CHECK(distance_of_loss({0, 1}, {0, 0.05}) == 1);
  CHECK(std::isnan(distance_of_loss({0, 1}, {0, 0.0499})));
  CHECK(std::isnan(distance_of_loss({0}, {0})));
}

TEST_CASE("reasons") {
  CHECK(range_end_reason(2, 2, 4) == "5 % of NDCG@10");
  CHECK(range_end_reason(-3, kNotMet, -3) == "nothing left to move");
  CHECK(range_end_reason(10, kNotMet, kNotMet) == "measured no farther");
}

// Space: every third of 37 items.
TEST_CASE("a range ends with its steps, or where too much is lost, and has a curve") {
  SteerableModel source;
  Knob space = source.interpretation.knobs[0];
  space.features.clear();
  space.rewards = {{-2, 0.02f}, {-1, 0.01f}, {0, 0}, {1, 0.01f}, {2, 0.02f}, {3, 0.03f}};
  space.min_strength = -2;
  space.max_strength = 3;
  source.interpretation.knobs = {space};
  source.interpretation.presets.clear();
  const Model model = source.open();
  RewardSteps up, down;
  up.rewards = {0.01, 0.02, 0.03};
  down.rewards = {0.01, 0.02};
  down.has_run_out = true;
  ThreadPool pool(2);
  // Everybody's next item is the first of the list: what goes up costs, and is seen to.
  Histories users = random_histories(120);
  Session session = new_session(model);
  for (auto& items : users.items) {
    REQUIRE(session.reset());
    REQUIRE(session.append(items.data(), items.size() - 1));
    items.back() = require(session.recommend(1), "list")[0].item;
  }
  Knob knob = space;
  REQUIRE(set_range(model, 0, users, up, down, {}, lists_by(&pool), &knob));
  CHECK(knob.min_by_items == -2);
  CHECK(std::isnan(knob.max_by_items));
  const float low = std::isnan(knob.min_by_loss) ? -2 : knob.min_by_loss;
  const float high = std::isnan(knob.max_by_loss) ? 3 : knob.max_by_loss;
  CHECK(knob.min_strength == low);
  CHECK(knob.max_strength == high);
  CHECK(knob.curve.front().strength == knob.min_strength);
  CHECK(knob.curve.back().strength == knob.max_strength);
  for (size_t i = 1; i < knob.curve.size(); ++i) {
    CHECK(knob.curve[i].strength > knob.curve[i - 1].strength);
    CHECK(knob.curve[i].share >= knob.curve[i - 1].share);
    if (knob.curve[i].strength == 0) CHECK(knob.curve[i].median_gain == 0);
    if (knob.curve[i].strength == 0) CHECK(knob.curve[i].no_gain == 1);
    if (knob.curve[i].strength == 0) CHECK(knob.curve[i].ndcg == 1);
    CHECK(knob.curve[i].ndcg >= 0.94f);
  }

  // Nobody's next item can be found: no loss can be told.
  for (auto& items : users.items) items.back() = items.front();  // seen
  CHECK_FALSE(set_range(model, 0, users, up, down, {}, lists_by(&pool), &knob));
}

}  // namespace
}  // namespace pintle::converter
