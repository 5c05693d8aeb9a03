// SPDX-License-Identifier: Apache-2.0
//
// What the features of an SAE mean, measured on histories: `pintle label`.
#ifndef PINTLE_CONVERTER_FEATURES_LABEL_H_
#define PINTLE_CONVERTER_FEATURES_LABEL_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "converter/features/evidence.h"
#include "converter/io/thread_pool.h"
#include "converter/network/interpretation.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

struct LabelOptions {
  // A feature is named after an attribute if they correlate at least so much, and after a second
  // one that correlates nearly as much; else after its items.
  double min_correlation = 0.3;
  double second_share = 0.9;        // of the best correlation
  size_t min_attribute_items = 10;  // rarer attributes are not measured
  size_t min_support = 5;           // positions of an item, to be listed for a feature
  size_t listed_attributes = 3, listed_items = 10, listed_histories = 5;
  uint64_t memory_bytes = uint64_t{1} << 30;  // for activations; users are thinned out to fit
};

struct ItemEffect {
  uint32_t item;
  double effect;  // change of its score per unit of activation
};

struct FeatureEvidence {
  std::string label;
  FeatureStatistics statistics;
  size_t fired = 0;                          // positions
  std::vector<AttributeMeasure> attributes;  // the best correlated, best first
  std::vector<ItemMean> items;
  std::vector<Firing> histories;              // positions of LabelReport::activations
  std::vector<ItemEffect> promoted, demoted;  // strongest first: item_effects.h
  double cohens_d = 0;                        // popular less unpopular histories
};

struct AttributeEvidence {
  size_t positions = 0;
  size_t feature = 0;     // the best correlated
  AttributeMeasure best;  // of that feature
  size_t raw_dimension = 0;
  double raw_correlation = 0;  // of the hidden dimension that correlates best
};

struct LabelReport {
  size_t users_given = 0;          // more than those measured if memory did not allow all
  Histories histories;             // those measured
  FeatureActivations activations;  // without `fired`
  AttributeIndex index;
  std::vector<FeatureEvidence> features;
  std::vector<AttributeEvidence> attributes;  // in the order of `index`
  // Over the attributes:
  double mean_correlation = 0, mean_sensitivity = 0, raw_correlation = 0;
  double active = 0;  // features on per position
  size_t dead = 0;    // features that are on nowhere
};

// All but `promoted` and `demoted`. Throws Error if the SAE does not fit the model. popularity: one
// number an item.
LabelReport label_features(const Model& model, const SaeWeights& sae, const Histories& histories,
                           const std::vector<float>& popularity, const LabelOptions& options,
                           ThreadPool* pool);

// Labels and statistics, as a model file holds them.
void apply_labels(const LabelReport& report, InterpretedSae* sae);

// Adds "summary", "attributes" and "evidence" to what interpretation_to_json made.
void add_evidence_json(const Model& model, const LabelReport& report, nlohmann::ordered_json* json);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_LABEL_H_
