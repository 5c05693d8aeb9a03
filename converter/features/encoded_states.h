// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_FEATURES_ENCODED_STATES_H_
#define PINTLE_CONVERTER_FEATURES_ENCODED_STATES_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/network/sae.h"
#include "converter/sae_training/activations.h"

namespace pintle::converter {

// Some rows of an ActivationSet, one after the other.
struct EncodedStates {
  std::vector<uint32_t> items;           // [rows]
  std::vector<float> states;             // [rows][dim]
  std::vector<SparseFeatures> features;  // [rows]

  size_t rows() const { return items.size(); }
};

// Reads the whole set, a few thousand rows at a time, encodes them on the pool, and calls visit in the
// order of the rows from the calling thread: the same for a pool of any size.
void encode_states(const SaeWeights& sae, const ActivationSet& set, ThreadPool* pool,
                   const std::function<void(const EncodedStates&)>& visit);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_ENCODED_STATES_H_
