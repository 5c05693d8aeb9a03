// SPDX-License-Identifier: Apache-2.0
//
// Every statistic against its definition, computed densely.
#include "converter/features/evidence.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

namespace pintle::converter {
namespace {

// 300 positions of 12 items; values are rounded, so that many are equal, and mostly 0.
struct Sample {
  std::vector<uint32_t> item;
  std::vector<float> value;
  AttributeIndex attributes;
  std::vector<Firing> fired;

  explicit Sample(uint32_t seed) {
    std::mt19937 random(seed);
    attributes.attributes = {7, 9, 11};
    attributes.of_item.resize(12);
    for (uint32_t i = 0; i < 12; ++i) {
      for (uint32_t a = 0; a < 2; ++a) {
        if (random() % 3 == 0) attributes.of_item[i].push_back(a);
      }
    }
    for (uint32_t p = 0; p < 300; ++p) {
      item.push_back(static_cast<uint32_t>(random() % 12));
      const bool on = random() % 3 == 0;
      value.push_back(on ? static_cast<float>(1 + random() % 6 + item.back() % 3) / 4 : 0.0f);
      if (on) fired.push_back({p, value.back()});
    }
  }
  bool has(size_t position, uint32_t attribute) const {
    const auto& of_item = attributes.of_item[item[position]];
    return std::find(of_item.begin(), of_item.end(), attribute) != of_item.end();
  }
};

double pearson(const std::vector<double>& x, const std::vector<double>& y) {
  double mean_x = 0, mean_y = 0, xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / static_cast<double>(x.size());
    mean_y += y[i] / static_cast<double>(x.size());
  }
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xy / std::sqrt(xx * yy);
}

TEST_CASE("measures of an attribute are what their definitions say") {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    const Sample sample(seed);
    const std::vector<size_t> positions = count_positions(sample.attributes, sample.item);
    const std::vector<AttributeMeasure> measures =
        measure_attributes(sample.fired, sample.item, sample.attributes, positions);
    REQUIRE(measures.size() == 3);
    for (uint32_t a = 0; a < 2; ++a) {
      std::vector<double> value, having;
      double wins = 0, pairs = 0, on_with = 0, on = 0, with = 0, sum_with = 0, sum_without = 0;
      for (size_t p = 0; p < sample.item.size(); ++p) {
        const bool has = sample.has(p, a);
        const double v = static_cast<double>(sample.value[p]);
        value.push_back(v);
        having.push_back(has ? 1 : 0);
        on += v > 0;
        with += has;
        on_with += has && v > 0;
        (has ? sum_with : sum_without) += v;
        for (size_t q = 0; has && q < sample.item.size(); ++q) {
          if (sample.has(q, a)) continue;
          const double other = static_cast<double>(sample.value[q]);
          pairs += 1;
          wins += v > other ? 1 : v == other ? 0.5 : 0;
        }
      }
      const AttributeMeasure& m = measures[a];
      REQUIRE(with > 0);
      CHECK(positions[a] == static_cast<size_t>(with));
      CHECK(m.attribute == a);
      CHECK(m.correlation == doctest::Approx(pearson(value, having)).epsilon(1e-9));
      CHECK(m.auc == doctest::Approx(wins / pairs).epsilon(1e-12));
      CHECK(m.sensitivity == doctest::Approx(on_with / with));
      CHECK(m.precision == doctest::Approx(on_with / on));
      CHECK(m.mean_with == doctest::Approx(sum_with / with));
      CHECK(m.mean_without == doctest::Approx(sum_without / (300 - with)));
    }
    // The third attribute is nobody's.
    CHECK(measures[2].correlation == 0);
    CHECK(measures[2].auc == 0.5);
    CHECK(measures[2].sensitivity == 0);
  }
}

TEST_CASE("a feature that is never on, or everywhere the same, follows nothing") {
  Sample sample(3);
  const std::vector<size_t> positions = count_positions(sample.attributes, sample.item);
  for (const AttributeMeasure& m :
       measure_attributes({}, sample.item, sample.attributes, positions)) {
    CHECK(m.correlation == 0);
    CHECK(m.auc == 0.5);
    CHECK(m.precision == 0);
  }
  std::vector<Firing> constant;
  for (uint32_t p = 0; p < 300; ++p) constant.push_back({p, 0.1f});
  const auto measures = measure_attributes(constant, sample.item, sample.attributes, positions);
  CHECK(measures[0].correlation == 0);
  CHECK(measures[0].auc == doctest::Approx(0.5));
  CHECK(measures[0].sensitivity == 1);
}

TEST_CASE("dense correlations") {
  const Sample sample(4);
  AttributeCorrelations dense(2, sample.attributes);
  std::vector<double> first, second, having;
  std::mt19937 random(8);
  for (size_t p = 0; p < sample.item.size(); ++p) {
    const float values[2] = {sample.value[p],
                             static_cast<float>(random() % 100) / 10 - (sample.has(p, 1) ? 2 : 0)};
    dense.add(sample.item[p], values);
    first.push_back(static_cast<double>(values[0]));
    second.push_back(static_cast<double>(values[1]));
    having.push_back(sample.has(p, 1) ? 1 : 0);
  }
  CHECK(dense.correlation(0, 1) == doctest::Approx(pearson(first, having)).epsilon(1e-9));
  CHECK(dense.correlation(1, 1) == doctest::Approx(pearson(second, having)).epsilon(1e-9));
  CHECK(dense.correlation(1, 1) < 0);
}

TEST_CASE("quantiles lie between neighbours") {
  CHECK(quantile({5}, 0.99) == 5);
  CHECK(quantile({1, 2, 3, 4, 5}, 0.5) == 3);
  CHECK(quantile({1, 2}, 0.5) == 1.5f);
  CHECK(quantile({0, 10, 20, 30, 40}, 0.95) == doctest::Approx(38));
  const FeatureStatistics s = feature_statistics({{3, 4.0f}, {5, 1.0f}, {9, 2.0f}}, 12);
  CHECK(s.density == 0.25f);
  CHECK(s.p50 == 2);
  CHECK(s.max == 4);
  CHECK(feature_statistics({}, 12).density == 0);
}

TEST_CASE("Cohen's d") {
  // Means 3 and 1, both variances 1 (2 of 3 values a unit off the mean, divided by 2).
  CHECK(cohens_d({2, 3, 4}, {0, 1, 2}) == doctest::Approx(2));
  CHECK(cohens_d({0, 1, 2}, {2, 3, 4}) == doctest::Approx(-2));
  CHECK(cohens_d({1}, {2, 3}) == 0);
  CHECK(cohens_d({1, 1}, {1, 1}) == 0);
}

TEST_CASE("popular users against unpopular ones") {
  // Ten users of two positions: user u sees item u, whose popularity is u.
  FeatureActivations activations;
  std::vector<float> popularity;
  std::vector<Firing> fired;
  for (uint32_t u = 0; u < 10; ++u) {
    popularity.push_back(static_cast<float>(u));
    for (int t = 0; t < 2; ++t) {
      if (u == 8 || (u == 9 && t == 1)) {
        fired.push_back({static_cast<uint32_t>(activations.item.size()), 2.0f});
      }
      activations.item.push_back(u);
      activations.user.push_back(u);
      activations.event.push_back(static_cast<uint32_t>(t));
    }
  }
  const PopularityGroups groups = popularity_groups(activations, popularity);
  CHECK(groups.group == std::vector<int8_t>{-1, -1, 0, 0, 0, 0, 0, 0, 1, 1});
  // Means 2 and 1 against 0 and 0.
  CHECK(popularity_d(fired, activations, groups) == doctest::Approx(cohens_d({2, 1}, {0, 0})));
}

TEST_CASE("the strongest items and positions") {
  const std::vector<uint32_t> item = {4, 1, 4, 2, 1, 1}, user = {0, 0, 0, 1, 1, 2};
  std::vector<size_t> support(5, 0);
  for (const uint32_t i : item) ++support[i];
  const std::vector<Firing> fired = {{0, 1.0f}, {2, 5.0f}, {3, 9.0f}, {4, 6.0f}, {5, 3.0f}};
  const std::vector<ItemMean> items = strongest_items(fired, item, support, 2, 10);
  REQUIRE(items.size() == 2);  // item 2 has one position only
  CHECK(items[0].item == 1);   // 9 / 3 = 6 / 2: the lower number first
  CHECK(items[0].mean == 3);
  CHECK(items[0].support == 3);
  CHECK(items[1].item == 4);
  const std::vector<Firing> strongest = strongest_positions(fired, user, 2);
  REQUIRE(strongest.size() == 2);
  CHECK(strongest[0].position == 3);
  CHECK(strongest[1].position == 2);  // position 4 is user 1's again
}

}  // namespace
}  // namespace pintle::converter
