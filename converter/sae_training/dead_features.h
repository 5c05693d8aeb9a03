// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_DEAD_FEATURES_H_
#define PINTLE_CONVERTER_SAE_TRAINING_DEAD_FEATURES_H_

#include <cstdint>
#include <vector>

namespace pintle::converter {

// Counts for each feature the rows since it was last on.
class DeadFeatures {
 public:
  DeadFeatures(int64_t dict, int64_t dead_after_rows)
      : off_rows_(dict), dead_after_rows_(dead_after_rows) {}

  // `rows` rows went by; fired[j] is not 0 where feature j was on.
  void pass(int64_t rows, const std::vector<uint32_t>& fired) {
    dead_.clear();
    for (size_t j = 0; j < off_rows_.size(); ++j) {
      off_rows_[j] = fired[j] != 0 ? 0 : off_rows_[j] + rows;
      if (off_rows_[j] >= dead_after_rows_) dead_.push_back(static_cast<uint32_t>(j));
    }
  }

  const std::vector<uint32_t>& list() const { return dead_; }  // ascending

 private:
  std::vector<int64_t> off_rows_;
  std::vector<uint32_t> dead_;
  int64_t dead_after_rows_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_DEAD_FEATURES_H_
