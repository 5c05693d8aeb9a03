// SPDX-License-Identifier: Apache-2.0
#include "converter/import/config_check.h"

#include <algorithm>
#include <optional>
#include <set>

#include "converter/import/config_keys.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

std::string shown(const json& value) {
  constexpr size_t kMostShown = 60;
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= kMostShown ? text : text.substr(0, kMostShown) + "...";
}

std::optional<int64_t> whole_number(const json& value) {
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return std::nullopt;
  if (value.is_number_integer()) return value.get<int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const double real = value.get<double>();
  if (!(real > -1e15 && real < 1e15) || real != static_cast<double>(static_cast<int64_t>(real))) {
    return std::nullopt;
  }
  return static_cast<int64_t>(real);
}

// Keys that the recipe itself looks up, and settings by their own names.
std::set<std::string> looked_up(const Recipe& recipe) {
  std::set<std::string> keys = {"pad_row", "mask_row"};
  for (const std::string& name : architecture_setting_names()) keys.insert(name);
  for (const auto& [name, setting] : recipe.settings) {
    keys.insert(setting.keys.begin(), setting.keys.end());
  }
  for (const auto& [key, unused] : recipe.recognize_config) keys.insert(key);
  for (const Refusal& refusal : recipe.refuse) keys.insert(refusal.config_key);
  return keys;
}

class Checker {
 public:
  Checker(const Recipe& recipe, const Binding& binding)
      : b_(binding),
        keys_(recipe.framework.empty() ? nullptr : &config_keys_of(recipe.framework)),
        looked_up_(looked_up(recipe)),
        item_names_(recipe.items) {}

  void check(const json& config, const std::string& source) {
    std::string unknown;
    for (const auto& [path, value] : configured_values(config)) {
      const ConfigKey* key = keys_ == nullptr ? nullptr : keys_->find(path);
      if (key != nullptr) {
        check_key(*key, path, value, source);
      } else if (looked_up_.count(path.substr(path.rfind('.') + 1)) == 0 &&
                 looked_up_.count(path) == 0) {
        unknown += (unknown.empty() ? "" : ", ") + path;
      }
    }
    if (!unknown.empty()) {
      findings_.notes.push_back("not used: keys that are not known, of " + source + ": " + unknown);
    }
  }

  ConfigFindings take() { return std::move(findings_); }

 private:
  void contradict(const std::string& source, const std::string& path, const json& value,
                  const std::string& fault) {
    findings_.contradictions.push_back(source + " says " + path + " = " + shown(value) + ", " +
                                       fault);
  }

  void check_key(const ConfigKey& key, const std::string& path, const json& value,
                 const std::string& source) {
    switch (key.meaning) {
      case KeyMeaning::kUsed:
        if (key.what == "tie") check_tie(path, value, source);
        return;
      case KeyMeaning::kExtent:
        return check_extent(key, path, value, source);
      case KeyMeaning::kSpecialRow:
        return take_special_rows(path, value);
      case KeyMeaning::kOnly:
        if (std::find(key.values.begin(), key.values.end(), value) == key.values.end()) {
          contradict(source, path, value, key.what);
        }
        return;
      case KeyMeaning::kIrrelevant:
        return;
    }
  }

  void check_tie(const std::string& path, const json& value, const std::string& source) {
    if (value == json(false) && b_.output_items == nullptr) {
      contradict(source, path, value,
                 "but the checkpoint has no output table: its head is missing");
    }
    if (value == json(true) && b_.output_items != nullptr &&
        b_.output_items->tensor->to_f32() != b_.items->tensor->to_f32()) {
      contradict(source, path, value, "but " + b_.output_items->name + " is not " + b_.items->name);
    }
  }

  // The extents that a name stands for: any of them will do. Empty: the model has none.
  std::vector<int64_t> extents(const std::string& name) const {
    if (name == "dim") return {b_.dim};
    if (name == "layers") return {static_cast<int64_t>(b_.blocks.size())};
    if (name == "ffn_dim") return {b_.ffn_dim};
    if (name == "positions") {
      return b_.positions == nullptr ? std::vector<int64_t>()
                                     : std::vector<int64_t>{b_.positions->tensor->shape[0]};
    }
    if (name != "item_rows") return {};
    // Where a body keeps a vocabulary of its own beside the items, the number is that one's.
    std::vector<int64_t> rows;
    for (const std::string& pattern : item_names_) {
      for (const NamedTensor* table : b_.index.find(pattern)) {
        if (!table->tensor->shape.empty()) rows.push_back(table->tensor->shape[0]);
      }
    }
    return rows;
  }

  void check_extent(const ConfigKey& key, const std::string& path, const json& value,
                    const std::string& source) {
    const std::vector<int64_t> found = extents(key.what);
    const std::optional<int64_t> told = whole_number(value);
    if (found.empty()) return;
    const auto fits = [&](int64_t extent) {
      if (key.bound == ExtentBound::kEqual) return *told + key.plus == extent;
      return key.bound == ExtentBound::kAtMost ? *told + key.plus <= extent
                                               : *told + key.plus >= extent;
    };
    if (told && std::any_of(found.begin(), found.end(), fits)) return;
    std::string tensors;
    for (const int64_t extent : found) {
      tensors += (tensors.empty() ? "" : " or ") + std::to_string(extent);
    }
    std::string extent = key.what;
    std::replace(extent.begin(), extent.end(), '_', ' ');
    contradict(source, path, value, "but the tensors have " + tensors + " (" + extent + ")");
  }

  void take_special_rows(const std::string& path, const json& value) {
    for (const json& token : value.is_array() ? value : json::array({value})) {
      const std::optional<int64_t> row = whole_number(token);
      if (row && *row >= 0 && *row < b_.item_rows) {
        findings_.special_rows.emplace(*row, path + " = " + shown(token));
      } else {
        findings_.notes.push_back(path + " = " + shown(token) +
                                  " is no row of the item table, which has " +
                                  std::to_string(b_.item_rows) + ": not used");
      }
    }
  }

  const Binding& b_;
  const ConfigKeys* keys_;
  std::set<std::string> looked_up_;
  const Names& item_names_;
  ConfigFindings findings_;
};

}  // namespace

ConfigFindings check_configuration(const Recipe& recipe, const Binding& binding,
                                   const Configuration& configuration) {
  Checker checker(recipe, binding);
  checker.check(configuration.user, "--config " + configuration.user_name);
  checker.check(configuration.checkpoint, configuration.checkpoint_source);
  return checker.take();
}

}  // namespace pintle::converter
