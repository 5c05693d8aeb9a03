// SPDX-License-Identifier: Apache-2.0
#include "converter/report/report_numbers.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "converter/run/runtime_model.h"

namespace pintle::converter {

double rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return std::strtod(text, nullptr);
}

nlohmann::ordered_json rounded_json(const std::vector<double>& values) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (double value : values) list.push_back(rounded(value));
  return list;
}

size_t ReportItems::add(uint32_t item) {
  const auto [place, is_new] = places_.emplace(item, json_.size());
  if (is_new) {
    const pintle_item_info info = require(model_.item(item), "item", item);
    nlohmann::ordered_json attributes = nlohmann::ordered_json::array();
    for (uint32_t a = 0; a < info.attribute_count; ++a) attributes.push_back(info.attributes[a]);
    const bool titled = info.title != nullptr && info.title[0] != '\0';
    json_.push_back({titled ? info.title : item_id(model_, item), attributes});
  }
  return place->second;
}

size_t ReportItems::add_named(const nlohmann::json& named) {
  const std::string& id = named.at("id").get_ref<const std::string&>();
  uint32_t item = 0;
  if (find_item(model_, id, &item)) return add(item);
  const std::string& title = named.at("title").get_ref<const std::string&>();
  json_.push_back({title.empty() ? id : title, nlohmann::ordered_json::array()});
  return json_.size() - 1;
}

std::vector<uint32_t> shown_attributes(const Model& model) {
  const pintle_model_info info = model.info();
  std::vector<size_t> items(info.attribute_count, 0);
  for (uint32_t i = 0; i < info.item_count; ++i) {
    const pintle_item_info item = require(model.item(i), "item", i);
    for (uint32_t a = 0; a < item.attribute_count; ++a) ++items[item.attributes[a]];
  }
  std::vector<uint32_t> shown(info.attribute_count);
  std::iota(shown.begin(), shown.end(), 0u);
  std::stable_sort(shown.begin(), shown.end(),
                   [&](uint32_t a, uint32_t b) { return items[a] > items[b]; });
  const auto rare = std::find_if(shown.begin(), shown.end(),
                                 [&](uint32_t a) { return items[a] < kMinAttributeItems; });
  shown.erase(rare, shown.end());
  if (shown.size() > kMaxAttributes) shown.resize(kMaxAttributes);
  for (uint32_t k = 0; k < info.knob_count; ++k) {
    const pintle_knob_info knob = require(model.knob(k), "knob", k);
    if (!knob.has_attribute) continue;
    const uint32_t attribute = knob.attribute;
    if (std::find(shown.begin(), shown.end(), attribute) == shown.end()) shown.push_back(attribute);
  }
  std::sort(shown.begin(), shown.end());
  return shown;
}

}  // namespace pintle::converter
