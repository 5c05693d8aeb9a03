// SPDX-License-Identifier: Apache-2.0
#include "converter/import/configuration.h"

#include <algorithm>
#include <deque>
#include <filesystem>

#include "converter/import/recipe_settings.h"
#include "converter/io/error.h"
#include "converter/io/json_file.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

// "window=50": numbers and true or false as JSON has them, anything else is text.
json parse_set(const std::vector<std::string>& pairs) {
  json set = json::object();
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    const std::string name = pair.substr(0, equals);
    std::vector<std::string> known = architecture_setting_names();
    known.insert(known.end(), {"pad_row", "mask_row"});
    if (equals == std::string::npos || equals + 1 == pair.size() ||
        std::find(known.begin(), known.end(), name) == known.end()) {
      std::string list;
      for (const std::string& setting : known) list += (list.empty() ? "" : ", ") + setting;
      throw Error("--set " + pair + ": write NAME=VALUE, with NAME one of " + list);
    }
    const std::string text = pair.substr(equals + 1);
    const json value = json::parse(text, nullptr, false);
    set[name] = value.is_number() || value.is_boolean() ? value : json(text);
  }
  return set;
}

}  // namespace

const json* configured_at(const json& object, const std::string& key) {
  if (!object.is_object()) return nullptr;
  const auto exact = object.find(key);
  if (exact != object.end()) return exact->is_null() ? nullptr : &*exact;
  const size_t dot = key.find('.');
  if (dot == std::string::npos) return nullptr;
  const auto child = object.find(key.substr(0, dot));
  return child == object.end() ? nullptr : configured_at(*child, key.substr(dot + 1));
}

const json* Configuration::find(const std::string& key) const {
  const json* value = find_configured(user, key);
  return value != nullptr ? value : find_configured(checkpoint, key);
}

const json* find_configured(const json& config, const std::string& key) {
  std::deque<const json*> queue = {&config};
  while (!queue.empty()) {
    const json* object = queue.front();
    queue.pop_front();
    if (const json* value = configured_at(*object, key)) return value;
    for (const json& child : *object) {
      if (child.is_object()) queue.push_back(&child);
    }
  }
  return nullptr;
}

Configuration read_configuration(const Checkpoint& checkpoint, const ImportOptions& options) {
  Configuration configuration;
  configuration.heads = options.heads;
  configuration.force = options.force;
  configuration.set = parse_set(options.set);
  if (options.config_path.empty() || checkpoint.config_is_inside) {
    configuration.checkpoint = checkpoint.config;
    configuration.checkpoint_source = checkpoint.config_source;
  }
  if (options.config_path.empty()) return configuration;
  configuration.user_name = std::filesystem::path(options.config_path).filename().string();
  configuration.user = read_json_file(options.config_path);
  if (!configuration.user.is_object()) {
    throw Error(options.config_path +
                ": not a JSON object; expected {\"heads\": 2, ...} or a "
                "Hugging Face config.json");
  }
  return configuration;
}

}  // namespace pintle::converter
