// SPDX-License-Identifier: Apache-2.0
#include "converter/features/splitting.h"

#include <doctest/doctest.h>

#include <vector>

namespace pintle::converter {
namespace {

constexpr size_t kDim = 16;  // least cosine of an absorbing feature: 1/2

// Item 0 has the attribute, item 1 has not. Feature j is `decoder[j]`, others of its row 0.
struct Subject {
  AttributeIndex index{{0}, {{0}, {}}, {1}};
  SaeWeights sae;
  std::vector<std::vector<uint32_t>> carriers{{0}};
  Eigen::MatrixXd probes = Eigen::MatrixXd::Zero(kDim, 1);
  MomentSums sums{std::vector<float>(kDim, 0.0f), index};

  // The probe is axis 0; the mean states are 2 and 0 along it.
  Subject() {
    sae.dim = kDim;
    sae.dict = 4;
    sae.decoder = {4, kDim, std::vector<float>(4 * kDim)};
    sae.decoder.row(0)[0] = 1;
    sae.decoder.row(1)[0] = 1;  // cosine 0.71
    sae.decoder.row(1)[1] = 1;
    sae.decoder.row(2)[0] = 1;  // cosine 0.32
    sae.decoder.row(2)[1] = 3;
    sae.decoder.row(3)[2] = 1;  // across
    probes(0, 0) = 3;           // its length does not matter
    for (const uint32_t item : {0u, 1u, 1u}) {
      std::vector<float> row(kDim);
      row[0] = item == 0 ? 2.0f : 0.0f;
      sums.add(&item, row.data(), 1);
    }
  }

  Absorption count(uint32_t item, float along, const SparseFeatures& features) const {
    AbsorptionCounter counter(sae, index, carriers, probes, sums.moments());
    EncodedStates part;
    part.items = {item};
    part.states.assign(kDim, 0.0f);
    part.states[0] = along;
    part.features = {features};
    counter.add(part);
    return counter.counts()[0];
  }
};

TEST_CASE("a feature that stands in for the one that carries the attribute absorbs it") {
  const Subject subject;
  const Absorption found = subject.count(0, 2, {{1, 3}, {1, 5}});
  CHECK(found.positions == 1);
  CHECK(found.unfired == 1);
  CHECK(found.absorbed == 1);
}

TEST_CASE("what is no absorption") {
  const Subject subject;
  SUBCASE("the item lacks the attribute") { CHECK(subject.count(1, 2, {{1}, {1}}).positions == 0); }
  SUBCASE("the carrying feature is on") {
    const Absorption found = subject.count(0, 2, {{0, 1}, {0.1f, 2}});
    CHECK(found.unfired == 0);
    CHECK(found.absorbed == 0);
  }
  SUBCASE("the probe does not see it either") {
    CHECK(subject.count(0, 0.9f, {{1}, {1}}).absorbed == 0);
    CHECK(subject.count(0, 1.1f, {{1}, {1}}).absorbed == 1);
  }
  SUBCASE("the feature contributes too little") {
    CHECK(subject.count(0, 2, {{1}, {0.79f}}).absorbed == 0);
    CHECK(subject.count(0, 2, {{1}, {0.81f}}).absorbed == 1);
  }
  SUBCASE("the feature that contributes most does not point there") {
    CHECK(subject.count(0, 2, {{2}, {2}}).absorbed == 0);
    CHECK(subject.count(0, 2, {{1, 2}, {1, 2}}).absorbed == 0);
    CHECK(subject.count(0, 2, {{1, 2}, {1, 0.5f}}).absorbed == 1);
  }
  SUBCASE("nothing is on") {
    const Absorption found = subject.count(0, 2, {});
    CHECK(found.unfired == 1);
    CHECK(found.absorbed == 0);
  }
}

TEST_CASE("an attribute is carried by as many features as each add to its correlation") {
  const AttributeIndex index{{0}, {{0}, {}}, {1}};
  // Of 1000 positions 300 have it; of those 200, 80 and 20 by features 2, 0 and 1.
  MomentSums sums({0, 0, 0}, index);
  for (int i = 0; i < 1000; ++i) {
    const uint32_t item = i < 300 ? 0u : 1u;
    const float row[3] = {i >= 200 && i < 280 ? 1.0f : 0.0f, i >= 280 && i < 300 ? 1.0f : 0.0f,
                          i < 200 ? 1.0f : 0.0f};
    sums.add(&item, row, 1);
  }
  // The correlations are .76, .95 and 1: each adds enough.
  const Moments moments = sums.moments();
  CHECK(carrying_features(moments, moments, 0) == std::vector<uint32_t>{2, 0, 1});
  // On users where the third is on at one position of 301, it adds .002.
  MomentSums other({0, 0, 0}, index);
  for (int i = 0; i < 1000; ++i) {
    const uint32_t item = i < 301 ? 0u : 1u;
    const float row[3] = {i >= 200 && i < 300 ? 1.0f : 0.0f, i == 300 ? 1.0f : 0.0f,
                          i < 200 ? 1.0f : 0.0f};
    other.add(&item, row, 1);
  }
  CHECK(carrying_features(moments, other.moments(), 0) == std::vector<uint32_t>{2, 0});
}

}  // namespace
}  // namespace pintle::converter
