// SPDX-License-Identifier: Apache-2.0
//
// From scores to probabilities: p(item) = exp(score / T - log Z), Z the sum of exp(score / T) over the
// trained items, T the model's temperature.
#ifndef PINTLE_RUNTIME_SCAN_PARTITION_SUM_H_
#define PINTLE_RUNTIME_SCAN_PARTITION_SUM_H_

#include <math.h>

#include "runtime/model/model.h"

namespace pintle::internal {

// log Z of a catalogue whose scores come some panels at a time.
class PartitionSum {
 public:
  explicit PartitionSum(const Model& model) : model_(model) {}

  // The scores of whole panels from `panel` on; untrained items' become -inf. Their last panel may reach
  // past the catalogue.
  void add(size_t panel, size_t panel_count, float* scores) {
    const size_t first = panel * kPanelRows, left = model_.item_count - first;
    const size_t stored = panel_count * kPanelRows, count = stored < left ? stored : left;
    for (size_t p = 0; model_.catalogue.trained != nullptr && p < panel_count; ++p) {
      const uint32_t trained = model_.catalogue.trained_of_panel(panel + p);
      for (uint32_t r = 0; trained != 0xffff && r < kPanelRows; ++r) {
        if ((trained >> r & 1) == 0) scores[p * kPanelRows + r] = -INFINITY;
      }
    }
    float chunk_largest;
    const double chunk_sum = static_cast<double>(
        model_.kernels.exp_sum_f32(scores, count, 1 / model_.temperature, &chunk_largest));
    if (chunk_sum == 0) return;
    const double exponent = static_cast<double>(chunk_largest);
    const double new_largest = exponent > largest_ ? exponent : largest_;
    sum_ = sum_ * exp(largest_ - new_largest) + chunk_sum * exp(exponent - new_largest);
    largest_ = new_largest;
  }
  // -inf if no trained item has a score.
  float log_z() const { return static_cast<float>(largest_ + log(sum_)); }

 private:
  const Model& model_;
  double largest_ = -INFINITY, sum_ = 0;  // of exp(score / T - largest)
};

inline float probability_of(float score, float temperature, float log_z) {
  const float probability = expf(score / temperature - log_z);
  return probability >= 0 ? probability : 0;  // NaN has none
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_PARTITION_SUM_H_
