// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/sae.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "support/reference_steering.h"
#include "support/tiny_models.h"

namespace pintle::test {
using namespace pintle::internal;  // what this tests is not public
namespace {

using converter::HookPlace;
using converter::SaeActivation;

TinyModel model_with(SaeActivation activation, int64_t features, uint32_t seed) {
  TinyModel tiny = plain_model(seed);
  converter::InterpretedSae sae;
  sae.name = "sae";
  sae.weights = random_sae(tiny.network, {HookPlace::kBlock, 1}, activation, seed, features);
  tiny.interpretation.saes.push_back(std::move(sae));
  return tiny;
}

std::vector<float> encode(const OpenModel& model, const OpenSession& session,
                          const std::vector<float>& state) {
  std::vector<float> features(model_of(model.get())->saes[0].feature_count + 16);
  sae_encode(*session_of(session.get()), model_of(model.get())->saes[0], state.data(),
             features.data());
  features.resize(model_of(model.get())->saes[0].feature_count);
  return features;
}

std::vector<float> random_state(int64_t dim, uint32_t seed) {
  std::vector<float> state;
  for (const uint32_t draw : random_history(static_cast<size_t>(dim), 2001, seed)) {
    state.push_back((static_cast<float>(draw) - 1000) / 500);
  }
  return state;
}

TEST_CASE("features equal the literal computation, and one alone equals its place among all") {
  for (const SaeActivation activation :
       {SaeActivation::kRelu, SaeActivation::kTopK, SaeActivation::kJumpRelu}) {
    for (const int64_t features : {4, 16, 21, 100}) {
      for (uint32_t seed = 0; seed < 20; ++seed) {
        CAPTURE(features);
        CAPTURE(seed);
        const TinyModel tiny = model_with(activation, features, seed);
        const OpenModel model(tiny.file());
        const OpenSession session(model);
        const std::vector<float> state = random_state(tiny.network.dim, seed);
        const std::vector<float> found = encode(model, session, state);
        const std::vector<double> expected =
            reference_features(tiny.interpretation.saes[0].weights, {state.begin(), state.end()});
        size_t active = 0;
        for (size_t f = 0; f < found.size(); ++f) {
          CHECK(found[f] == doctest::Approx(expected[f]).epsilon(1e-5));
          CHECK((found[f] > 0) == (expected[f] > 0));
          active += found[f] > 0 ? 1 : 0;
        }
        const SaeView& sae = model_of(model.get())->saes[0];
        if (activation == SaeActivation::kTopK) {
          CHECK(active <= sae.k);
          CHECK_FALSE(sae_is_separable(sae));
          continue;
        }
        CHECK(sae_is_separable(sae));
        for (uint32_t f = 0; f < sae.feature_count; ++f) {
          const uint32_t rows[] = {sae.feature_count - 1 - f, f};  // either may come first
          std::vector<float> alone(sae.feature_count, -1.0f);
          sae_encode_rows(*session_of(session.get()), sae, rows, 2, state.data(), alone.data());
          for (const uint32_t row : rows) {
            CHECK(std::memcmp(&alone[row], &found[row], sizeof(float)) == 0);
          }
        }
      }
    }
  }
}

TEST_CASE("of equal features TopK keeps the lower ones") {
  TinyModel tiny = model_with(SaeActivation::kTopK, 40, 1);  // k = 10
  converter::SaeWeights& sae = tiny.interpretation.saes[0].weights;
  for (int64_t f = 0; f < 40; ++f) {
    const int64_t like = f % 3 == 0 ? 0 : 1;  // two kinds, 14 and 26 of them
    std::copy_n(sae.encoder.row(like), tiny.network.dim, sae.encoder.row(f));
    sae.encoder_bias[f] = like == 0 ? 50.0f : 30.0f;
  }
  const OpenModel model(tiny.file());
  const OpenSession session(model);
  const std::vector<float> found = encode(model, session, random_state(12, 1));
  for (uint32_t f = 0; f < 40; ++f) CHECK((found[f] > 0) == (f % 3 == 0 && f < 30));
}

TEST_CASE("TopK keeps fewer than k where fewer are positive, and none of what is not a number") {
  TinyModel tiny = model_with(SaeActivation::kTopK, 20, 1);  // k = 5
  for (int64_t f = 0; f < 20; ++f) {
    tiny.interpretation.saes[0].weights.encoder_bias[f] = f == 7 || f == 9 ? 90.0f : -90.0f;
  }
  const OpenModel model(tiny.file());
  const OpenSession session(model);
  const std::vector<float> found = encode(model, session, random_state(12, 1));
  for (uint32_t f = 0; f < 20; ++f) CHECK((found[f] > 0) == (f == 7 || f == 9));
  for (const float value : encode(model, session, std::vector<float>(12, NAN))) CHECK(value == 0);
}

TEST_CASE("feature, SAE and knob tables read back") {
  const TinyModel tiny = steerable_model(plain_model().network);
  const OpenModel model(tiny.file());
  for (uint32_t i = 0; i < 3; ++i) {
    pintle_sae_info info = PINTLE_SAE_INFO_INIT;
    REQUIRE(pintle_model_get_sae(model.get(), i, &info) == PINTLE_OK);
    CHECK(info.feature_count == 21);
    CHECK(info.name == "sae-" + std::to_string(i));
    CHECK(info.hook == std::string(i == 0 ? "block:0" : i == 1 ? "mlp:1" : "last"));
  }
  pintle_feature_info feature = PINTLE_FEATURE_INFO_INIT;
  REQUIRE(pintle_model_get_feature(model.get(), 1, 4, &feature) == PINTLE_OK);
  CHECK(std::string(feature.label) == "label 4");
  CHECK(feature.density == 0.25f);
  CHECK(feature.p50 == 0.5f);
  CHECK(feature.max == 2.0f);
  REQUIRE(pintle_model_get_feature(model.get(), 1, 5, &feature) == PINTLE_OK);
  CHECK(std::string(feature.label).empty());

  uint32_t knob = 9;
  REQUIRE(pintle_model_find_knob(model.get(), "pull", &knob) == PINTLE_OK);
  CHECK(knob == 2);
  pintle_knob_info info = PINTLE_KNOB_INFO_INIT;
  REQUIRE(pintle_model_get_knob(model.get(), 0, &info) == PINTLE_OK);
  CHECK(std::string(info.name) == "noir");
  CHECK(info.attribute == 0);
  CHECK(info.min_strength == -4);
  CHECK(info.max_strength == 4);
  uint32_t preset = 9;
  REQUIRE(pintle_model_find_preset(model.get(), "evening", &preset) == PINTLE_OK);
  pintle_edit edits[3];
  pintle_preset_info preset_info = PINTLE_PRESET_INFO_INIT;
  REQUIRE(pintle_model_get_preset(model.get(), preset, &preset_info) == PINTLE_OK);
  REQUIRE(preset_info.edit_count == 2);
  REQUIRE(pintle_model_get_preset_edits(model.get(), preset, edits, 3) == PINTLE_OK);
  CHECK(edits[0].target == 2);
  CHECK(edits[0].value == 0.5f);
  CHECK(edits[1].target == 0);
  CHECK(edits[1].value == -1);
}

}  // namespace
}  // namespace pintle::test
