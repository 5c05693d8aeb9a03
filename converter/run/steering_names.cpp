// SPDX-License-Identifier: Apache-2.0
#include "converter/run/steering_names.h"

#include <charconv>

#include "runtime/model/model.h"

namespace pintle::converter {

std::vector<std::string> sae_names(const pintle_model* model) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < model->sae_count; ++i) names.emplace_back(sae_info(model, i).name);
  return names;
}

std::vector<std::string> knob_names(const pintle_model* model) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < model->knob_count; ++i) names.emplace_back(knob_info(model, i).name);
  return names;
}

std::vector<std::string> preset_names(const pintle_model* model) {
  std::vector<std::string> names;
  const uint32_t count = model->presets == nullptr ? 0 : model->presets->size();
  for (uint32_t i = 0; i < count; ++i) names.push_back(model->presets->Get(i)->name()->str());
  return names;
}

pintle_sae_info sae_info(const pintle_model* model, uint32_t sae) {
  pintle_sae_info info = PINTLE_SAE_INFO_INIT;
  require_ok(pintle_model_get_sae(model, sae, &info), "SAE " + std::to_string(sae));
  return info;
}

pintle_feature_info feature_info(const pintle_model* model, uint32_t sae, uint32_t feature) {
  pintle_feature_info info = PINTLE_FEATURE_INFO_INIT;
  require_ok(pintle_model_get_feature(model, sae, feature, &info),
             "feature " + std::to_string(feature) + " of SAE " + std::to_string(sae));
  return info;
}

pintle_knob_info knob_info(const pintle_model* model, uint32_t knob) {
  pintle_knob_info info = PINTLE_KNOB_INFO_INIT;
  require_ok(pintle_model_get_knob(model, knob, &info), "knob " + std::to_string(knob));
  return info;
}

std::string attribute_text(const pintle_model* model, uint32_t attribute) {
  const char* group = nullptr;
  const char* name = nullptr;
  require_ok(pintle_model_get_attribute(model, attribute, &group, &name),
             "attribute " + std::to_string(attribute));
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
