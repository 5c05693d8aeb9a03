// SPDX-License-Identifier: Apache-2.0
//
// One table of every key that known frameworks write into a configuration, and what each means here.
#ifndef PINTLE_CONVERTER_IMPORT_CONFIG_KEYS_H_
#define PINTLE_CONVERTER_IMPORT_CONFIG_KEYS_H_

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pintle::converter {

enum class KeyMeaning {
  kUsed,        // what: the setting or purpose that reads it
  kExtent,      // what: the extent of the tensors that it must agree with
  kSpecialRow,  // what: its token (bos, eos); a row of the item table that is no item
  kOnly,        // values: any other is a contradiction; what: why
  kIrrelevant,  // what: why
};

enum class ExtentBound { kEqual, kAtMost, kAtLeast };

struct ConfigKey {
  std::string pattern;  // of a path's last parts: "n_heads", "model_config.*_kwargs"
  KeyMeaning meaning = KeyMeaning::kIrrelevant;
  std::string what;
  nlohmann::json values = nlohmann::json::array();  // kOnly
  ExtentBound bound = ExtentBound::kEqual;          // kExtent: the configured number is, so to the
  int64_t plus = 0;                                 // tensors' extent, after this is added to it
};

// A framework's keys. An ancestor's entry covers all under it that have none of their own.
class ConfigKeys {
 public:
  explicit ConfigKeys(std::vector<ConfigKey> keys) : keys_(std::move(keys)) {}
  const std::vector<ConfigKey>& all() const { return keys_; }
  // The entry for a value at `path` ("model_config.n_heads"); null if there is none.
  const ConfigKey* find(const std::string& path) const;

 private:
  std::vector<ConfigKey> keys_;
};

std::vector<std::string> config_framework_names();
// Throws Error, listing the names, if there is no such framework.
const ConfigKeys& config_keys_of(const std::string& framework);
// One line a key: "n_embd: must equal the tensors' dim".
std::string describe(const ConfigKey& key);

// Every value of a configuration by its dotted path, in order. Null and empty ones count as absent;
// a list is one value.
std::vector<std::pair<std::string, nlohmann::json>> configured_values(const nlohmann::json& config);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_CONFIG_KEYS_H_
