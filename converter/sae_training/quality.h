// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_QUALITY_H_
#define PINTLE_CONVERTER_SAE_TRAINING_QUALITY_H_

#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/network/sae.h"
#include "converter/sae_training/activations.h"

namespace pintle::converter {

struct SaeQuality {
  double explained_variance = 0;  // 1 - sum |x - x_hat|^2 / sum |x - mean|^2
  double active = 0;              // features on per row (L0)
  int64_t dead = 0;               // features that are on at no row
  std::vector<int64_t> fired;     // [dict]: rows at which the feature is on
};

// How well `sae` does on activations, best those of users that it never saw.
SaeQuality measure_sae(const SaeWeights& sae, const ActivationSet& set, ThreadPool* pool);

// 1 - sum |x - x_hat|^2 / sum |x - mean|^2 of states in memory: [rows][dim]. The same for pools of any size.
double explained_variance(const SaeWeights& sae, const std::vector<float>& states,
                          ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_QUALITY_H_
