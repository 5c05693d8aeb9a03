// SPDX-License-Identifier: Apache-2.0
#include "converter/features/swept_models.h"

#include <limits>
#include <tuple>
#include <utility>

#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

SweptModel model_of_knob(const ModelParts& parts, Knob knob) {
  knob.max_strength = std::numeric_limits<float>::max();
  knob.min_strength = -knob.max_strength;
  return {open_in_memory(join_knobs(parts, {knob})), turn(0, 1)};
}

}  // namespace

SweptModel unbounded_knob(const ModelParts& parts, uint32_t knob) {
  return model_of_knob(parts, parts.interpretation.knobs.at(knob));
}

SweptModel reweighting(const ModelParts& parts, uint32_t attribute) {
  Knob knob;
  knob.name = "reweight";
  std::tie(knob.attribute_group, knob.attribute_name) = parts.catalogue.attributes.at(attribute);
  knob.attribute_bias = 1;
  return model_of_knob(parts, std::move(knob));
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
  return {open_in_memory(join_parts(exact, {{sae}, {}, {}})), edit(PINTLE_EDIT_ADD, 0, 0, 1)};
}

}  // namespace pintle::converter
