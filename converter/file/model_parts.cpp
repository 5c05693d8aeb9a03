// SPDX-License-Identifier: Apache-2.0
#include "converter/file/model_parts.h"

#include <cstring>
#include <fstream>
#include <iterator>

#include "converter/file/metadata.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

std::vector<uint8_t> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error("cannot read " + path);
  return bytes;
}

std::string text(const flatbuffers::String* value) {
  return value == nullptr ? std::string() : value->str();
}

std::vector<uint8_t> bytes_of(const std::vector<uint8_t>& file, const fb::Segment* segment) {
  if (segment == nullptr) return {};
  const auto begin = file.begin() + static_cast<std::ptrdiff_t>(segment->offset());
  return {begin, begin + static_cast<std::ptrdiff_t>(segment->size())};
}

void add_lines(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* lines,
               std::vector<std::string>* out) {
  if (lines == nullptr) return;
  for (const flatbuffers::String* line : *lines) out->push_back(line->str());
}

Norm norm_shell(const fb::Norm* table) {
  Norm norm;
  norm.eps = table->eps();
  return norm;
}

std::optional<Norm> optional_shell(const fb::Norm* table) {
  if (table == nullptr) return std::nullopt;
  return norm_shell(table);
}

Network read_network(const fb::Model& root) {
  const fb::Architecture& a = *root.architecture();
  Network network;
  network.recipe = text(a.name());
  network.dim = a.dim();
  network.heads = a.heads();
  network.ffn_dim = a.ffn_dim();
  network.window = a.window();
  network.item_scale = a.item_scale();
  network.position_origin = a.position_origin();
  network.pad_keys = a.pad_keys();
  network.mask = a.mask();
  network.norm_placement = a.norm_placement();
  network.key_value_source = a.key_value_source();
  network.attention_residual = a.attention_residual();
  network.ffn_residual = a.ffn_residual();
  network.ffn_activation = a.ffn_activation();
  network.skip_oldest = a.skip_oldest();
  network.embedding_norm = optional_shell(root.embedding_norm());
  network.final_norm = optional_shell(root.final_norm());
  network.head_norm = optional_shell(root.head_norm());
  if (root.head_dense() != nullptr) network.head_dense = Linear{};
  network.head_activation = root.head_activation();
  for (const fb::Block* table : *root.blocks()) {
    Block block;
    block.attention_norm = norm_shell(table->attention_norm());
    block.ffn_norm = norm_shell(table->ffn_norm());
    if (table->output() != nullptr) block.output = Linear{};
    network.blocks.push_back(std::move(block));
  }
  return network;
}

Catalogue read_catalogue(const fb::Model& root, const std::vector<uint8_t>& file,
                         const pintle_model* model) {
  const pintle_model_info info = model_info(model);
  const fb::Catalogue& table = *root.catalogue();
  Catalogue catalogue;
  catalogue.has_text_ids = info.has_text_ids != 0;
  const std::vector<uint8_t> order = bytes_of(file, table.id_order());
  catalogue.id_order.resize(info.item_count);
  std::memcpy(catalogue.id_order.data(), order.data(), order.size());
  const bool has_attributes = table.item_attribute_offsets() != nullptr;
  for (uint32_t i = 0; i < info.attribute_count; ++i) {
    const char *group, *name;
    require_ok(pintle_model_get_attribute(model, i, &group, &name), "attribute");
    catalogue.attributes.emplace_back(group, name);
  }
  for (uint32_t i = 0; i < info.item_count; ++i) {
    const pintle_item_info item = item_info(model, i);
    if (catalogue.has_text_ids) {
      catalogue.text_ids.emplace_back(item.id_text);
    } else {
      catalogue.integer_ids.push_back(item.id);
    }
    if (table.trained() != nullptr) catalogue.trained.push_back(item.is_trained != 0);
    if (item.title != nullptr) catalogue.titles.emplace_back(item.title);
    if (has_attributes) {
      catalogue.item_attributes.emplace_back(item.attributes,
                                             item.attributes + item.attribute_count);
    }
  }
  return catalogue;
}

fb::DType parse_stored_precision(const fb::Provenance* provenance) {
  return parse_precision(provenance == nullptr ? "f32" : text(provenance->precision()));
}

}  // namespace

ModelParts read_model_parts(const std::string& path) {
  const ModelPointer model = open_model(path, PINTLE_OPEN_VERIFY_ALL);
  const Metadata metadata(path);
  const std::vector<uint8_t> file = read_bytes(path);
  const fb::Model& root = metadata.root();
  ModelParts parts;
  parts.network = read_network(root);
  parts.packed.precision = parse_stored_precision(root.provenance());
  for (const auto& [name, table] : metadata.tensors()) {
    if (name.rfind("saes.", 0) == 0) continue;
    parts.packed.tensors.push_back({name, table->rows(), table->cols(), table->dtype(),
                                    table->layout(), bytes_of(file, table->data()),
                                    bytes_of(file, table->scales()), table->relative_error()});
  }
  if (const fb::ExactScan* exact = root.exact()) {
    parts.packed.exact_fine = bytes_of(file, exact->fine());
    parts.packed.exact_step = exact->coarse_step();
    parts.packed.exact_largest_row = exact->largest_row();
  }
  parts.catalogue = read_catalogue(root, file, model.get());
  if (const fb::Provenance* provenance = root.provenance()) {
    parts.provenance.source_name = text(provenance->source_name());
    parts.provenance.source_sha256 = text(provenance->source_sha256());
    add_lines(provenance->quantization(), &parts.packed.settings);
    add_lines(provenance->assumptions(), &parts.network.assumptions);
    if (provenance->quality() != nullptr) {
      for (const fb::Metric* metric : *provenance->quality()) {
        parts.provenance.quality.emplace_back(text(metric->name()), metric->value());
      }
    }
  }
  return parts;
}

std::vector<uint8_t> join_parts(const ModelParts& parts, const Interpretation& interpretation) {
  PackedNetwork packed = parts.packed;
  pack_saes(interpretation, &packed);
  return serialize_model(parts.network, packed, parts.catalogue, parts.provenance, interpretation);
}

}  // namespace pintle::converter
