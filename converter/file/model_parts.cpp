// SPDX-License-Identifier: Apache-2.0
#include "converter/file/model_parts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "converter/file/metadata.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"
#include "schema/network_fields.h"

namespace pintle::converter {
namespace {

std::vector<uint8_t> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error("cannot read " + path);
  return bytes;
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

// What a network needs to know of tensors that are elsewhere: that there are some, and epsilons.
void read_shell(const fb::Norm* table, Norm* norm) { norm->eps = table->eps(); }
void read_shell(const fb::Norm* table, std::optional<Norm>* norm) {
  if (table != nullptr) read_shell(table, &norm->emplace());
}
void read_shell(const fb::Linear* table, std::optional<Linear>* linear) {
  if (table != nullptr) linear->emplace();
}
void read_shell(const fb::Linear*, Linear*) {}
template <typename Weights>
void read_shell(const fb::Tensor*, Weights*) {}

// Fills the members of `target` that have the names of the table's numbers and tensors.
template <typename Table, typename Target>
void read_fields(const typename Table::Table& table, Target* target) {
  format::for_each(typename format::FieldsOf<Table>::List(), [&](auto field) {
    using Field = decltype(field);
    if constexpr (format::is_number<Field>) field.in(*target) = field.of(table);
    if constexpr (format::is_tensor<Field>) read_shell(field.of(table), &field.in(*target));
  });
}

Network read_network(const fb::Model& root) {
  Network network;
  network.recipe = text_of(root.architecture()->name());
  read_fields<format::Architecture>(*root.architecture(), &network);
  read_fields<format::Model>(root, &network);
  for (const fb::Block* table : *root.blocks()) {
    read_fields<format::Block>(*table, &network.blocks.emplace_back());
  }
  return network;
}

Catalogue read_catalogue(const fb::Model& root, const std::vector<uint8_t>& file,
                         const Model& model) {
  const pintle_model_info info = model.info();
  const fb::Catalogue& table = *root.catalogue();
  Catalogue catalogue;
  catalogue.has_text_ids = info.has_text_ids != 0;
  const std::vector<uint8_t> order = bytes_of(file, table.id_order());
  catalogue.id_order.resize(info.item_count);
  std::memcpy(catalogue.id_order.data(), order.data(), order.size());
  const bool has_attributes = table.item_attribute_offsets() != nullptr;
  for (uint32_t i = 0; i < info.attribute_count; ++i) {
    const auto [group, name] = attribute_name(model, i);
    catalogue.attributes.emplace_back(group, name);
  }
  for (uint32_t i = 0; i < info.item_count; ++i) {
    const pintle_item_info item = require(model.item(i), "item", i);
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
    if (table.item_memberships() != nullptr) {
      catalogue.item_memberships.emplace_back(item.memberships,
                                              item.memberships + item.attribute_count);
    }
  }
  if (table.dates() != nullptr) {
    const std::vector<uint8_t> dates = bytes_of(file, table.dates());
    catalogue.dates.resize(info.item_count);
    std::memcpy(catalogue.dates.data(), dates.data(), dates.size());
  }
  if (table.popularity() != nullptr) {
    const std::vector<uint8_t> popularity = bytes_of(file, table.popularity());
    catalogue.popularity.resize(info.item_count);
    std::memcpy(catalogue.popularity.data(), popularity.data(), popularity.size());
  }
  return catalogue;
}

SaeActivation from_schema(fb::SaeActivation activation) {
  switch (activation) {
    case fb::SaeActivation_TopK:
      return SaeActivation::kTopK;
    case fb::SaeActivation_JumpRelu:
      return SaeActivation::kJumpRelu;
    default:
      return SaeActivation::kRelu;
  }
}

InterpretedSae sae_shell(const fb::Sae& table, const Model& model, uint32_t number) {
  const pintle_sae_info info = require(model.sae(number), "SAE", number);
  InterpretedSae sae;
  sae.name = info.name;
  sae.weights.dim = static_cast<int64_t>(model.info().dim);
  sae.weights.dict = static_cast<int64_t>(info.feature_count);
  sae.weights.activation = from_schema(table.activation());
  sae.weights.k = table.k();
  sae.weights.hook = parse_hook(info.hook);
  sae.weights.model_hash = network_hash_text(table.network_hash());
  for (uint32_t f = 0; f < info.feature_count; ++f) {
    const pintle_feature_info feature = require(model.feature(number, f), "feature", f);
    if (table.labels() != nullptr) sae.labels.emplace_back(feature.label);
    if (table.statistics() != nullptr) {
      sae.statistics.push_back(
          {feature.density, feature.p50, feature.p95, feature.p99, feature.max});
    }
  }
  return sae;
}

// The length of a vector that may be absent.
template <typename T>
uint32_t length_of(const flatbuffers::Vector<T>* values) {
  return values == nullptr ? 0 : values->size();
}

// Knobs of before 1.3 add a bonus in proportion to their strength.
bool has_bonus_of_old(const fb::Knob& table) {
  return length_of(table.reward()) == 0 && table.attribute() >= 0 && table.attribute_bonus() != 0;
}

void read_rewards(const fb::Knob& table, Knob* knob) {
  for (uint32_t i = 0; i < length_of(table.reward()); ++i) {
    knob->rewards.emplace_back(table.reward_strength()->Get(i), table.reward()->Get(i));
  }
  if (!has_bonus_of_old(table)) return;
  for (const float strength : {table.min_strength(), 0.0f, table.max_strength()}) {
    const float reward = std::fabs(strength) * table.attribute_bonus();
    if (knob->rewards.empty() || strength > knob->rewards.back().first) {
      knob->rewards.emplace_back(strength, reward);
    }
  }
}

// The curve is for people: the runtime does not check that its columns are of one length.
void read_curve(const fb::Knob& table, Knob* knob) {
  const uint32_t points = std::min({length_of(table.curve_strength()),
                                    length_of(table.curve_share()), length_of(table.curve_ndcg())});
  const auto at = [](const flatbuffers::Vector<float>* column, uint32_t i) {
    return i < length_of(column) ? column->Get(i) : kNotMeasured;
  };
  for (uint32_t i = 0; i < points; ++i) {
    knob->curve.push_back({at(table.curve_strength(), i), at(table.curve_share(), i),
                           at(table.curve_ndcg(), i), at(table.curve_median_gain(), i),
                           at(table.curve_no_gain(), i)});
  }
}

// is_old: of a file of before 1.3, which does not tell why ranges end.
Knob read_knob(const fb::Knob& table, const Catalogue& catalogue, bool is_old) {
  Knob knob;
  knob.name = text_of(table.name());
  if (table.attribute() >= 0) {
    const auto& attribute = catalogue.attributes[static_cast<size_t>(table.attribute())];
    knob.attribute_group = attribute.first;
    knob.attribute_name = attribute.second;
  }
  knob.sae = table.sae();
  for (uint32_t i = 0; i < length_of(table.features()); ++i) {
    knob.features.emplace_back(table.features()->Get(i), table.weights()->Get(i));
  }
  knob.min_strength = table.min_strength();
  knob.max_strength = table.max_strength();
  read_rewards(table, &knob);
  read_curve(table, &knob);
  if (is_old) return knob;
  knob.min_by_loss = table.min_by_loss();
  knob.max_by_loss = table.max_by_loss();
  knob.min_by_items = table.min_by_items();
  knob.max_by_items = table.max_by_items();
  return knob;
}

void add_knobs(const fb::Model& root, const Catalogue& catalogue, Interpretation* interpretation) {
  interpretation->temperature = root.temperature();
  interpretation->wish_unit = root.wish_unit();
  constexpr uint16_t kFirstWithRewards = 3;
  const bool is_old = root.format_minor() < kFirstWithRewards;
  for (uint32_t i = 0; i < length_of(root.knobs()); ++i) {
    const fb::Knob& table = *root.knobs()->Get(i);
    interpretation->knobs.push_back(read_knob(table, catalogue, is_old));
    if (interpretation->temperature == 0 && has_bonus_of_old(table)) {
      interpretation->temperature = table.temperature();
    }
  }
  for (uint32_t i = 0; i < length_of(root.presets()); ++i) {
    const fb::Preset& table = *root.presets()->Get(i);
    Preset preset{text_of(table.name()), {}};
    for (uint32_t k = 0; k < length_of(table.knobs()); ++k) {
      preset.strengths.emplace_back(interpretation->knobs[table.knobs()->Get(k)].name,
                                    table.strengths()->Get(k));
    }
    interpretation->presets.push_back(std::move(preset));
  }
}

fb::DType parse_stored_precision(const fb::Provenance* provenance) {
  return parse_precision(provenance == nullptr ? "f32" : text_of(provenance->precision()));
}

}  // namespace

ModelParts read_model_parts(const std::string& path) {
  const Model model = open_model(path, PINTLE_OPEN_VERIFY_ALL);
  const Metadata metadata(path);
  const std::vector<uint8_t> file = read_bytes(path);
  const fb::Model& root = metadata.root();
  ModelParts parts;
  parts.network = read_network(root);
  parts.packed.precision = parse_stored_precision(root.provenance());
  for (const auto& [name, table] : metadata.tensors()) {
    parts.packed.tensors.push_back({name, table->rows(), table->cols(), table->dtype(),
                                    table->layout(), bytes_of(file, table->data()),
                                    bytes_of(file, table->scales()), table->relative_error()});
  }
  if (const fb::ExactScan* exact = root.exact()) {
    parts.packed.exact_fine = bytes_of(file, exact->fine());
    parts.packed.exact_step = exact->coarse_step();
    parts.packed.exact_largest_row = exact->largest_row();
  }
  parts.catalogue = read_catalogue(root, file, model);
  if (root.saes() != nullptr) {
    for (uint32_t i = 0; i < root.saes()->size(); ++i) {
      parts.interpretation.saes.push_back(sae_shell(*root.saes()->Get(i), model, i));
    }
  }
  add_knobs(root, parts.catalogue, &parts.interpretation);
  if (const fb::Provenance* provenance = root.provenance()) {
    parts.provenance.source_name = text_of(provenance->source_name());
    parts.provenance.source_sha256 = text_of(provenance->source_sha256());
    add_lines(provenance->quantization(), &parts.packed.settings);
    add_lines(provenance->assumptions(), &parts.network.assumptions);
    add_lines(provenance->main_parameters(), &parts.provenance.main_parameters);
    if (provenance->quality() != nullptr) {
      for (const fb::Metric* metric : *provenance->quality()) {
        parts.provenance.quality.emplace_back(text_of(metric->name()), metric->value());
      }
    }
  }
  return parts;
}

std::vector<uint8_t> join_parts(const ModelParts& parts, const Interpretation& interpretation) {
  PackedNetwork packed = parts.packed;
  auto& tensors = packed.tensors;
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                               [](const PackedTensor& t) { return t.name.rfind("saes.", 0) == 0; }),
                tensors.end());
  pack_saes(interpretation, &packed);
  return serialize_model(parts.network, packed, parts.catalogue, parts.provenance, interpretation);
}

std::vector<uint8_t> join_knobs(const ModelParts& parts, const std::vector<Knob>& knobs) {
  Interpretation interpretation = parts.interpretation;
  interpretation.knobs = knobs;
  interpretation.presets.clear();
  return serialize_model(parts.network, parts.packed, parts.catalogue, parts.provenance,
                         interpretation);
}

}  // namespace pintle::converter
