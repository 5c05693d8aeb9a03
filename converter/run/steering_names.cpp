// SPDX-License-Identifier: Apache-2.0
#include "converter/run/steering_names.h"

#include <charconv>

namespace pintle::converter {

std::vector<std::string> sae_names(const Model& model) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < model.info().sae_count; ++i) {
    names.emplace_back(require(model.sae(i), "SAE", i).name);
  }
  return names;
}

std::vector<std::string> knob_names(const Model& model) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < model.info().knob_count; ++i) {
    names.emplace_back(require(model.knob(i), "knob", i).name);
  }
  return names;
}

std::vector<std::string> preset_names(const Model& model) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < model.info().preset_count; ++i) {
    names.emplace_back(require(model.preset(i), "preset", i).name);
  }
  return names;
}

AttributeName attribute_name(const Model& model, uint32_t attribute) {
  const pintle_attribute_info info = require(model.attribute(attribute), "attribute", attribute);
  return {require(model.group(info.group), "group", info.group).name, info.name};
}

std::string attribute_text(const Model& model, uint32_t attribute) {
  const auto [group, name] = attribute_name(model, attribute);
  return (group[0] == '\0' ? std::string() : std::string(group) + ": ") + name;
}

std::string short_number(float value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

double shortest(float value) {
  const std::string text = short_number(value);
  double result = value;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

}  // namespace pintle::converter
