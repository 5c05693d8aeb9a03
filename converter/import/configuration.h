// SPDX-License-Identifier: Apache-2.0
//
// What a user tells an import, and what the checkpoint's own configuration says.
#ifndef PINTLE_CONVERTER_IMPORT_CONFIGURATION_H_
#define PINTLE_CONVERTER_IMPORT_CONFIGURATION_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "converter/import/checkpoint.h"

namespace pintle::converter {

struct ImportOptions {
  std::string arch;              // a built-in recipe's name; empty: recognise
  std::string recipe_path;       // a recipe file of the user's; not together with arch
  std::string config_path;       // Hugging Face config.json or a flat JSON; empty: none
  std::optional<int64_t> heads;  // goes before every configuration
  std::vector<std::string> set;  // "window=50": a setting, before every configuration
  std::string id_map_path;       // the app's ids by row, as read_item_ids takes them; empty: none
  bool force = false;            // contradictions are written down instead of refused
};

struct Configuration {
  nlohmann::json checkpoint = nlohmann::json::object();  // found in the checkpoint
  std::string checkpoint_source;                         // where, for reports
  nlohmann::json set = nlohmann::json::object();         // --set, by setting
  nlohmann::json user = nlohmann::json::object();        // --config
  std::string user_name;  // name of the --config file, without its folder: reports go into models
  std::optional<int64_t> heads;  // --heads
  bool force = false;            // --force

  const nlohmann::json* find(const std::string& key) const;  // --config's, or else the checkpoint's
};

// Throws Error on a --set that names no setting and a --config that is no JSON object.
Configuration read_configuration(const Checkpoint& checkpoint, const ImportOptions& options);

// The value of `key` at the top or along a dotted path; null if it is absent or null.
const nlohmann::json* configured_at(const nlohmann::json& config, const std::string& key);

// The value of `key`: at the top, along a dotted path, or else in the shallowest nested object that
// has it (frameworks wrap their arguments). Null entries count as absent.
const nlohmann::json* find_configured(const nlohmann::json& config, const std::string& key);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_CONFIGURATION_H_
