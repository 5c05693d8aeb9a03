// SPDX-License-Identifier: Apache-2.0
//
// `pintle inspect` of what steers a model: SAEs, knobs, presets.
#ifndef PINTLE_CONVERTER_COMMANDS_INSPECT_STEERING_H_
#define PINTLE_CONVERTER_COMMANDS_INSPECT_STEERING_H_

#include <nlohmann/json.hpp>

#include "pintle/pintle.h"
#include "pintle_generated.h"

namespace pintle::converter {

// "saes", "knobs", "presets", "temperature", "wish_unit": null where the file tells none. info: the
// runtime's, of the same file.
nlohmann::ordered_json describe_steering(const fb::Model& model, const pintle_model_info& info);
void print_steering(const nlohmann::ordered_json& model);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_INSPECT_STEERING_H_
