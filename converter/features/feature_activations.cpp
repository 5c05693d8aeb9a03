// SPDX-License-Identifier: Apache-2.0
#include "converter/features/feature_activations.h"

#include <algorithm>

#include "converter/io/error.h"
#include "converter/run/harvest.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Positions number up to 32 bits.
constexpr size_t kMostPositions = 0xffffffffu;
constexpr size_t kProbedUsers = 16;

}  // namespace

FeatureActivations collect_activations(
    const Model& model, const SaeWeights& sae, const Histories& histories, ThreadPool* pool,
    const std::function<void(uint32_t item, const float* state)>& each_state) {
  FeatureActivations result;
  result.fired.resize(static_cast<size_t>(sae.dict));
  std::vector<float> pre;
  harvest_states(model, histories, sae.hook, pool, [&](const UserStates& states) {
    const size_t rows = states.items.size();
    if (rows > kMostPositions - result.positions()) {
      throw Error("the histories have too many positions: pass fewer users");
    }
    const size_t first_event = histories.items[states.user].size() - rows;
    pre.resize(rows * static_cast<size_t>(sae.dict));
    if (rows != 0) {
      pre_activations(sae, states.states.data(), static_cast<int64_t>(rows), pre.data());
    }
    for (size_t t = 0; t < rows; ++t) {
      const uint32_t position = static_cast<uint32_t>(result.positions());
      const SparseFeatures features = activate(sae, &pre[t * static_cast<size_t>(sae.dict)]);
      for (size_t i = 0; i < features.index.size(); ++i) {
        result.fired[features.index[i]].push_back({position, features.value[i]});
      }
      result.item.push_back(states.items[t]);
      result.user.push_back(static_cast<uint32_t>(states.user));
      result.event.push_back(static_cast<uint32_t>(first_event + t));
      if (each_state) {
        each_state(states.items[t], &states.states[t * static_cast<size_t>(sae.dim)]);
      }
    }
  });
  return result;
}

Histories thin_out(const Model& model, const SaeWeights& sae, const Histories& histories,
                   uint64_t memory_bytes, ThreadPool* pool) {
  Histories first;
  for (size_t u = 0; u < std::min(kProbedUsers, histories.users.size()); ++u) {
    first.users.push_back(histories.users[u]);
    first.items.push_back(histories.items[u]);
  }
  const FeatureActivations probe = collect_activations(model, sae, first, pool);
  if (probe.positions() == 0) return histories;
  size_t fired = 0;
  for (const auto& list : probe.fired) fired += list.size();
  // A vector may hold twice what it uses.
  const double bytes_per_position =
      12 + 2 * static_cast<double>(sizeof(Firing) * fired) / static_cast<double>(probe.positions());
  const size_t window = model.info().window;
  double positions = 0;
  for (const auto& items : histories.items) {
    positions += static_cast<double>(std::min(items.size(), window));
  }
  const double parts = positions * bytes_per_position / static_cast<double>(memory_bytes);
  if (parts <= 1) return histories;
  return take_part(histories, 0, std::min(static_cast<size_t>(parts) + 1, histories.users.size()));
}

}  // namespace pintle::converter
