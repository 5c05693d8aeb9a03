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

std::vector<std::string> sae_names(const Model& model);
std::vector<std::string> knob_names(const Model& model);
std::vector<std::string> preset_names(const Model& model);

// As long as the model lives. Throws Error if there is no such attribute.
struct AttributeName {
  const char *group, *name;  // group: "" if it has no name
};
AttributeName attribute_name(const Model& model, uint32_t attribute);
// "genres: Sci-Fi", or "Sci-Fi" if its group has no name.
std::string attribute_text(const Model& model, uint32_t attribute);

// The shortest text that reads back as the same float: "1.1".
std::string short_number(float value);
// The double of that text, for JSON: 1.1, not 1.10000002384185791.
double shortest(float value);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_STEERING_NAMES_H_
