// SPDX-License-Identifier: Apache-2.0
//
// What the sections of the report share: short numbers, and one table of items.
#ifndef PINTLE_CONVERTER_REPORT_REPORT_NUMBERS_H_
#define PINTLE_CONVERTER_REPORT_REPORT_NUMBERS_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "pintle/pintle.hpp"

namespace pintle::converter {

// To four significant digits: the page needs no more, and is a third as large.
double rounded(double value);
nlohmann::ordered_json rounded_json(const std::vector<double>& values);

// Every item that the page names, once; the rest of the data refers to it by its number here.
class ReportItems {
 public:
  explicit ReportItems(const Model& model) : model_(model) {}

  size_t add(uint32_t item);
  // An item of features.json, {"id", "title"}; one that the model lacks keeps its title.
  size_t add_named(const nlohmann::json& named);
  // [title or id, [attributes]] each; attributes as the model numbers them.
  const nlohmann::ordered_json& json() const { return json_; }

 private:
  const Model model_;
  std::unordered_map<uint32_t, size_t> places_;
  nlohmann::ordered_json json_ = nlohmann::ordered_json::array();
};

// The model's attributes that the page shows: those that knobs are for, and of the others those of
// at least kMinAttributeItems items, no more than kMaxAttributes, the most frequent first where
// there are more; in the model's order.
inline constexpr size_t kMinAttributeItems = 10, kMaxAttributes = 40;
std::vector<uint32_t> shown_attributes(const Model& model);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_REPORT_NUMBERS_H_
