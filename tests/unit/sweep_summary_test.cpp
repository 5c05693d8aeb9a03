// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep_summary.h"

#include <doctest/doctest.h>

#include <vector>

namespace pintle::converter {
namespace {

// Of attribute 1; attribute 0 is another.
ListMeasure measure_of(double share, double ndcg, double other = 0.5) {
  ListMeasure measure;
  measure.ndcg = ndcg;
  measure.shares = {other, share};
  return measure;
}

TEST_CASE("the aims") {
  CHECK(aimed_share(SweepAim::kDoubled, 0.1) == doctest::Approx(0.2));
  CHECK(aimed_share(SweepAim::kDoubled, 0.24) == doctest::Approx(0.48));
  CHECK(aimed_share(SweepAim::kDoubled, 0.25) == doctest::Approx(0.4));
  CHECK(aimed_share(SweepAim::kToHalf, 0.1) == 0.5);
  CHECK(aimed_share(SweepAim::kHalved, 0.1) == doctest::Approx(0.05));
}

TEST_CASE("the summary is linear between the points around the aim") {
  Sweep sweep;
  sweep.base = measure_of(0.158, 0.1834);
  sweep.points = {{1, measure_of(0.388, 0.1834 * 0.938, 0.3)},
                  {-1, measure_of(0.01, 0.1)},
                  {2, measure_of(0.634, 0.1834 * 0.813)}};
  sweep.near = {{0.6f, measure_of(0.283, 0.1834 * 0.97, 0.4)}};
  const auto summary = summarize_sweep(sweep, 1, SweepAim::kDoubled);
  REQUIRE(summary.has_value());
  const double part = (0.316 - 0.283) / (0.388 - 0.283);
  CHECK(summary->start_share == 0.158);
  CHECK(summary->target_share == doctest::Approx(0.316));
  CHECK(summary->strength == doctest::Approx(0.6 + 0.4 * part));
  CHECK(summary->ndcg_loss == doctest::Approx(0.03 + 0.032 * part));
  CHECK(summary->change[0] == doctest::Approx(-0.1 - 0.1 * part));
  CHECK(summary->change[1] == doctest::Approx(0.158));

  const auto halved = summarize_sweep(sweep, 1, SweepAim::kHalved);
  REQUIRE(halved.has_value());
  const double down = (0.158 - 0.079) / (0.158 - 0.01);
  CHECK(halved->strength == doctest::Approx(-down));
  CHECK(halved->ndcg_loss == doctest::Approx(down * (1 - 0.1 / 0.1834)));

  CHECK(summarize_sweep(sweep, 1, SweepAim::kToHalf)->strength ==
        doctest::Approx(1 + (0.5 - 0.388) / (0.634 - 0.388)));
  sweep.points.resize(2);  // to 1 only
  sweep.near.clear();
  CHECK(summarize_sweep(sweep, 1, SweepAim::kDoubled)->strength == doctest::Approx(0.158 / 0.23));
  CHECK_FALSE(summarize_sweep(sweep, 1, SweepAim::kToHalf).has_value());
  sweep.base.shares[1] = 0.6;  // beyond the half already
  CHECK_FALSE(summarize_sweep(sweep, 1, SweepAim::kToHalf).has_value());
}

TEST_CASE("where to measure next") {
  Sweep sweep;
  sweep.base = measure_of(0.1, 0.2);
  sweep.points = {{2, measure_of(0.3, 0.2)}};
  CHECK(strength_near(sweep, 1, SweepAim::kDoubled) == 1.0f);
  sweep.points.push_back({0.5f, measure_of(0.2001, 0.2)});  // near enough
  CHECK_FALSE(strength_near(sweep, 1, SweepAim::kDoubled).has_value());
  CHECK_FALSE(strength_near(sweep, 1, SweepAim::kHalved).has_value());  // none reaches it
}

TEST_CASE("people: whose list did not change, who got no item more, who lost none") {
  Sweep sweep;
  sweep.base = measure_of(0.1, 1);
  sweep.base.users = {{1, 1, 1, 1}, {15, 0, 30, 15}, {1, 1, 1, 1}};
  ListMeasure up = measure_of(0.2, 0.75);
  up.users = {{1, 1, 1, 0}, {15, 15, 45, 15}, {1, 0, 0, 0}};
  ListMeasure down = measure_of(0.05, 1);
  down.users = {{1, 1, 1, 1}, {15, 0, 15, 0}, {1, 1, 0, 0}};
  sweep.points = {{1, up}, {-1, down}};
  const auto doubled = summarize_sweep(sweep, 1, SweepAim::kDoubled);
  REQUIRE(doubled.has_value());
  CHECK(doubled->unchanged == doctest::Approx(0.25));
  CHECK(doubled->unmoved == doctest::Approx(0.5));
  CHECK(doubled->ndcg_loss == doctest::Approx(0.25));
  CHECK(doubled->loss.low == 0);  // a resample without the one who lost
  CHECK(doubled->loss.high > 0.5);
  const auto halved = summarize_sweep(sweep, 1, SweepAim::kHalved);
  REQUIRE(halved.has_value());
  CHECK(halved->unchanged == doctest::Approx(0.5));
  CHECK(halved->unmoved == doctest::Approx(1.0 / 3));  // of the three who had some
}

}  // namespace
}  // namespace pintle::converter
