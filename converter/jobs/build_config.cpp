// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "converter/io/error.h"
#include "converter/io/json_file.h"
#include "converter/jobs/build.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// An object of the configuration; remembers what was asked for, so that a misspelt key is found.
class Section {
 public:
  Section(const json& value, std::string where, fs::path folder)
      : value_(value), where_(std::move(where)), folder_(std::move(folder)) {
    if (!value_.is_object()) throw Error(where_ + ": expected an object");
  }

  bool has(const char* key) {
    known_.insert(key);
    return value_.contains(key);
  }
  template <typename T>
  void get(const char* key, T* target) {
    if (!has(key)) return;
    try {
      *target = value_.at(key).get<T>();
    } catch (const json::exception&) {
      throw Error(where_ + ": " + key + " has the wrong kind of value: " + value_.at(key).dump());
    }
  }
  template <typename T>
  void get_optional(const char* key, std::optional<T>* target) {
    if (has(key)) get(key, &target->emplace());
  }
  void get_path(const char* key, std::string* target) {
    std::string path;
    get(key, &path);
    if (!path.empty()) *target = (folder_ / path).lexically_normal().string();
  }
  void get_size(const char* key, uint64_t* bytes) {
    if (!has(key)) return;
    double megabytes = 0;
    get(key, &megabytes);
    if (!(megabytes >= 1 && megabytes < 1e9)) throw Error(where_ + ": " + key + " is out of range");
    *bytes = static_cast<uint64_t>(megabytes * 1024 * 1024);
  }
  const json& at(const char* key) const { return value_.at(key); }
  const fs::path& folder() const { return folder_; }

  void require(const char* key) {
    if (!has(key)) throw Error(where_ + ": " + key + " is missing");
  }
  void refuse_unknown() const {
    for (const auto& [key, ignored] : value_.items()) {
      if (known_.count(key) != 0) continue;
      std::string keys;
      for (const std::string& name : known_) keys += (keys.empty() ? "" : ", ") + name;
      throw Error(where_ + ": unknown key " + key + "; known are " + keys);
    }
  }

 private:
  const json& value_;
  const std::string where_;
  const fs::path folder_;
  std::set<std::string> known_;
};

SaeBuild read_sae_build(const json& value, const std::string& where, const fs::path& folder,
                        size_t index, uint64_t memory_bytes) {
  Section section(value, where, folder);
  SaeBuild sae;
  section.get_path("path", &sae.path);
  std::string hook = "block:0", variant = "batchtopk";
  const bool tells_hook = section.has("hook") || sae.path.empty();
  section.get("hook", &hook);
  sae.chooses_hook = sae.path.empty() && hook == "auto";
  sae.has_hook = tells_hook && !sae.chooses_hook;
  if (!sae.chooses_hook) sae.hook = parse_hook(hook);
  section.get("variant", &variant);
  sae.train.variant = parse_sae_variant(variant);
  section.get_optional("dict", &sae.given.dict);
  if (sae.path.empty()) {
    section.get_optional("k", &sae.given.k);
  } else {
    section.get("k", &sae.k);
  }
  section.get("l1", &sae.train.l1);
  section.get_optional("steps", &sae.given.steps);
  section.get_optional("batch", &sae.given.batch);
  section.get("stability", &sae.measures_stability);
  section.get("learning_rate", &sae.train.learning_rate);
  section.get("nested", &sae.train.nested);
  section.get("item_weight", &sae.train.item_scale);
  section.get("seed", &sae.train.seed);
  section.get("start", &sae.train.start);
  sae.train.memory_bytes = memory_bytes;
  for (const char* key : {"variant", "dict", "l1", "steps", "batch", "learning_rate", "nested",
                          "item_weight", "seed", "start", "stability"}) {
    if (!sae.path.empty() && section.has(key)) {
      throw Error(where + ": " + key + " is for training, but path gives an SAE that is trained");
    }
  }
  sae.with_knobs = index == 0;
  section.get("knobs", &sae.with_knobs);
  section.refuse_unknown();
  return sae;
}

// {"window": 50} as --set takes it.
std::vector<std::string> read_settings(const json& object, const std::string& where) {
  if (!object.is_object()) throw Error(where + ": expected an object of settings");
  std::vector<std::string> settings;
  for (const auto& [name, value] : object.items()) {
    settings.push_back(name + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return settings;
}

}  // namespace

std::string build_key_of(const std::string& option) {
  if (option == "--sae") return "saes";
  if (option == "--sae-hook" || option == "--hook") return "saes[].hook";
  if (option == "--sae-k" || option == "--k") return "saes[].k";
  if (option == "--dict") return "saes[].dict";
  std::string key = option.substr(2);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

BuildConfig read_build_config(const std::string& path) {
  const json value = read_json_file(path);
  Section section(value, path, fs::path(path).parent_path());
  BuildConfig config;
  ConvertOptions& convert = config.convert;
  for (const char* key : {"weights", "interactions", "out"}) section.require(key);
  section.get_path("weights", &convert.weights_path);
  section.get_path("config", &convert.import.config_path);
  section.get("arch", &convert.import.arch);
  section.get_path("recipe", &convert.import.recipe_path);
  if (section.has("heads")) {
    int64_t heads = 0;
    section.get("heads", &heads);
    convert.import.heads = heads;
  }
  if (section.has("set")) convert.import.set = read_settings(section.at("set"), path + ": set");
  section.get_path("id_map", &convert.import.id_map_path);
  section.get("force", &convert.import.force);
  section.get_path("items", &convert.items_path);
  section.get("id_column", &convert.items.id_column);
  section.get("row_column", &convert.items.row_column);
  section.get("title_column", &convert.items.title_column);
  section.get("date_column", &convert.items.date_column);
  section.get("attributes", &convert.items.attributes);
  section.get_path("memberships", &convert.memberships_path);
  section.get_path("interactions", &convert.interactions_path);
  section.get_path("main_parameters", &convert.main_parameters_path);
  std::string format, precision = "int8";
  section.get("format", &format);
  if (!format.empty()) convert.log.format = parse_interaction_format(format);
  section.get("user_column", &convert.log.user_column);
  section.get("item_column", &convert.log.item_column);
  section.get("time_column", &convert.log.time_column);
  convert.log.force = convert.import.force;
  section.get("precision", &precision);
  convert.precision = parse_precision(precision);
  section.get("measure_quality", &convert.measure_quality);
  section.get_path("out", &convert.out_path);
  section.get_path("train_users", &config.train_users_path);
  section.get_path("test_users", &config.test_users_path);
  section.get_path("presets", &config.presets_path);
  section.get("min_items", &config.knobs.min_items);
  section.get("min_precision", &config.label.names.min_precision);
  section.get("min_recall", &config.label.names.min_recall);
  section.get("concepts", &config.label.concepts.most);
  section.get("concept_knobs", &config.label.concepts.knobs);
  section.get("complete", &config.complete);
  section.get("threads", &config.threads);
  if (config.threads < 1 || config.threads > kMostThreads) {
    throw Error(path + ": threads: 1 to " + std::to_string(kMostThreads));
  }
  uint64_t memory_bytes = config.label.memory_bytes;
  section.get_size("memory_mib", &memory_bytes);
  config.label.memory_bytes = memory_bytes;
  config.work_folder = convert.out_path + ".build";
  section.get_path("work", &config.work_folder);
  json saes = json::array({json::object()});
  section.get("saes", &saes);
  section.refuse_unknown();
  if (!saes.is_array() || saes.empty()) throw Error(path + ": saes must be a list of objects");
  for (size_t i = 0; i < saes.size(); ++i) {
    config.saes.push_back(read_sae_build(saes[i], path + ": saes[" + std::to_string(i) + "]",
                                         section.folder(), i, memory_bytes));
  }
  return config;
}

}  // namespace pintle::converter
