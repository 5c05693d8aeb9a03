// SPDX-License-Identifier: Apache-2.0
//
// What makes a network steerable: its SAEs, what their features mean, and the knobs made of them.
// `pintle label` measures it and writes it as features.json; `pintle convert --sae --features` puts
// it into a model file.
#ifndef PINTLE_CONVERTER_NETWORK_INTERPRETATION_H_
#define PINTLE_CONVERTER_NETWORK_INTERPRETATION_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "converter/network/concept.h"
#include "converter/network/sae.h"

namespace pintle::converter {

// Over the positions of the histories that were measured; the quantiles over those where the
// feature is active.
struct FeatureStatistics {
  float density = 0, p50 = 0, p95 = 0, p99 = 0, max = 0;
};

struct InterpretedSae {
  std::string name;
  SaeWeights weights;
  std::vector<std::string> labels;            // empty, or one a feature ("": none)
  std::vector<FeatureStatistics> statistics;  // empty, or one a feature
};

inline constexpr float kNotMeasured = std::numeric_limits<float>::quiet_NaN();

// On the histories that the knob was measured on: share of its attribute in the top 10, NDCG@10, the
// median person's items gained (lost where the strength is below 0), the share of people without one.
struct KnobCurvePoint {
  float strength = 0, share = 0, ndcg = 0, median_gain = kNotMeasured, no_gain = kNotMeasured;
};

// fb::Knob defines the fields.
struct Knob {
  std::string name;
  std::string attribute_group, attribute_name;  // both empty: no attribute
  uint32_t sae = 0;
  std::vector<std::pair<uint32_t, float>> features;  // (feature, weight per unit of strength)
  std::vector<std::pair<float, float>>
      rewards;  // (strength, reward), by strength; with an attribute
  float min_strength = 0, max_strength = 0;
  float min_by_loss = kNotMeasured, max_by_loss = kNotMeasured;
  float min_by_items = kNotMeasured, max_by_items = kNotMeasured;
  std::vector<KnobCurvePoint> curve;
};

struct Preset {
  std::string name;
  std::vector<std::pair<std::string, float>> strengths;  // (knob's name, strength)
};

struct Interpretation {
  std::vector<InterpretedSae> saes;
  std::vector<Knob> knobs;
  std::vector<Preset> presets;
  std::vector<Concept> concepts;  // attributes of the catalogue, once a model is made of it
  // Of the network's probabilities and of a wish of 1 (fb::Model); 0: not measured.
  float temperature = 0, wish_unit = 0;
};

// features.json but for the SAEs' weights, which stay in their own files: `saes` is an array, in
// the order of the SAEs, of {"name", "hook", "features": [{"label", "density", "p50", ...}]}, `concepts` one of
// {"group", "name", "items": {"id": fifteenths}}. What was not measured is null.
nlohmann::ordered_json interpretation_to_json(const Interpretation& interpretation);

// How many SAEs it describes, in a file named `source`.
size_t described_saes(const nlohmann::json& json, const std::string& source);

// Adds what `json` holds to SAEs that were read already. Throws Error, naming `source`, if it does
// not belong to them or a value is missing or of the wrong kind.
void add_interpretation_json(const nlohmann::json& json, const std::string& source,
                             Interpretation* interpretation);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_NETWORK_INTERPRETATION_H_
