// SPDX-License-Identifier: Apache-2.0
#include "converter/import/config_keys.h"

#include "converter/import/builtin_recipes.h"
#include "converter/import/tensor_index.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0;;) {
    const size_t end = path.find('.', begin);
    parts.push_back(path.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

bool matches_at(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
                size_t first) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (!name_matches(pattern[i], path[first + i])) return false;
  }
  return true;
}

ConfigKey parse_key(const std::string& pattern, const json& entry) {
  ConfigKey key;
  key.pattern = pattern;
  if (entry.contains("use")) {
    key.meaning = KeyMeaning::kUsed;
    key.what = entry.at("use").get<std::string>();
  } else if (entry.contains("special_row")) {
    key.meaning = KeyMeaning::kSpecialRow;
    key.what = entry.at("special_row").get<std::string>();
  } else if (entry.contains("only")) {
    key.meaning = KeyMeaning::kOnly;
    key.values = entry.at("only");
    key.what = entry.at("because").get<std::string>();
  } else if (entry.contains("irrelevant")) {
    key.what = entry.at("irrelevant").get<std::string>();
  } else {
    key.meaning = KeyMeaning::kExtent;
    key.plus = entry.value("plus", int64_t{0});
    for (const auto& [name, bound] :
         {std::pair("equals", ExtentBound::kEqual), std::pair("at_most", ExtentBound::kAtMost),
          std::pair("at_least", ExtentBound::kAtLeast)}) {
      if (!entry.contains(name)) continue;
      key.bound = bound;
      key.what = entry.at(name).get<std::string>();
    }
  }
  if (key.what.empty()) throw Error("config_keys.json: the entry of " + pattern + " says nothing");
  return key;
}

void add_keys(const json& object, std::vector<ConfigKey>* keys) {
  for (const auto& [pattern, entry] : object.items()) keys->push_back(parse_key(pattern, entry));
}

std::map<std::string, ConfigKeys> parse_table() {
  const json table = json::parse(kConfigKeys);
  std::map<std::string, ConfigKeys> frameworks;
  for (const auto& [name, framework] : table.at("frameworks").items()) {
    std::vector<ConfigKey> keys;
    add_keys(framework.at("keys"), &keys);
    for (const json& group : framework.value("include", json::array())) {
      add_keys(table.at("groups").at(group.get<std::string>()), &keys);
    }
    frameworks.emplace(name, ConfigKeys(std::move(keys)));
  }
  return frameworks;
}

const std::map<std::string, ConfigKeys>& table() {
  static const std::map<std::string, ConfigKeys> frameworks = parse_table();
  return frameworks;
}

void collect(const json& value, const std::string& path,
             std::vector<std::pair<std::string, json>>* values) {
  if (value.is_null() || ((value.is_object() || value.is_array()) && value.empty())) return;
  if (!value.is_object()) {
    values->emplace_back(path, value);
    return;
  }
  for (const auto& [name, child] : value.items()) {
    collect(child, path.empty() ? name : path + "." + name, values);
  }
}

}  // namespace

const ConfigKey* ConfigKeys::find(const std::string& path) const {
  const std::vector<std::string> parts = parts_of(path);
  const ConfigKey* best = nullptr;
  size_t best_end = 0, best_length = 0;
  for (const ConfigKey& key : keys_) {
    const std::vector<std::string> pattern = parts_of(key.pattern);
    for (size_t first = 0; first + pattern.size() <= parts.size(); ++first) {
      if (!matches_at(pattern, parts, first)) continue;
      // The deepest entry knows best; of two at one depth, the one that tells more of the path.
      const size_t end = first + pattern.size();
      if (end < best_end || (end == best_end && pattern.size() <= best_length)) continue;
      best = &key;
      best_end = end;
      best_length = pattern.size();
    }
  }
  return best;
}

std::vector<std::string> config_framework_names() {
  std::vector<std::string> names;
  for (const auto& [name, unused] : table()) names.push_back(name);
  return names;
}

const ConfigKeys& config_keys_of(const std::string& framework) {
  const auto found = table().find(framework);
  if (found != table().end()) return found->second;
  std::string known;
  for (const std::string& name : config_framework_names()) {
    known += (known.empty() ? "" : ", ") + name;
  }
  throw Error("no framework is called \"" + framework + "\"; known: " + known);
}

std::string describe(const ConfigKey& key) {
  switch (key.meaning) {
    case KeyMeaning::kUsed:
      return key.pattern + ": used (" + key.what + ")";
    case KeyMeaning::kSpecialRow:
      return key.pattern + ": the row of token " + key.what + ", never an item";
    case KeyMeaning::kOnly:
      return key.pattern + ": only " + key.values.dump() + ": " + key.what;
    case KeyMeaning::kExtent:
      return key.pattern + ": " + (key.plus == 0 ? "" : "plus " + std::to_string(key.plus) + " ") +
             (key.bound == ExtentBound::kEqual    ? "must equal"
              : key.bound == ExtentBound::kAtMost ? "may not be above"
                                                  : "may not be below") +
             " the tensors' " + key.what;
    case KeyMeaning::kIrrelevant:
      break;
  }
  return key.pattern + ": irrelevant (" + key.what + ")";
}

std::vector<std::pair<std::string, json>> configured_values(const json& config) {
  std::vector<std::pair<std::string, json>> values;
  collect(config, "", &values);
  return values;
}

}  // namespace pintle::converter
