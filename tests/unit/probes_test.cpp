// SPDX-License-Identifier: Apache-2.0
#include "converter/features/probes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "converter/sae_training/random.h"

namespace pintle::converter {
namespace {

// Item 0 has attribute 0, item 1 has none.
AttributeIndex one_attribute() { return {{0}, {{0}, {}}, {1}}; }

TEST_CASE("moments are those of the rows, whatever the origin") {
  const AttributeIndex index = one_attribute();
  const std::vector<float> rows = {1001, 2, 1003, 4, 1002, 9, 1006, 1};  // [4][2]
  const std::vector<uint32_t> items = {0, 1, 0, 1};
  MomentSums sums({1000, 0}, index), more({1000, 0}, index);
  sums.add(items.data(), rows.data(), 3);
  more.add(items.data() + 3, rows.data() + 6, 1);
  sums.add(more);
  const Moments moments = sums.moments();
  CHECK(moments.count == 4);
  CHECK(moments.share(0) == 0.5);
  CHECK(moments.mean(0) == doctest::Approx(1003));
  CHECK(moments.mean(1) == doctest::Approx(4));
  CHECK(moments.covariance(0, 0) == doctest::Approx(3.5));
  CHECK(moments.covariance(0, 1) == doctest::Approx(-2.5));
  CHECK(moments.covariance(1, 0) == doctest::Approx(-2.5));
  // With the attribute 1001 and 1002, without 1003 and 1006.
  CHECK(moments.mean_difference(0)(0) == doctest::Approx(-3));
  CHECK(moments.mean_difference(0)(1) == doctest::Approx(3));
  const double correlation = -3 * 0.25 / std::sqrt(3.5 * 0.25);
  CHECK(moments.correlation({0}, Eigen::VectorXd::Ones(1), 0) == doctest::Approx(correlation));
  CHECK(moments.correlation(Eigen::Vector2d(2, 0), 0) == doctest::Approx(correlation));
}

TEST_CASE("moments of sparse values count what is off as 0, and leave out what has no slot") {
  const AttributeIndex index = one_attribute();
  MomentSums dense({0, 0}, index), sparse({0, 0}, index);
  const std::vector<float> rows = {2, 0, 0, 3, 1, 1};
  const std::vector<uint32_t> items = {0, 1, 1};
  dense.add(items.data(), rows.data(), 3);
  const std::vector<int32_t> slot = {-1, 1, 0};  // feature 2 is value 0, feature 1 is value 1
  sparse.add(0, {{0, 2}, {7, 2}}, slot);
  sparse.add(1, {{1}, {3}}, slot);
  sparse.add(1, {{1, 2}, {1, 1}}, slot);
  CHECK((dense.moments().covariance - sparse.moments().covariance).norm() < 1e-12);
  CHECK((dense.moments().cross - sparse.moments().cross).norm() < 1e-12);
  CHECK((dense.moments().mean - sparse.moments().mean).norm() < 1e-12);
}

TEST_CASE("ridge recovers a planted direction that the mean difference misses") {
  const AttributeIndex index = one_attribute();
  Random random(3);
  MomentSums fit({0, 0, 0}, index), judge({0, 0, 0}, index);
  for (int i = 0; i < 20000; ++i) {
    const uint32_t item = random.uniform() < 0.3 ? 0 : 1;
    const double has = item == 0 ? 1 : 0;
    // Common where the attribute is, and far larger than it: a direction to subtract.
    const double nuisance = 3 * random.normal() + has;
    const float row[3] = {static_cast<float>(has + nuisance + 0.1 * random.normal()),
                          static_cast<float>(nuisance), static_cast<float>(random.normal())};
    (i < 16000 ? fit : judge).add(&item, row, 1);
  }
  const RidgeProbes probes = ridge_probes(fit, judge);
  const Eigen::VectorXd weights = probes.weights.col(0) / probes.weights(0, 0);
  CHECK(weights(1) == doctest::Approx(-1).epsilon(0.01));
  CHECK(std::abs(weights(2)) < 0.02);
  CHECK(probes.penalty <= 0.001);  // more would not let it subtract
  const Moments judged = judge.moments();
  CHECK(judged.correlation(probes.weights.col(0), 0) > 0.95);
  CHECK(judged.correlation(judged.mean_difference(0), 0) < 0.5);
}

// Ten features; the attribute is there where 3 or 7 is on, and feature 5 is on where it is not. Feature 4 is a
// noisy copy of 3, feature 9 always the same.
Moments planted_features(const AttributeIndex& index, uint64_t seed) {
  Random random(seed);
  MomentSums sums(std::vector<float>(10, 0.0f), index);
  for (int i = 0; i < 10000; ++i) {
    const double draw = random.uniform();
    const bool three = draw < 0.2, seven = draw >= 0.2 && draw < 0.3;
    const uint32_t item = three || seven ? 0 : 1;
    std::vector<float> row(10);
    for (float& value : row) value = static_cast<float>(random.uniform() < 0.1);
    row[3] = three ? 2.0f : 0.0f;
    row[4] = three && random.uniform() < 0.8 ? 1.0f : 0.0f;
    row[5] = item == 1 && random.uniform() < 0.6 ? 1.0f : 0.0f;
    row[7] = seven ? 0.5f : 0.0f;
    row[9] = 3;
    sums.add(&item, row.data(), 1);
  }
  return sums.moments();
}

TEST_CASE("sparse probes choose the planted features, not copies of those they have") {
  const AttributeIndex index = one_attribute();
  const Moments train = planted_features(index, 1), held_out = planted_features(index, 2);
  const std::vector<uint32_t> chosen = choose_features(train, 0, 2, true);
  CHECK(chosen == std::vector<uint32_t>{3, 7});
  const Eigen::VectorXd one = sparse_weights(train, 0, chosen, 1);
  const Eigen::VectorXd two = sparse_weights(train, 0, chosen, 2);
  CHECK(two(0) == doctest::Approx(0.5).epsilon(0.01));  // of a value of 2
  CHECK(two(1) == doctest::Approx(2).epsilon(0.01));
  // phi of "3 is on" with the attribute: sqrt(.2 * .7 / (.8 * .3)).
  CHECK(held_out.correlation(chosen, one, 0) == doctest::Approx(0.764).epsilon(0.03));
  CHECK(held_out.correlation(chosen, two, 0) > 0.999);
  CHECK(sparse_weights(train, 0, chosen, 64).size() == 2);  // there are no more

  // All that vary, and only those: 9 is always the same.
  const std::vector<uint32_t> all = choose_features(train, 0, 64, false);
  CHECK(all.size() == 9);
  CHECK(std::count(all.begin(), all.end(), 9u) == 0);
}

TEST_CASE("a feature that is on where the attribute is not counts only where signs do not matter") {
  const AttributeIndex index = one_attribute();
  MomentSums sums({0, 0}, index);
  for (int i = 0; i < 100; ++i) {
    const uint32_t item = i % 2 == 0 ? 0u : 1u;
    const float row[2] = {item == 1 ? 1.0f : 0.0f, i % 3 == 0 && item == 0 ? 1.0f : 0.0f};
    sums.add(&item, row, 1);
  }
  CHECK(choose_features(sums.moments(), 0, 1, false) == std::vector<uint32_t>{0});
  CHECK(choose_features(sums.moments(), 0, 1, true) == std::vector<uint32_t>{1});
}

}  // namespace
}  // namespace pintle::converter
