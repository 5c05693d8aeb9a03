// SPDX-License-Identifier: Apache-2.0
//
// Concepts that features found: groups of items that nobody labelled, each with what it is worth.
#ifndef PINTLE_CONVERTER_FEATURES_CONCEPTS_H_
#define PINTLE_CONVERTER_FEATURES_CONCEPTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "converter/features/feature_names.h"
#include "converter/features/item_levels.h"
#include "converter/network/concept.h"

namespace pintle::converter {

// In a file an item has at most so many memberships of found concepts, those that tell most: of the largest
// level times log lift.
inline constexpr size_t kMostConceptsOfItem = 8;

struct ConceptOptions {
  size_t most = 64;             // concepts
  size_t knobs = 16;            // the best of them that get a knob
  size_t min_members = 10;      // items that belong by a half
  double most_share = 1.0 / 3;  // of the trained items that belong by a half
  double min_separation = 0.7;  // FeatureLevels::separation; a bell curve has .64
  double min_agreement = 0.8;   // ItemLevels::agreement with the testing people
  double min_stability = 0.7;   // SaeWeights::stability, where it is known
  double min_lift = 1.2;        // less two standard errors
  double most_alike = 0.4;  // sum of the smaller levels over sum of the larger, with one offered
};

// What makes a group worth offering.
struct ConceptMeasures {
  size_t members = 0;
  double separation = 0, agreement = 0;
  double stability = -1;  // -1: not known
  // Over pairs of neighbouring events of the testing people: the part of the events whose item is a member;
  // and how much likelier an event is to be one behind a member than anyway (1: not at all), with its standard
  // error.
  double coverage = 0, lift = 0, lift_error = 0;
  // What knowing the group tells of the next event: coverage times log lift.
  double rank() const;
};

struct FoundConcept {
  size_t feature = 0;
  Concept content;
  ConceptMeasures measures;
};

// One feature's answer to the question whether it is a concept.
struct ConceptCandidate {
  ConceptMeasures measures;
  std::string refusal;   // why it is none; "": it is
  FeatureLevels levels;  // of one that is
};

// stability: -1 if not known. testing: the people that levels were not learned from.
ConceptCandidate judge_concept(const ItemLevels& learned, const ItemLevels& tested, size_t feature,
                               FeatureLevels levels, double stability,
                               const FeatureActivations& testing, size_t trained_items,
                               const ConceptOptions& options);

// The best of the candidates by rank, no two alike; the others' refusals are filled in. labels: what each
// feature is called, and so the concept: "like Horror"; items: what it is called after its items, which is
// added where two have one name.
std::vector<FoundConcept> choose_concepts(const Model& model,
                                          const std::vector<std::string>& labels,
                                          const std::vector<std::string>& items,
                                          const ConceptOptions& options,
                                          std::vector<ConceptCandidate>* candidates);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_CONCEPTS_H_
