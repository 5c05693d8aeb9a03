// SPDX-License-Identifier: Apache-2.0
//
// How much each item belongs to each feature of an SAE: how strongly the feature is on where the item is
// the newest event, in [0, 1]. A single position depends on all of a history; the mean over an item's
// positions is about the item.
#ifndef PINTLE_CONVERTER_FEATURES_ITEM_LEVELS_H_
#define PINTLE_CONVERTER_FEATURES_ITEM_LEVELS_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "converter/features/feature_activations.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Rows of the table that scores come from, as the runtime reads them, of every item: [items][dim].
Eigen::MatrixXf item_vectors(const Model& model);

// One feature's items.
struct FeatureLevels {
  std::vector<std::pair<uint32_t, float>> items;  // (item, level > 0), by ascending item
  // Otsu's criterion (1979), the share of the variance over items that lies between two classes: .75 where
  // items are spread evenly, 1 where they are in or out.
  double separation = 0;

  // The items that belong by a half at least.
  std::vector<uint32_t> members() const;
};

class ItemLevels {
 public:
  // activations: over the histories that levels are learned from.
  ItemLevels(const Model& model, const FeatureActivations& activations);

  // The level of item i is (a_i - m0) / (m1 - m0), cut at 0 and 1. a_i = (sum_i + kPrior p_i) / (n_i + kPrior),
  // sum_i being the activation over the item's n_i positions and p_i what a ridge regression of the other
  // items' means on their vectors gives (so that a rare item belongs where its vector lies); m0 and m1 are
  // the means of Otsu's two classes over the trained items. None where the feature is never on.
  FeatureLevels of(size_t feature) const;

  // Pearson's correlation, over the items with at least `support` positions in both histories, of the mean
  // activation here with that over `others`' positions: whether other people give the feature the same
  // items. 0 of fewer than three items.
  double agreement(size_t feature, const ItemLevels& others, size_t support = 5) const;

  // The mean activation at each item, as if it had two positions more where the features are off:
  // [items][features], the features that are on most, kMostMeans
  // of them, or fewer where that would be more than 2^27 numbers.
  static constexpr size_t kMostMeans = 1024;
  Eigen::MatrixXd means() const;

  size_t trained_items() const { return trained_.size(); }
  const std::vector<uint32_t>& positions() const { return positions_; }  // by item

 private:
  static constexpr double kPrior = 4;

  std::vector<uint32_t> trained_;                              // items that can be recommended
  std::vector<uint32_t> positions_;                            // by item
  std::vector<std::vector<std::pair<uint32_t, float>>> sums_;  // by feature: (item, sum), ascending
  Eigen::MatrixXf vectors_;  // [items][dim + 1]: a 1 behind each vector
  Eigen::MatrixXf weights_;  // [dim + 1][features]: p = vectors weights
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_ITEM_LEVELS_H_
