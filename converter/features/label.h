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

#include "converter/features/concepts.h"
#include "converter/features/evidence.h"
#include "converter/features/feature_names.h"
#include "converter/io/thread_pool.h"
#include "converter/network/interpretation.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

struct LabelOptions {
  size_t min_attribute_items = 10;  // rarer attributes are not measured
  size_t min_support = 5;           // positions of an item, to be listed for a feature
  size_t listed_attributes = 3, listed_items = 10, listed_histories = 5;
  uint64_t memory_bytes = uint64_t{1} << 30;  // for activations; users are thinned out to fit
  size_t min_property_items = 6;              // what rarer properties say is no name
  NameLevels names;
  ConceptOptions concepts;
};

struct ItemEffect {
  uint32_t item;
  double effect;  // change of its score per unit of activation
};

struct FeatureEvidence {
  std::string label;  // its name if that holds, else items of it: name_features
  TestedName name;
  double mass = 0;  // its part of all activations
  ConceptMeasures concept_measures;
  std::string no_concept;  // why it is none; "": it is one
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
  size_t users_given = 0;  // more than those measured if memory did not allow all
  Histories histories;     // those measured
  FeatureActivations activations;
  AttributeIndex index;
  std::vector<FeatureEvidence> features;
  std::vector<AttributeEvidence> attributes;  // in the order of `index`
  // Over the attributes:
  double mean_correlation = 0, mean_sensitivity = 0, raw_correlation = 0;
  double active = 0;      // features on per position
  size_t dead = 0;        // features that are on nowhere
  double named_mass = 0;  // part of all activations that features with a name that holds carry
  std::vector<FoundConcept> concepts;
};

// All but names, concepts, `promoted` and `demoted`. Throws Error if the SAE does not fit the model. popularity: one
// number an item.
LabelReport label_features(const Model& model, const SaeWeights& sae, const Histories& histories,
                           const std::vector<float>& popularity, const LabelOptions& options,
                           ThreadPool* pool);

// What the features are called, and which are concepts. learned, and its levels: over `training`, by the same
// SAE; `report` is of other people.
void name_features(const Model& model, const SaeWeights& sae, const FeatureActivations& learned,
                   const ItemLevels& levels, const Histories& training, const LabelOptions& options,
                   ThreadPool* pool, LabelReport* report);

// Labels and statistics, as a model file holds them.
void apply_labels(const LabelReport& report, InterpretedSae* sae);

// Adds "summary", "attributes" and "evidence" to what interpretation_to_json made.
void add_evidence_json(const Model& model, const LabelReport& report, nlohmann::ordered_json* json);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_LABEL_H_
