// SPDX-License-Identifier: Apache-2.0
#include "converter/import/sae_config.h"

#include <algorithm>
#include <fstream>
#include <type_traits>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

template <typename T>
bool json_is(const nlohmann::json& value) {
  if constexpr (std::is_same_v<T, bool>) return value.is_boolean();
  if constexpr (std::is_same_v<T, std::string>) return value.is_string();
  if constexpr (std::is_same_v<T, int64_t>) return value.is_number_integer();
  if constexpr (std::is_same_v<T, double>) return value.is_number();
  return false;
}

}  // namespace

SaeConfig SaeConfig::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(path + ": cannot be opened");
  nlohmann::json object = nlohmann::json::parse(file, nullptr, false);
  if (!object.is_object()) throw Error(path + ": is no JSON object");
  return SaeConfig(path, std::move(object));
}

SaeConfig::SaeConfig(std::string path, nlohmann::json object, std::string where)
    : path_(std::move(path)), where_(std::move(where)), object_(std::move(object)) {
  for (const auto& [key, value] : object_.items()) {
    if (!value.is_object()) continue;
    part_keys_.push_back(key);
    parts_.emplace_back(path_, value, where_ + key + ".");
  }
}

const nlohmann::json* SaeConfig::find(const std::string& key) const {
  asked_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

template <typename T>
std::optional<T> SaeConfig::get(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!json_is<T>(*value)) {
    throw Error(path_ + ": '" + where_ + key + "' has the wrong type: " + value->dump());
  }
  return value->get<T>();
}
template std::optional<bool> SaeConfig::get(const std::string&) const;
template std::optional<std::string> SaeConfig::get(const std::string&) const;
template std::optional<int64_t> SaeConfig::get(const std::string&) const;
template std::optional<double> SaeConfig::get(const std::string&) const;

const SaeConfig* SaeConfig::part(const std::string& key) const {
  const auto found = std::find(part_keys_.begin(), part_keys_.end(), key);
  return found == part_keys_.end() ? nullptr : &parts_[found - part_keys_.begin()];
}

std::vector<SaeConfig::Unused> SaeConfig::unused() const {
  std::vector<Unused> all;
  for (const auto& [key, value] : object_.items()) {
    if (value.is_null() || asked_.count(key) != 0) continue;
    const SaeConfig* inner = part(key);
    if (inner == nullptr) {
      all.push_back({where_ + key, key, &value});
      continue;
    }
    for (Unused& entry : inner->unused()) all.push_back(std::move(entry));
  }
  return all;
}

}  // namespace pintle::converter
