// SPDX-License-Identifier: Apache-2.0
//
// What an SAE's features do over many histories, kept sparse.
#ifndef PINTLE_CONVERTER_FEATURES_FEATURE_ACTIVATIONS_H_
#define PINTLE_CONVERTER_FEATURES_FEATURE_ACTIVATIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/network/sae.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

struct Firing {
  uint32_t position;
  float value;  // > 0
};

// Positions are numbered over all users, a user's from its oldest kept event on.
struct FeatureActivations {
  std::vector<uint32_t> item;              // [positions]
  std::vector<uint32_t> user;              // [positions], index into the histories
  std::vector<uint32_t> event;             // [positions], index into the user's history
  std::vector<std::vector<Firing>> fired;  // [features], by ascending position

  size_t positions() const { return item.size(); }
};

// Runs the model over the histories and encodes its state at every position. `each_state` sees the
// raw states [positions][dim], if given, in the order of the positions.
FeatureActivations collect_activations(
    const Model& model, const SaeWeights& sae, const Histories& histories, ThreadPool* pool,
    const std::function<void(uint32_t item, const float* state)>& each_state = nullptr);

// Every m-th user, for the least m that keeps collect_activations' result within memory_bytes, by
// the features active over the first users.
Histories thin_out(const Model& model, const SaeWeights& sae, const Histories& histories,
                   uint64_t memory_bytes, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_FEATURE_ACTIVATIONS_H_
