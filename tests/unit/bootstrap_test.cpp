// SPDX-License-Identifier: Apache-2.0
#include "converter/features/bootstrap.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

namespace pintle::converter {
namespace {

TEST_CASE("an interval is that of the paired difference") {
  // Each user's loss is 0.1 of the base with a spread that is known; the base itself varies far more.
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> base, ndcg;
  constexpr size_t kUsers = 4000;
  for (size_t u = 0; u < kUsers; ++u) {
    base.push_back(1 + 5 * std::abs(normal(random)));
    ndcg.push_back(base.back() - 0.5 + 0.8 * normal(random));
  }
  double base_sum = 0, sum = 0;
  for (size_t u = 0; u < kUsers; ++u) {
    base_sum += base[u];
    sum += ndcg[u];
  }
  const double loss = 1 - sum / base_sum;
  const Interval interval = loss_interval(base, ndcg);
  CHECK(interval.low < loss);
  CHECK(interval.high > loss);
  // The standard error by the delta method.
  double squares = 0;
  for (size_t u = 0; u < kUsers; ++u) {
    const double error = ndcg[u] - (1 - loss) * base[u];
    squares += error * error;
  }
  const double deviation = std::sqrt(squares) / base_sum;
  CHECK((interval.high - interval.low) / 2 == doctest::Approx(1.96 * deviation).epsilon(0.06));
}

TEST_CASE("an interval is the same every time, and none where nothing can be lost") {
  const std::vector<double> base{1, 0, 0.5, 0.3, 1}, ndcg{1, 0.2, 0.3, 0.3, 0.9};
  const Interval first = loss_interval(base, ndcg), second = loss_interval(base, ndcg);
  CHECK(first.low == second.low);
  CHECK(first.high == second.high);
  const Interval same = loss_interval(base, base);
  CHECK(same.low == 0);
  CHECK(same.high == 0);
  const Interval nobody = loss_interval({}, {});
  CHECK(nobody.low == 0);
  CHECK(nobody.high == 0);
}

}  // namespace
}  // namespace pintle::converter
