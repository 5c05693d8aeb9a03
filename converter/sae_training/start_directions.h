// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_START_DIRECTIONS_H_
#define PINTLE_CONVERTER_SAE_TRAINING_START_DIRECTIONS_H_

#include <cstdint>
#include <vector>

#include "converter/sae_training/activations.h"

namespace pintle::converter {

// Pseudo-random unit rows [count][dim] of `start`, the same everywhere.
std::vector<float> random_directions(int64_t count, int64_t dim, uint64_t start);

// Where the features of an SAE start: [dict][dim], unit rows, in the space of normalised states. First the
// independent components of the states, both ways, by FastICA (Hyvarinen, 1999: symmetric, tanh), the least
// Gaussian first; they are much the same whichever half of the users one looks at, which is what makes two
// SAEs of the same data agree. The rest are pseudo-random directions of `start`, the same for all data: what
// starts at data points (k-means) ends up narrow, each feature a few items.
std::vector<float> start_directions(const ActivationSet& set,
                                    const ActivationStatistics& statistics, int64_t dict,
                                    uint64_t start);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_START_DIRECTIONS_H_
