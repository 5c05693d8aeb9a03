// SPDX-License-Identifier: Apache-2.0
//
// Knobs, attributes and groups by what people call them. Every function throws Error "<where>: ..." with
// the nearest names that there are.
#ifndef PINTLE_CONVERTER_RUN_NAME_LOOKUP_H_
#define PINTLE_CONVERTER_RUN_NAME_LOOKUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/run/runtime_model.h"

namespace pintle::converter {

uint32_t require_knob(const Model& model, const std::string& name, const std::string& where);

// "Sci-Fi" where one group alone has it, "genres/Sci-Fi" anyway ("/Sci-Fi": of the group without a name).
uint32_t require_attribute(const Model& model, const std::string& text, const std::string& where);

struct AttributeOrGroup {
  bool is_group;
  uint32_t number;
};
// An attribute as above, or a group: "artist", or "artist/*" where an attribute has the same name.
AttributeOrGroup require_attribute_or_group(const Model& model, const std::string& text,
                                            const std::string& where);

// `names`, those nearest to `wanted` first, as "a, b, c", the tail counted.
std::string nearest_names(std::vector<std::string> names, const std::string& wanted);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_NAME_LOOKUP_H_
