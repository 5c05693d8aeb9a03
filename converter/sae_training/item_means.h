// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_ITEM_MEANS_H_
#define PINTLE_CONVERTER_SAE_TRAINING_ITEM_MEANS_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "converter/sae_training/activations.h"

namespace pintle::converter {

// The mean state at the positions of each item: what the item itself gives to a state, less what the rest
// of the histories does.
class ItemMeans {
 public:
  // Normalised as the inputs of training are, (state - mean) / scale, and drawn towards 0 as if every item
  // had kPriorRows more rows at the overall mean: of a rare item little is known.
  ItemMeans(const ActivationSet& set, const ActivationStatistics& statistics);

  // [dim]. REQUIRES: the item occurs in the set.
  const float* of(uint32_t item) const { return values_.data() + row_.at(item) * dim_; }

 private:
  static constexpr int64_t kPriorRows = 2;

  int64_t dim_;
  std::unordered_map<uint32_t, int64_t> row_;
  std::vector<float> values_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_ITEM_MEANS_H_
