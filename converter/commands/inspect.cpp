// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "converter/commands/commands.h"
#include "converter/commands/inspect_checkpoint.h"
#include "converter/commands/inspect_delta.h"
#include "converter/commands/inspect_steering.h"
#include "converter/file/metadata.h"
#include "converter/file/quantize.h"
#include "converter/file/segments.h"
#include "converter/run/list_tally.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

Json strings(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* list) {
  Json result = Json::array();
  if (list == nullptr) return result;
  for (const flatbuffers::String* entry : *list) result.push_back(text_of(entry));
  return result;
}

Json describe_architecture(const fb::Model& model) {
  const fb::Architecture& a = *model.architecture();
  return {{"name", text_of(a.name())},
          {"dim", a.dim()},
          {"layers", model.blocks()->size()},
          {"heads", a.heads()},
          {"ffn_dim", a.ffn_dim()},
          {"window", a.window()},
          {"item_scale", a.item_scale()},
          {"position_origin", fb::EnumNamePositionOrigin(a.position_origin())},
          {"pad_keys", fb::EnumNamePadKeys(a.pad_keys())},
          {"mask", fb::EnumNameAttentionMask(a.mask())},
          {"norm_placement", fb::EnumNameNormPlacement(a.norm_placement())},
          {"key_value_source", fb::EnumNameSource(a.key_value_source())},
          {"attention_residual", fb::EnumNameSource(a.attention_residual())},
          {"ffn_residual", fb::EnumNameSource(a.ffn_residual())},
          {"ffn_activation", fb::EnumNameActivation(a.ffn_activation())},
          {"head", model.output_items() == nullptr ? "tied" : "untied"},
          {"item_bias", model.item_bias() != nullptr}};
}

size_t dated_items(const Model& model) {
  size_t count = 0;
  for (uint32_t i = 0; i < model.info().item_count; ++i) {
    count += require(model.item(i), "item", i).date != PINTLE_NO_DATE ? 1 : 0;
  }
  return count;
}

// Attributes that some items belong to in part.
Json soft_attributes(const Model& model) {
  Json list = Json::array();
  for (uint32_t i = 0; i < model.info().attribute_count; ++i) {
    const pintle_attribute_info info = require(model.attribute(i), "attribute", i);
    if (!is_soft(model, i)) continue;
    const auto [group, name] = attribute_name(model, i);
    list.push_back({{"group", group}, {"name", name}, {"items", info.item_count}});
  }
  return list;
}

// How many items belong to each attribute of a group. Lists: a key would be searched for among all.
Json describe_groups(const Model& model) {
  Json groups = Json::array();
  for (uint32_t i = 0; i < model.info().attribute_count; ++i) {
    const auto [group, name] = attribute_name(model, i);
    if (groups.empty() || groups.back()["name"] != group) {
      groups.push_back({{"name", group}, {"attributes", Json::array()}});
    }
    const size_t items = require(model.attribute(i), "attribute", i).item_count;
    groups.back()["attributes"].push_back({{"name", name}, {"items", items}});
  }
  return groups;
}

Json describe_catalogue(const fb::Catalogue& catalogue, const Model& model) {
  const size_t attributes = catalogue.attributes() == nullptr ? 0 : catalogue.attributes()->size();
  return {{"items", catalogue.item_count()},
          {"ids", fb::EnumNameIdKind(catalogue.id_kind())},
          {"titles", catalogue.titles() != nullptr},
          {"attributes", attributes},
          {"soft_attributes", soft_attributes(model)},
          {"some_untrained", catalogue.trained() != nullptr},
          {"dated_items", dated_items(model)}};
}

uint64_t stored_bytes(const fb::Segment* segment) {
  return segment == nullptr ? 0 : SegmentList::align(segment->size());
}

Json describe_tensors(const Metadata& metadata) {
  Json list = Json::array();
  for (const auto& [name, tensor] : metadata.tensors()) {
    list.push_back({{"name", name},
                    {"rows", tensor->rows()},
                    {"cols", tensor->cols()},
                    {"dtype", precision_name(tensor->dtype())},
                    {"layout", fb::EnumNameLayout(tensor->layout())},
                    {"stored_bytes", stored_bytes(tensor->data()) + stored_bytes(tensor->scales())},
                    {"relative_error", tensor->relative_error()}});
  }
  return list;
}

Json describe_provenance(const fb::Provenance* provenance) {
  if (provenance == nullptr) return Json::object();
  Json quality = Json::object();
  if (provenance->quality() != nullptr) {
    for (const fb::Metric* metric : *provenance->quality()) {
      quality[text_of(metric->name())] = metric->value();
    }
  }
  return {{"converter_version", text_of(provenance->converter_version())},
          {"source_name", text_of(provenance->source_name())},
          {"source_sha256", text_of(provenance->source_sha256())},
          {"precision", text_of(provenance->precision())},
          {"quantization", strings(provenance->quantization())},
          {"assumptions", strings(provenance->assumptions())},
          {"quality", quality},
          {"main_parameters", strings(provenance->main_parameters())}};
}

Json describe(const std::string& path) {
  const Metadata metadata(path);
  const fb::Model& model = metadata.root();
  const Model opened = open_model(path);
  const Json tensors = describe_tensors(metadata);
  uint64_t tensor_bytes = 0;
  for (const Json& tensor : tensors) tensor_bytes += tensor["stored_bytes"].get<uint64_t>();
  Json all = {
      {"file", path},
      {"file_size_bytes", model.file_size()},
      {"format", std::to_string(model.format_major()) + "." + std::to_string(model.format_minor())},
      {"architecture", describe_architecture(model)},
      {"catalogue", describe_catalogue(*model.catalogue(), opened)},
      {"groups", describe_groups(opened)}};
  all.update(describe_steering(model, opened.info()));
  all["tensor_bytes"] = tensor_bytes;
  all["tensors"] = tensors;
  all["provenance"] = describe_provenance(model.provenance());
  return all;
}

// "taste: Dark, 12 items" of one of soft_attributes.
std::string attribute(const Json& entry) {
  return entry["group"].get<std::string>() + ": " + entry["name"].get<std::string>() + ", " +
         entry["items"].dump() + " items";
}

// Scalars one a line, lists one entry a line.
void print_section(const char* title, const Json& section) {
  std::printf("%s\n", title);
  for (const auto& [key, value] : section.items()) {
    if (value.is_array()) {
      for (const Json& entry : value) {
        const std::string shown = entry.is_string() ? entry.get<std::string>() : attribute(entry);
        std::printf("  %-20s %s\n", key.c_str(), shown.c_str());
      }
    } else if (value.is_object()) {
      for (const auto& [name, number] : value.items()) {
        std::printf("  %-20s %s\n", name.c_str(), number.dump().c_str());
      }
    } else {
      const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
      std::printf("  %-20s %s\n", key.c_str(), shown.c_str());
    }
  }
}

// The attributes of a group on a line, the first of many.
void print_groups(const Json& groups) {
  constexpr size_t kMostShown = 30;
  if (!groups.empty()) std::printf("attributes and their items\n");
  for (const Json& group : groups) {
    const Json& attributes = group["attributes"];
    std::string line;
    for (size_t i = 0; i < std::min(attributes.size(), kMostShown); ++i) {
      line += (i == 0 ? "" : ", ") + attributes[i]["name"].get<std::string>() + " " +
              attributes[i]["items"].dump();
    }
    if (attributes.size() > kMostShown) {
      line += ", and " + std::to_string(attributes.size() - kMostShown) + " more (--json)";
    }
    std::printf("  %-20s %s\n", group["name"].get<std::string>().c_str(), line.c_str());
  }
}

void print_model(const Json& model) {
  std::printf("%s: format %s, %s bytes\n\n", model["file"].get<std::string>().c_str(),
              model["format"].get<std::string>().c_str(), model["file_size_bytes"].dump().c_str());
  print_section("architecture", model["architecture"]);
  print_section("catalogue", model["catalogue"]);
  print_groups(model["groups"]);
  print_section("provenance", model["provenance"]);
  print_steering(model);
  std::printf("\n%-32s %13s  %-5s %-7s %12s %10s\n", "tensor", "shape", "type", "layout", "bytes",
              "error");
  for (const Json& tensor : model["tensors"]) {
    const std::string shape = tensor["rows"].dump() + " x " + tensor["cols"].dump();
    std::printf("%-32s %13s  %-5s %-7s %12s %10.2g\n", tensor["name"].get<std::string>().c_str(),
                shape.c_str(), tensor["dtype"].get<std::string>().c_str(),
                tensor["layout"].get<std::string>().c_str(), tensor["stored_bytes"].dump().c_str(),
                tensor["relative_error"].get<double>());
  }
  std::printf("%-32s %13s  %-5s %-7s %12s\n", "all", "", "", "",
              model["tensor_bytes"].dump().c_str());
}

// Model files and deltas are size-prefixed FlatBuffers with their identifier behind the root's offset.
bool has_identifier(const std::string& path, const char* identifier) {
  char start[12] = {};
  std::ifstream file(path, std::ios::binary);
  file.read(start, sizeof(start));
  return file && std::memcmp(start + 8, identifier, 4) == 0;
}

void print_json(const Json& json) {
  std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace

void add_inspect_command(CLI::App* app) {
  struct InspectArguments {
    std::string path, model_path, config_path;
    bool json = false;
  };
  const auto arguments = std::make_shared<InspectArguments>();
  CLI::App* verb = app->add_subcommand(
      "inspect",
      "Show what a file holds. A model: architecture, tensors, sizes, provenance, SAEs, knobs. A "
      "delta: its model, its items. A checkpoint: tensors, configuration, and what each recipe "
      "makes of it");
  CLI::Option_group* source = verb->add_option_group("What");
  source->add_option("FILE", arguments->path,
                     "A model file, a delta, or a checkpoint: a file, an index or a folder");
  source->add_option("--model", arguments->model_path, "A model file");
  source->require_option(1);
  verb->add_option("--config", arguments->config_path,
                   "For a checkpoint: the configuration that convert would be given");
  verb->add_flag("--json", arguments->json, "Print one JSON object");
  verb->callback([arguments] {
    if (has_identifier(arguments->path, "PNTD")) {
      const Json delta = describe_delta(arguments->path);
      return arguments->json ? print_json(delta) : print_delta(delta);
    }
    if (!arguments->model_path.empty() || has_identifier(arguments->path, fb::ModelIdentifier())) {
      const Json model = describe(arguments->path + arguments->model_path);
      return arguments->json ? print_json(model) : print_model(model);
    }
    const Json checkpoint = describe_checkpoint(arguments->path, arguments->config_path);
    arguments->json ? print_json(checkpoint) : print_checkpoint(checkpoint);
  });
}

}  // namespace pintle::converter
