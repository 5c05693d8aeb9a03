// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/inspect_checkpoint.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "converter/import/architectures.h"
#include "converter/import/checkpoint.h"
#include "converter/import/config_keys.h"
#include "converter/import/tensor_index.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

std::string shortened(const std::string& text, size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

std::string dumped(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Json describe_tensors(const Checkpoint& checkpoint) {
  Json list = Json::array();
  for (const auto& [name, tensor] : checkpoint.tensors) {
    list.push_back({{"name", name},
                    {"shape", tensor.shape},
                    {"type", scalar_type_name(tensor.type)},
                    {"elements", tensor.element_count()}});
  }
  return list;
}

// What the framework's table of keys says of each, where the best recipe names a framework.
Json describe_configuration(const Checkpoint& checkpoint, const std::string& framework) {
  Json list = Json::array();
  for (const auto& [path, value] : configured_values(checkpoint.config)) {
    Json entry{{"key", path}, {"value", value}};
    if (!framework.empty()) {
      const ConfigKey* key = config_keys_of(framework).find(path);
      entry["meaning"] = key == nullptr ? "not known" : describe(*key);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

Json describe_modules(const Checkpoint& checkpoint) {
  Json list = Json::array();
  for (const auto& [name, module] : checkpoint.modules) {
    list.push_back({{"name", name}, {"class", module.type}, {"attributes", module.attributes}});
  }
  return list;
}

Json describe_ids(const Checkpoint& checkpoint) {
  if (!checkpoint.item_ids) return nullptr;
  const ItemIds& ids = *checkpoint.item_ids;
  constexpr size_t kExamples = 5;
  const std::vector<std::string> examples(
      ids.by_row.begin(),
      ids.by_row.begin() + static_cast<std::ptrdiff_t>(std::min(kExamples, ids.by_row.size())));
  return {{"source", ids.source},
          {"rows", ids.by_row.size()},
          {"extra_tokens", ids.extra_tokens},
          {"first", examples}};
}

Json describe_fits(const std::vector<RecipeFit>& fits) {
  Json list = Json::array();
  for (const RecipeFit& fit : fits) {
    list.push_back({{"name", fit.name},
                    {"description", fit.description},
                    {"framework", fit.framework},
                    {"tensors_found", fit.bound},
                    {"tensors_wanted", fit.required},
                    {"problems", fit.problems},
                    {"contradictions", fit.contradictions},
                    {"unused_tensors", fit.unused}});
  }
  return list;
}

void print_lines(const char* title, const Json& lines) {
  constexpr size_t kMostShown = 4;
  for (size_t i = 0; i < std::min(kMostShown, lines.size()); ++i) {
    std::printf("    %s%s\n", title, lines[i].get<std::string>().c_str());
  }
  if (lines.size() > kMostShown) {
    std::printf("    %sand %zu more\n", title, lines.size() - kMostShown);
  }
}

void print_fits(const Json& fits) {
  std::printf("\nrecipes, the best first\n");
  for (const Json& fit : fits) {
    if (fit["tensors_found"] == 0) continue;
    const bool whole = fit["problems"].empty();
    std::printf("  %s: %s of %s tensors%s\n", fit["name"].get<std::string>().c_str(),
                fit["tensors_found"].dump().c_str(), fit["tensors_wanted"].dump().c_str(),
                !whole                          ? ""
                : fit["contradictions"].empty() ? ", fits"
                                                : ", all there, but contradicted");
    print_lines("but ", fit["contradictions"]);
    print_lines("", fit["problems"]);
    if (whole) print_lines("would not use ", fit["unused_tensors"]);
  }
}

}  // namespace

Json describe_checkpoint(const std::string& path, const std::string& config_path) {
  const Checkpoint checkpoint = read_checkpoint(path);
  ImportOptions options;
  options.config_path = config_path;
  const std::vector<RecipeFit> fits = fit_recipes(checkpoint, options);
  const std::string framework =
      fits.empty() || fits[0].bound == 0 ? std::string() : fits[0].framework;
  return {{"checkpoint", path},
          {"container", checkpoint.container},
          {"tensors", describe_tensors(checkpoint)},
          {"configuration", describe_configuration(checkpoint, framework)},
          {"modules", describe_modules(checkpoint)},
          {"item_ids", describe_ids(checkpoint)},
          {"recipes", describe_fits(fits)}};
}

void print_checkpoint(const Json& checkpoint) {
  std::printf("%s: %s, %zu tensors\n\n", checkpoint["checkpoint"].get<std::string>().c_str(),
              checkpoint["container"].get<std::string>().c_str(), checkpoint["tensors"].size());
  std::printf("%-64s %18s  %s\n", "tensor", "shape", "type");
  for (const Json& tensor : checkpoint["tensors"]) {
    std::printf("%-64s %18s  %s\n", tensor["name"].get<std::string>().c_str(),
                extents_text(tensor["shape"].get<std::vector<int64_t>>()).c_str(),
                tensor["type"].get<std::string>().c_str());
  }
  if (!checkpoint["configuration"].empty()) std::printf("\nconfiguration\n");
  for (const Json& entry : checkpoint["configuration"]) {
    std::printf("  %s = %s%s%s\n", entry["key"].get<std::string>().c_str(),
                shortened(dumped(entry["value"]), 60).c_str(),
                entry.contains("meaning") ? "    # " : "",
                entry.contains("meaning") ? entry["meaning"].get<std::string>().c_str() : "");
  }
  if (!checkpoint["modules"].empty()) std::printf("\npickled modules\n");
  for (const Json& module : checkpoint["modules"]) {
    if (module["attributes"].empty()) continue;
    std::printf("  %s (%s) %s\n", module["name"].get<std::string>().c_str(),
                module["class"].get<std::string>().c_str(),
                shortened(dumped(module["attributes"]), 160).c_str());
  }
  if (!checkpoint["item_ids"].is_null()) {
    const Json& ids = checkpoint["item_ids"];
    std::printf("\nthe app's ids: %s, %s rows, the first %s of them tokens: %s, ...\n",
                ids["source"].get<std::string>().c_str(), ids["rows"].dump().c_str(),
                ids["extra_tokens"].dump().c_str(), dumped(ids["first"]).c_str());
  }
  print_fits(checkpoint["recipes"]);
}

}  // namespace pintle::converter
