// SPDX-License-Identifier: Apache-2.0
//
// The configuration beside an SAE's tensors, which remembers what was asked for: whatever was not is
// told at the end (sae_leftovers.h).
#ifndef PINTLE_CONVERTER_IMPORT_SAE_CONFIG_H_
#define PINTLE_CONVERTER_IMPORT_SAE_CONFIG_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pintle::converter {

class SaeConfig {
 public:
  // Throws Error if the file holds no JSON object.
  static SaeConfig read(const std::string& path);
  // `where` begins the names of the keys: "" or "trainer.".
  SaeConfig(std::string path, nlohmann::json object, std::string where = "");

  const std::string& path() const { return path_; }
  // The key's value if it is there and not null. Throws Error, naming the key, on another type.
  template <typename T>
  std::optional<T> get(const std::string& key) const;
  // Null if the key is absent or its value null.
  const nlohmann::json* find(const std::string& key) const;
  // The object under a key; null if there is none.
  const SaeConfig* part(const std::string& key) const;
  // Needed no more: what it says is told by something else.
  void ignore(const std::string& key) const { asked_.insert(key); }

  // Keys that nothing asked for, parts' own included, whose value is not null.
  struct Unused {
    std::string name;  // "trainer.lr"
    std::string key;   // "lr"
    const nlohmann::json* value;
  };
  std::vector<Unused> unused() const;

 private:
  std::string path_, where_;
  nlohmann::json object_;
  std::vector<std::string> part_keys_;
  std::vector<SaeConfig> parts_;  // of part_keys_
  mutable std::set<std::string> asked_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_SAE_CONFIG_H_
