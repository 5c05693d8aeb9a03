// SPDX-License-Identifier: Apache-2.0
#include "converter/features/comparison.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "converter/sae_training/random.h"
#include "tests/support/scratch_dir.h"

namespace pintle::converter {
namespace {

constexpr int64_t kDim = 16, kDict = 6;
constexpr float kOffset = 5;        // of every component: states need not be centred
constexpr uint32_t kItems = 6;      // 5: no attribute
constexpr double kAbsorbed = 0.03;  // of the positions of attribute 2

// Attribute 0 is item 0, axis 0. Attribute 1 is the items 1 and 2, axes 1 and 2, as often. Attribute 2 is item
// 3, axis 3, and now and then item 4, axes 3 and 4.
AttributeIndex planted_index() { return {{0, 1, 2}, {{0}, {1}, {1}, {2}, {2}, {}}, {1, 2, 2}}; }

struct Rows {
  std::vector<float> states;
  std::vector<uint32_t> items;

  Rows(size_t count, uint64_t seed) {
    Random random(seed);
    for (size_t i = 0; i < count; ++i) {
      uint32_t item = static_cast<uint32_t>(random.below(4));
      if (item == 1 && random.uniform() < 0.5)
        item = 2;
      else if (item == 2)
        item = random.uniform() < kAbsorbed ? 4 : 3;
      else if (item == 3)
        item = 5;
      items.push_back(item);
      std::vector<float> state;
      for (int64_t d = 0; d < kDim; ++d) {
        state.push_back(kOffset + 0.05f * static_cast<float>(random.normal()));
      }
      if (item < kItems - 1) state[item] += 1;
      if (item == 4) state[3] += 1;
      states.insert(states.end(), state.begin(), state.end());
    }
  }

  ActivationSet write(const test::ScratchDir& dir, const std::string& name) const {
    ActivationHeader header;
    header.dim = kDim;
    header.hook = {HookPlace::kLast, 0};
    ActivationWriter writer(dir.path(name), header);
    writer.append(states.data(), items.data(), static_cast<int64_t>(items.size()));
    writer.finish();
    return ActivationSet({dir.path(name)});
  }
};

// Feature j answers to axis j, but 3 keeps quiet where 4 is on, whose decoder row holds both. 5 is never on.
SaeWeights planted_sae() {
  SaeWeights sae;
  sae.dim = kDim;
  sae.dict = kDict;
  sae.hook = {HookPlace::kLast, 0};
  sae.encoder = {kDict, kDim, std::vector<float>(kDict * kDim)};
  sae.decoder = {kDict, kDim, std::vector<float>(kDict * kDim)};
  for (int64_t j = 0; j < kDict - 1; ++j) sae.encoder.row(j)[j] = sae.decoder.row(j)[j] = 1;
  sae.encoder.row(3)[4] = -2;
  sae.decoder.row(4)[3] = 1;
  for (int64_t j = 0; j < kDict; ++j) {
    float bias = -0.3f;  // above the noise
    for (int64_t d = 0; d < kDim; ++d) bias -= kOffset * sae.encoder.row(j)[d];
    sae.encoder_bias.push_back(bias);
  }
  sae.decoder_bias.assign(kDim, kOffset);
  return sae;
}

ComparisonOptions few_steps() {
  ComparisonOptions options;
  options.frozen_steps = 100;
  return options;
}

TEST_CASE("a dictionary with planted faults") {
  const test::ScratchDir dir;
  const AttributeIndex index = planted_index();
  const ActivationSet train = Rows(20000, 1).write(dir, "train");
  const Rows unseen(20000, 2);
  const ActivationSet held_out = unseen.write(dir, "test");
  SaeWeights sae = planted_sae();
  ThreadPool pool(2);
  const Comparison found = compare_features(sae, index, train, held_out, few_steps(), &pool);
  REQUIRE(found.counted_attributes == 3);
  const auto& rows = found.attributes;

  SUBCASE("one feature, and probes") {
    CHECK(rows[0].feature > 0.98);
    CHECK(rows[1].feature < 0.7);  // half of the positions: .65
    for (const AttributeComparison& row : rows) {
      CHECK(row.ridge > 0.97);
      CHECK(row.sparse[1] > 0.97);
      // Chosen on the training users: of two equal halves it may be the other.
      CHECK(row.sparse[0] <= row.feature + 1e-9);
      CHECK(row.sparse[0] > row.feature - 0.02);
    }
    CHECK(rows[0].raw == doctest::Approx(rows[0].feature).epsilon(0.02));
    CHECK(found.mean.ridge == doctest::Approx((rows[0].ridge + rows[1].ridge + rows[2].ridge) / 3));
  }
  SUBCASE("splitting") {
    CHECK(found.carriers[0] == std::vector<uint32_t>{0});
    CHECK(found.carriers[1] == std::vector<uint32_t>{1, 2});
    CHECK(found.carriers[2] == std::vector<uint32_t>{3});
    CHECK(found.mean.carriers == doctest::Approx(4.0 / 3));
  }
  SUBCASE("absorption") {
    CHECK(rows[0].absorbed == 0);
    CHECK(rows[1].unfired == 0);
    double with = 0, absorbed = 0;
    for (const uint32_t item : unseen.items) {
      with += item == 3 || item == 4 ? 1 : 0;
      absorbed += item == 4 ? 1 : 0;
    }
    CHECK(rows[2].absorbed == doctest::Approx(absorbed / with));
    CHECK(rows[2].unfired == doctest::Approx(absorbed / with));
  }
  SUBCASE("the dictionary itself") {
    CHECK(found.quality.dead == 1);
    CHECK(found.k == doctest::Approx(found.quality.active).epsilon(0.02));
    CHECK(found.frozen_steps == 100);
    CHECK(found.frozen.explained_variance < found.quality.explained_variance);
    CHECK(found.candidates == kDict);
    CHECK(found.mean.random < found.mean.feature);
    CHECK(found.mean.frozen < found.mean.feature);
  }
  SUBCASE("stability, if the SAE knows it") {
    CHECK_FALSE(found.stability.has_value());
    sae.stability = {1, 0.5f, 0.5f, 1, 0, 0};
    const Comparison again = compare_features(sae, index, train, held_out, few_steps(), &pool);
    CHECK(again.stability.value() == doctest::Approx(0.5));
  }
}

TEST_CASE("an attribute that one part of the users lacks is no part of the means") {
  const test::ScratchDir dir;
  AttributeIndex index = planted_index();
  Rows few(5000, 1);
  for (uint32_t& item : few.items) item = item == 0 ? 5 : item;
  const ActivationSet train = few.write(dir, "train");
  const ActivationSet held_out = Rows(5000, 2).write(dir, "test");
  ThreadPool pool(2);
  const Comparison found =
      compare_features(planted_sae(), index, train, held_out, few_steps(), &pool);
  CHECK(found.counted_attributes == 2);
  CHECK_FALSE(found.counted[0]);
  CHECK(found.attributes[0].ridge == 0);
  CHECK(found.mean.ridge ==
        doctest::Approx((found.attributes[1].ridge + found.attributes[2].ridge) / 2));
}

}  // namespace
}  // namespace pintle::converter
