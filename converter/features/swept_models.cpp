// SPDX-License-Identifier: Apache-2.0
#include "converter/features/swept_models.h"

#include <algorithm>
#include <utility>

#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Far beyond any strength that is tried.
constexpr float kAnyStrength = 1e4f;

// The point at `strength` on the line through two others; no reward is below 0.
std::pair<float, float> on_line(const std::pair<float, float>& far,
                                const std::pair<float, float>& near, float strength) {
  const float slope = (far.second - near.second) / (far.first - near.first);
  return {strength, std::max(0.0f, far.second + slope * (strength - far.first))};
}

}  // namespace

SweptModel unbounded_knob(const ModelParts& parts, uint32_t number) {
  Knob knob = parts.interpretation.knobs.at(number);
  knob.max_strength = kAnyStrength;
  knob.min_strength = -kAnyStrength;
  std::vector<std::pair<float, float>>& rewards = knob.rewards;
  if (rewards.size() >= 2) {
    const auto first = on_line(rewards[0], rewards[1], -kAnyStrength);
    const size_t last = rewards.size() - 1;
    rewards.push_back(on_line(rewards[last], rewards[last - 1], kAnyStrength));
    rewards.insert(rewards.begin(), first);
  }
  return {open_in_memory(join_knobs(parts, {knob})), turn(0, 1)};
}

SweptModel direction_of(const ModelParts& parts, const Hook& hook,
                        const std::vector<float>& direction) {
  const int64_t dim = parts.network.dim;
  InterpretedSae sae;
  sae.name = "direction";
  sae.weights.dim = dim;
  sae.weights.dict = 1;
  sae.weights.encoder = {1, dim, std::vector<float>(direction.size())};  // never active by itself
  sae.weights.encoder_bias = {0};
  sae.weights.decoder = {1, dim, direction};
  sae.weights.decoder_bias.assign(direction.size(), 0);
  sae.weights.hook = hook;
  ModelParts exact = parts;
  exact.packed.precision = fb::DType_F32;  // the direction's, whatever the network's is
  return {open_in_memory(join_parts(exact, {{sae}, {}, {}, {}})), edit(PINTLE_EDIT_ADD, 0, 0, 1)};
}

}  // namespace pintle::converter
