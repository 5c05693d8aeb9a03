// SPDX-License-Identifier: Apache-2.0
//
// Models in memory to measure what their file does not offer: a knob outside its safe range, and the
// baselines that knobs are compared with, as if they were knobs.
#ifndef PINTLE_CONVERTER_FEATURES_SWEPT_MODELS_H_
#define PINTLE_CONVERTER_FEATURES_SWEPT_MODELS_H_

#include <cstdint>
#include <vector>

#include "converter/file/model_parts.h"
#include "converter/network/hook.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// The parts' network and catalogue, with nothing to steer by but `unit`: an edit of strength 1, to be
// scaled.
struct SweptModel {
  Model model;
  pintle_edit unit;
};

// A knob of the parts, its range as wide as numbers are.
SweptModel unbounded_knob(const ModelParts& parts, uint32_t knob);
// Adds the strength to the score of every item that has the attribute.
SweptModel reweighting(const ModelParts& parts, uint32_t attribute);
// Adds strength * direction [dim] to the state at the hook. Only for delta mode.
SweptModel direction_of(const ModelParts& parts, const Hook& hook,
                        const std::vector<float>& direction);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_SWEPT_MODELS_H_
