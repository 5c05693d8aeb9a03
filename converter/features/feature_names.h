// SPDX-License-Identifier: Apache-2.0
//
// Names of features. A name is a claim, "1980s Action", and is given only where it holds on items and on
// histories that did not choose it.
#ifndef PINTLE_CONVERTER_FEATURES_FEATURE_NAMES_H_
#define PINTLE_CONVERTER_FEATURES_FEATURE_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/features/feature_activations.h"
#include "converter/features/item_levels.h"
#include "converter/features/item_properties.h"

namespace pintle::converter {

struct NameLevels {
  double min_precision = 0.5, min_recall = 0.3;
  // Precision over the share that has the property anyway: "since 1980" says nothing where most items are.
  double min_lift = 1.25;
};

// precision: of what the feature has, the part that the name holds for; recall: of what the name holds for,
// the part that the feature has; share: the part of all that it holds for.
struct NameTest {
  double precision = 0, recall = 0, share = 0;
  bool passes(const NameLevels& levels) const {
    return precision >= levels.min_precision && recall >= levels.min_recall &&
           precision >= levels.min_lift * share;
  }
};

struct TestedName {
  std::string text;  // of the best claim, whether it holds or not; "": there is none
  NameTest items;  // over items that did not choose it; a place in the history is no item's: all 0
  NameTest histories;
  bool holds = false;
};

// A claim about items is one to three properties at once (no two of a kind, but two attributes). It is chosen
// on one half of the items, those of even hash of their ids, by the correlation (phi) of having it with
// belonging to the feature by a half (ItemLevels), and among claims that meet the levels there if any does;
// a longer claim must correlate by kLongerGain more. It is tested on the other half, each item counting once,
// and on the events of other people, each event once.
// A claim about places is "events 1 to 8": chosen on the learning histories, together with a threshold of the
// activation, and tested on the others. The better of the two by phi on what chose it.
inline constexpr double kLongerGain = 0.02;

class FeatureNamer {
 public:
  // learning, testing: of the same SAE, over different people. window: the model's.
  FeatureNamer(const Model& model, std::vector<ItemProperty> properties,
               const FeatureActivations& learning, const FeatureActivations& testing,
               const NameLevels& levels);

  // Of different features at once.
  TestedName name(size_t feature, const FeatureLevels& items) const;

 private:
  struct Claim;
  Claim best_claim(const std::vector<bool>& members) const;
  std::vector<Claim> extended(const Claim& claim, const std::vector<bool>& members) const;
  NameTest test_items(const std::vector<uint32_t>& having, const std::vector<bool>& members) const;
  NameTest test_events(const std::vector<uint32_t>& having, const std::vector<bool>& members) const;
  TestedName name_by_place(size_t feature, double* phi) const;

  const NameLevels levels_;
  std::vector<ItemProperty> properties_;
  std::vector<std::vector<uint32_t>> of_item_;  // properties, ascending
  std::vector<bool> learns_;                    // by item: of the half that chooses
  size_t learning_items_ = 0;
  std::vector<size_t> test_events_;  // by item: testing positions
  const FeatureActivations &learning_, &testing_;
  std::vector<uint32_t> learning_place_, testing_place_;  // by position, from 0
  std::vector<size_t> learning_count_, testing_count_;    // positions by place
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_FEATURE_NAMES_H_
