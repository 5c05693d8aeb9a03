// SPDX-License-Identifier: Apache-2.0
//
// Features that never fire any more, and how they start anew.
#ifndef PINTLE_CONVERTER_SAE_REVIVAL_H_
#define PINTLE_CONVERTER_SAE_REVIVAL_H_

#include <cstdint>
#include <vector>

#include "converter/sae/parameter_block.h"
#include "converter/sae/random.h"

namespace pintle::converter {

// Counts for each feature the rows since it was last on.
class DeadFeatures {
 public:
  DeadFeatures(int64_t dict, int64_t dead_after_rows);

  // `rows` rows went by; fired[j] is not 0 where feature j was on.
  void pass(int64_t rows, const std::vector<uint32_t>& fired);
  // The features in dead() are given another `dead_after_rows`.
  void restart();

  const std::vector<uint32_t>& dead() const { return dead_; }  // ascending

 private:
  std::vector<int64_t> off_rows_;
  std::vector<uint32_t> dead_;
  int64_t dead_after_rows_;
};

// What the reset of a feature touches.
struct TrainState {
  ParameterBlock *weights, *first_moment, *second_moment;
};

// Points each feature in `dead` at a row of the batch, drawn with the square of its error as
// weight: where reconstruction fails, a feature is missing. Its encoder gets half the norm that the
// living ones have on average, which is enough to be selected at that row and its like.
void resample(const std::vector<uint32_t>& dead, int64_t dim, int64_t dict,
              const std::vector<float>& batch, const std::vector<float>& row_error, Random* random,
              const TrainState& state);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_REVIVAL_H_
