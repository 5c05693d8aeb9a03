// SPDX-License-Identifier: Apache-2.0
//
// What a model can be steered by, listed.
#ifndef PINTLE_CONVERTER_RUN_STEERING_NAMES_H_
#define PINTLE_CONVERTER_RUN_STEERING_NAMES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/run/runtime_model.h"

namespace pintle::converter {

std::vector<std::string> sae_names(const pintle_model* model);
std::vector<std::string> knob_names(const pintle_model* model);
std::vector<std::string> preset_names(const pintle_model* model);

// Throw Error if there is no such SAE, feature or knob.
pintle_sae_info sae_info(const pintle_model* model, uint32_t sae);
pintle_feature_info feature_info(const pintle_model* model, uint32_t sae, uint32_t feature);
pintle_knob_info knob_info(const pintle_model* model, uint32_t knob);

// "genres: Sci-Fi", or "Sci-Fi" if its group has no name.
std::string attribute_text(const pintle_model* model, uint32_t attribute);

// The shortest text that reads back as the same float: "1.1".
std::string short_number(float value);
// The double of that text, for JSON: 1.1, not 1.10000002384185791.
double shortest(float value);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_STEERING_NAMES_H_
