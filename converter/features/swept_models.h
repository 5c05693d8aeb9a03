// SPDX-License-Identifier: Apache-2.0
//
// Models in memory to measure what their file does not offer: a knob outside its range, and a direction
// as if it were a feature.
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

// A knob of the parts without its range: beyond its points its reward goes on as between the last two.
SweptModel unbounded_knob(const ModelParts& parts, uint32_t number);
// Adds strength * direction [dim] to the state at the hook. Only for delta mode.
SweptModel direction_of(const ModelParts& parts, const Hook& hook,
                        const std::vector<float>& direction);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_SWEPT_MODELS_H_
