// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "converter/import/state_dict.h"
#include "converter/io/error.h"
#include "converter/io/utf8.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

constexpr size_t kMaxConfigDepth = 64;
constexpr size_t kMaxConfigVisits = size_t{1} << 20;

class PlainValues {
 public:
  explicit PlainValues(const std::string& path) : path_(path) {}

  // Nothing if `value` is not plain.
  std::optional<json> convert(const PickleValue& value) {
    if (++visits_ > kMaxConfigVisits) {
      throw Error(path_ + ": refuses to load: its configuration has more than a million values");
    }
    // Values may contain themselves.
    if (open_.size() >= kMaxConfigDepth ||
        std::find(open_.begin(), open_.end(), &value) != open_.end()) {
      return std::nullopt;
    }
    switch (value.kind) {
      case PickleKind::kNone:
        return json(nullptr);
      case PickleKind::kBool:
        return json(value.integer != 0);
      case PickleKind::kInt:
        return json(value.integer);
      case PickleKind::kFloat:
        return std::isfinite(value.real) ? std::optional<json>(value.real) : std::nullopt;
      case PickleKind::kString:
        return is_utf8(value.text) ? std::optional<json>(std::string(value.text)) : std::nullopt;
      case PickleKind::kList:
      case PickleKind::kTuple:
      case PickleKind::kSet: {
        json list = json::array();
        open_.push_back(&value);
        for (const PickleValue* item : value.items) {
          if (std::optional<json> plain = convert(*item)) list.push_back(std::move(*plain));
        }
        open_.pop_back();
        return list;
      }
      case PickleKind::kDict: {
        json object = json::object();
        merge_items(value, &object);
        return object;
      }
      case PickleKind::kObject:
        return convert_object(value);
      default:
        return std::nullopt;
    }
  }

  // What an object of any class holds: keys set on it, and its attributes.
  void merge_object(const PickleValue& object, json* into) {
    merge_items(object, into);
    if (object.state == nullptr) return;
    if (object.state->kind == PickleKind::kDict) merge_items(*object.state, into);
    if (object.state->kind == PickleKind::kTuple) {
      for (const PickleValue* part : object.state->items) merge_items(*part, into);
    }
  }

  void merge_items(const PickleValue& dict, json* into) {
    if (dict.kind != PickleKind::kDict && dict.kind != PickleKind::kObject) return;
    open_.push_back(&dict);
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue& key = *dict.items[i];
      if (key.kind != PickleKind::kString || !is_utf8(key.text)) continue;
      if (std::optional<json> plain = convert(*dict.items[i + 1])) {
        (*into)[std::string(key.text)] = std::move(*plain);
      }
    }
    open_.pop_back();
  }

 private:
  // Inside a configuration only holders of plain values count: namespaces, subclasses of dict, and
  // OmegaConf's nodes.
  std::optional<json> convert_object(const PickleValue& object) {
    for (const char* name : {"_content", "_val"}) {
      const PickleValue* content = find_attribute(object, name);
      if (content != nullptr && object.text.substr(0, 10) == "omegaconf.") {
        open_.push_back(&object);
        std::optional<json> plain = convert(*content);
        open_.pop_back();
        return plain;
      }
    }
    if (object.items.empty() && object.text != "argparse.Namespace" &&
        object.text != "types.SimpleNamespace") {
      return std::nullopt;
    }
    json values = json::object();
    merge_object(object, &values);
    return values;
  }

  const std::string& path_;
  std::vector<const PickleValue*> open_;  // the containers being converted
  size_t visits_ = 0;
};

// RecBole's Config keeps one dict for each source and the result of merging them.
bool merge_recbole(PlainValues& plain, const PickleValue& config, json* into) {
  if (find_attribute(config, "final_config_dict") == nullptr) return false;
  for (const char* name : {"internal_config_dict", "file_config_dict", "variable_config_dict",
                           "cmd_config_dict", "external_config_dict", "final_config_dict"}) {
    if (const PickleValue* part = find_attribute(config, name)) plain.merge_items(*part, into);
  }
  return true;
}

}  // namespace

nlohmann::json module_attributes(const PickleValue& module, const std::string& path) {
  PlainValues plain(path);
  json all = json::object(), attributes = json::object();
  plain.merge_object(module, &all);
  for (auto& [name, value] : all.items()) {
    if (name.empty() || name[0] == '_' || name == "training" || value.is_object()) continue;
    attributes[name] = std::move(value);
  }
  return attributes;
}

nlohmann::json find_values_beside(const PickleValue& root, const std::string& path) {
  json values = json::object();
  if (root.kind == PickleKind::kDict) PlainValues(path).merge_items(root, &values);
  return values;
}

nlohmann::json find_config(const PickleValue& root, const std::string& path) {
  PlainValues plain(path);
  json config = json::object();
  for (const char* name : {"config", "hyper_parameters", "hparams", "args", "cfg", "config_dict",
                           "model_config", "model_args", "opt"}) {
    const PickleValue* value = find_member(root, name);
    if (value == nullptr) continue;
    json found = json::object();
    if (value->kind == PickleKind::kDict) {
      plain.merge_items(*value, &found);
    } else if (value->kind == PickleKind::kObject && !merge_recbole(plain, *value, &found)) {
      const std::optional<json> held = plain.convert(*value);
      if (held && held->is_object()) {
        found = *held;
      } else {
        plain.merge_object(*value, &found);
      }
    }
    for (const auto& [key, entry] : found.items())
      config.emplace(key, entry);  // the first one wins
  }
  if (root.kind == PickleKind::kObject) {
    const json attributes = module_attributes(root, path);
    for (const auto& [key, entry] : attributes.items()) config.emplace(key, entry);
  }
  return config;
}

}  // namespace pintle::converter
