// SPDX-License-Identifier: Apache-2.0
#include "converter/file/writer.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "converter/file/segments.h"
#include "converter/io/error.h"
#include "pintle/pintle.h"
#include "runtime/model/read_model.h"

namespace pintle::converter {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

constexpr uint16_t kFormatMajor = 1, kFormatMinor = 1;

fb::HookKind to_schema(HookPlace place) {
  switch (place) {
    case HookPlace::kMlp:
      return fb::HookKind_Mlp;
    case HookPlace::kLast:
      return fb::HookKind_Last;
    default:
      return fb::HookKind_Block;
  }
}

fb::SaeActivation to_schema(SaeActivation activation) {
  switch (activation) {
    case SaeActivation::kTopK:
      return fb::SaeActivation_TopK;
    case SaeActivation::kJumpRelu:
      return fb::SaeActivation_JumpRelu;
    default:
      return fb::SaeActivation_Relu;
  }
}

std::string sae_prefix(size_t sae) { return "saes." + std::to_string(sae) + "."; }
std::string block_prefix(size_t block) { return "blocks." + std::to_string(block) + "."; }

// Collects tensors in file order.
class Packer {
 public:
  Packer(fb::DType precision, std::vector<PackedTensor>* tensors,
         const ParallelFor& parallel_for = one_by_one)
      : precision_(precision), tensors_(tensors), parallel_for_(parallel_for) {}

  void matrix(const std::string& name, const Matrix& matrix,
              const Eigen::MatrixXd* moments = nullptr) {
    tensors_->push_back(pack_panels(name, matrix, precision_, moments, parallel_for_));
  }
  void vector(const std::string& name, const std::vector<float>& values) {
    if (!values.empty()) tensors_->push_back(pack_vector(name, values));
  }
  void positions(const Matrix& matrix) {
    if (matrix.rows == 0) return;
    tensors_->push_back(pack_rows("positions", matrix,
                                  precision_ == fb::DType_F32 ? fb::DType_F32 : fb::DType_F16));
  }
  void linear(const std::string& name, const Linear& linear) {
    matrix(name + ".weight", linear.weight);
    vector(name + ".bias", linear.bias);
  }
  void norm(const std::string& name, const Norm& norm) {
    vector(name + ".gain", norm.gain);
    vector(name + ".bias", norm.bias);
  }

 private:
  fb::DType precision_;
  std::vector<PackedTensor>* tensors_;
  const ParallelFor parallel_for_;
};

// Writes the metadata. Runs twice: offsets of segments depend on the metadata's size, which depends
// on nothing but the structure, as segments are structs of fixed width.
class MetadataBuilder {
 public:
  MetadataBuilder(const Network& network, const PackedNetwork& packed, const Catalogue& catalogue,
                  const Provenance& provenance, const Interpretation& interpretation)
      : network_(network),
        packed_(packed),
        catalogue_(catalogue),
        provenance_(provenance),
        interpretation_(interpretation) {}

  // Lays out every segment; to be called once, before build.
  void add_segments(SegmentList* segments) {
    for (const PackedTensor& tensor : packed_.tensors) {
      const fb::Segment data = segments->add(tensor.data);
      placed_.push_back({&tensor, data, segments->add(tensor.scales)});
    }
    if (!packed_.exact_fine.empty()) exact_fine_ = segments->add(packed_.exact_fine);
    const size_t count = catalogue_.id_order.size();
    if (catalogue_.has_text_ids) {
      text_ids_ = segments->add_strings(catalogue_.text_ids, "ids");
    } else {
      integer_ids_ = segments->add_array(catalogue_.integer_ids);
    }
    id_order_ = segments->add_array(catalogue_.id_order);
    if (!catalogue_.trained.empty()) {
      std::vector<uint8_t> bitmap((count + 7) / 8);
      for (size_t i = 0; i < count; ++i) {
        if (catalogue_.trained[i]) bitmap[i / 8] |= static_cast<uint8_t>(1u << i % 8);
      }
      trained_ = segments->add(bitmap);
    }
    if (!catalogue_.titles.empty()) {
      titles_ = segments->add_strings(catalogue_.titles, "titles");
    }
    if (!catalogue_.item_attributes.empty()) {
      std::vector<uint32_t> offsets{0}, values;
      for (const std::vector<uint32_t>& attributes : catalogue_.item_attributes) {
        values.insert(values.end(), attributes.begin(), attributes.end());
        offsets.push_back(static_cast<uint32_t>(values.size()));
      }
      if (!values.empty()) {
        item_attribute_offsets_ = segments->add_array(offsets);
        item_attributes_ = segments->add_array(values);
        add_attribute_items(segments);
      }
    }
    for (const InterpretedSae& sae : interpretation_.saes) {
      labels_.push_back(sae.labels.empty() ? StringSegments{}
                                           : segments->add_strings(sae.labels, "feature labels"));
    }
  }

  // `base`: where the first segment starts in the file. `hash`: the network's, for its SAEs.
  std::vector<uint8_t> build(uint64_t base, uint64_t file_size, uint32_t hash) {
    base_ = base;
    network_hash_ = hash;
    builder_.Clear();
    // A field that happens to hold its default still takes its place: the size is the structure's.
    builder_.ForceDefaults(true);
    builder_.FinishSizePrefixed(model(file_size), fb::ModelIdentifier());
    return {builder_.GetBufferPointer(), builder_.GetBufferPointer() + builder_.GetSize()};
  }

 private:
  struct Placed {
    const PackedTensor* tensor;
    fb::Segment data, scales;  // offsets from the first segment
  };

  // The items of each attribute: the items' attributes, turned.
  void add_attribute_items(SegmentList* segments) {
    std::vector<std::vector<uint32_t>> items(catalogue_.attributes.size());
    for (uint32_t item = 0; item < catalogue_.item_attributes.size(); ++item) {
      for (uint32_t attribute : catalogue_.item_attributes[item]) items[attribute].push_back(item);
    }
    std::vector<uint32_t> offsets{0}, values;
    for (const std::vector<uint32_t>& list : items) {
      values.insert(values.end(), list.begin(), list.end());
      offsets.push_back(static_cast<uint32_t>(values.size()));
    }
    attribute_item_offsets_ = segments->add_array(offsets);
    attribute_items_ = segments->add_array(values);
  }

  fb::Segment at_base(const fb::Segment& segment) const {
    if (segment.size() == 0) return fb::Segment(0, 0, 0, 0);
    return fb::Segment(base_ + segment.offset(), segment.size(), segment.crc32(), 0);
  }

  // 0 for a tensor that the network does not have.
  Offset<fb::Tensor> tensor(const std::string& name) {
    const auto found = std::find_if(placed_.begin(), placed_.end(), [&](const Placed& placed) {
      return placed.tensor->name == name;
    });
    if (found == placed_.end()) return 0;
    const PackedTensor& packed = *found->tensor;
    const fb::Segment data = at_base(found->data), scales = at_base(found->scales);
    return fb::CreateTensor(builder_, packed.rows, packed.cols, packed.dtype, packed.layout, &data,
                            packed.scales.empty() ? nullptr : &scales, packed.relative_error);
  }
  Offset<fb::Tensor> required_tensor(const std::string& name) {
    const Offset<fb::Tensor> offset = tensor(name);
    if (offset.IsNull()) throw Error("the network has no tensor " + name);
    return offset;
  }
  Offset<fb::Linear> linear(const std::string& name) {
    const auto weight = required_tensor(name + ".weight");
    return fb::CreateLinear(builder_, weight, required_tensor(name + ".bias"));
  }
  Offset<fb::Norm> norm(const std::string& name, float eps) {
    const auto gain = required_tensor(name + ".gain");
    return fb::CreateNorm(builder_, gain, required_tensor(name + ".bias"), eps);
  }
  Offset<fb::Norm> optional_norm(const std::string& name, const std::optional<Norm>& value) {
    return value ? norm(name, value->eps) : Offset<fb::Norm>(0);
  }

  Offset<fb::Architecture> architecture() {
    const Network& n = network_;
    const auto u32 = [](int64_t value) { return static_cast<uint32_t>(value); };
    return fb::CreateArchitecture(builder_, builder_.CreateString(n.recipe), u32(n.dim),
                                  u32(n.heads), u32(n.ffn_dim), u32(n.window), n.item_scale,
                                  n.position_origin, n.pad_keys, n.mask, n.norm_placement,
                                  n.key_value_source, n.attention_residual, n.ffn_residual,
                                  n.ffn_activation, u32(n.skip_oldest));
  }

  Offset<fb::Block> block(size_t index) {
    const Block& block = network_.blocks[index];
    const std::string prefix = block_prefix(index);
    const auto attention_norm = norm(prefix + "attention_norm", block.attention_norm.eps);
    const auto query = linear(prefix + "query");
    const auto key_value = linear(prefix + "key_value");
    const auto output = block.output ? linear(prefix + "output") : Offset<fb::Linear>(0);
    const auto ffn_norm = norm(prefix + "ffn_norm", block.ffn_norm.eps);
    const auto ffn_in = linear(prefix + "ffn_in");
    return fb::CreateBlock(builder_, attention_norm, query, key_value, output, ffn_norm, ffn_in,
                           linear(prefix + "ffn_out"));
  }

  Offset<fb::StringTable> string_table(const StringSegments& strings) {
    if (strings.offsets.size() == 0) return 0;
    const fb::Segment offsets = at_base(strings.offsets), bytes = at_base(strings.bytes);
    return fb::CreateStringTable(builder_, &offsets, &bytes);
  }

  Offset<fb::Catalogue> catalogue() {
    const auto text_ids = string_table(text_ids_);
    const auto titles = string_table(titles_);
    std::vector<Offset<fb::Attribute>> attributes;
    for (const auto& [group, name] : catalogue_.attributes) {
      const auto group_offset = builder_.CreateSharedString(group);
      attributes.push_back(
          fb::CreateAttribute(builder_, group_offset, builder_.CreateString(name)));
    }
    const auto attribute_vector = builder_.CreateVector(attributes);
    const fb::Segment integer_ids = at_base(integer_ids_), id_order = at_base(id_order_);
    const fb::Segment trained = at_base(trained_);
    const fb::Segment offsets = at_base(item_attribute_offsets_);
    const fb::Segment values = at_base(item_attributes_);
    const fb::Segment turned_offsets = at_base(attribute_item_offsets_);
    const fb::Segment turned_values = at_base(attribute_items_);
    const auto if_used = [](const fb::Segment& segment) {
      return segment.size() == 0 ? nullptr : &segment;
    };
    return fb::CreateCatalogue(builder_, static_cast<uint32_t>(catalogue_.id_order.size()),
                               catalogue_.has_text_ids ? fb::IdKind_Text : fb::IdKind_Integer,
                               if_used(integer_ids), text_ids, &id_order, if_used(trained), titles,
                               attribute_vector, if_used(offsets), if_used(values),
                               if_used(turned_offsets), if_used(turned_values));
  }

  Offset<fb::Provenance> provenance() {
    std::vector<Offset<fb::Metric>> quality;
    for (const auto& [name, value] : provenance_.quality) {
      quality.push_back(fb::CreateMetric(builder_, builder_.CreateString(name), value));
    }
    const auto version = builder_.CreateString(pintle_version());
    const auto source = builder_.CreateString(provenance_.source_name);
    const auto sha256 = builder_.CreateString(provenance_.source_sha256);
    const auto precision = builder_.CreateString(precision_name(packed_.precision));
    const auto settings = builder_.CreateVectorOfStrings(packed_.settings);
    const auto assumptions = builder_.CreateVectorOfStrings(network_.assumptions);
    return fb::CreateProvenance(builder_, version, source, sha256, precision, settings, assumptions,
                                builder_.CreateVector(quality));
  }

  Offset<fb::ExactScan> exact() {
    if (packed_.exact_fine.empty()) return 0;
    const auto rows = required_tensor("exact.rows");
    const auto basis = required_tensor("exact.basis");
    const auto centre = required_tensor("exact.centre");
    const auto coarse = required_tensor("exact.coarse");
    const auto coarse_weights = required_tensor("exact.coarse_weights");
    const fb::Segment fine = at_base(exact_fine_);
    return fb::CreateExactScan(builder_, rows, basis, centre, coarse, coarse_weights,
                               packed_.exact_step, &fine, required_tensor("exact.fine_weights"),
                               packed_.exact_largest_row);
  }

  Offset<fb::Sae> sae(size_t index) {
    const InterpretedSae& sae = interpretation_.saes[index];
    const SaeWeights& weights = sae.weights;
    const std::string prefix = sae_prefix(index);
    const auto name = builder_.CreateString(sae.name);
    const auto encoder = linear(prefix + "encoder");
    const auto threshold = tensor(prefix + "threshold");
    const auto decoder = required_tensor(prefix + "decoder");
    const auto decoder_bias = required_tensor(prefix + "decoder_bias");
    const auto labels = string_table(labels_[index]);
    return fb::CreateSae(builder_, name, to_schema(weights.hook.place),
                         static_cast<uint32_t>(weights.hook.index), to_schema(weights.activation),
                         static_cast<uint32_t>(weights.k), static_cast<uint32_t>(weights.dict),
                         encoder, threshold, decoder, decoder_bias, network_hash_, labels,
                         tensor(prefix + "statistics"));
  }

  Offset<fb::Knob> knob(const Knob& knob) {
    std::vector<uint32_t> features;
    std::vector<float> weights, strengths, shares, ndcgs;
    for (const auto& [feature, weight] : knob.features) {
      features.push_back(feature);
      weights.push_back(weight);
    }
    for (const KnobCurvePoint& point : knob.curve) {
      strengths.push_back(point.strength);
      shares.push_back(point.share);
      ndcgs.push_back(point.ndcg);
    }
    const auto name = builder_.CreateString(knob.name);
    const auto feature_vector = builder_.CreateVector(features);
    const auto weight_vector = builder_.CreateVector(weights);
    const auto strength_vector = builder_.CreateVector(strengths);
    const auto share_vector = builder_.CreateVector(shares);
    return fb::CreateKnob(builder_, name, attribute_index(knob), knob.sae, feature_vector,
                          weight_vector, knob.attribute_bias, knob.attribute_bonus,
                          knob.temperature, knob.min_strength, knob.max_strength, strength_vector,
                          share_vector, builder_.CreateVector(ndcgs));
  }

  // -1 for a knob without an attribute.
  int32_t attribute_index(const Knob& knob) const {
    if (knob.attribute_group.empty() && knob.attribute_name.empty()) return -1;
    for (size_t i = 0; i < catalogue_.attributes.size(); ++i) {
      if (catalogue_.attributes[i] == std::make_pair(knob.attribute_group, knob.attribute_name)) {
        return static_cast<int32_t>(i);
      }
    }
    throw Error("the knob " + knob.name + " is for the attribute " + knob.attribute_group + " \"" +
                knob.attribute_name +
                "\", which the catalogue lacks: pass the --items it was made " + "with");
  }

  Offset<fb::Preset> preset(const Preset& preset) {
    std::vector<uint32_t> knobs;
    std::vector<float> strengths;
    for (const auto& [name, strength] : preset.strengths) {
      size_t index = 0;
      while (index < interpretation_.knobs.size() && interpretation_.knobs[index].name != name) {
        ++index;
      }
      if (index == interpretation_.knobs.size()) {
        throw Error("the preset " + preset.name + " names the knob " + name + ", which is none");
      }
      knobs.push_back(static_cast<uint32_t>(index));
      strengths.push_back(strength);
    }
    const auto name = builder_.CreateString(preset.name);
    const auto knob_vector = builder_.CreateVector(knobs);
    return fb::CreatePreset(builder_, name, knob_vector, builder_.CreateVector(strengths));
  }

  Offset<fb::Model> model(uint64_t file_size) {
    const Network& n = network_;
    const auto architecture_offset = architecture();
    const auto items = required_tensor("items");
    const auto output_items = tensor("output_items");
    const auto item_bias = tensor("item_bias");
    const auto positions = tensor("positions");
    const auto pad = tensor("pad_embedding");
    const auto mask = tensor("mask_embedding");
    const auto embedding_norm = optional_norm("embedding_norm", n.embedding_norm);
    std::vector<Offset<fb::Block>> blocks;
    for (size_t i = 0; i < n.blocks.size(); ++i) blocks.push_back(block(i));
    const auto block_vector = builder_.CreateVector(blocks);
    const auto final_norm = optional_norm("final_norm", n.final_norm);
    const auto head_dense = n.head_dense ? linear("head_dense") : Offset<fb::Linear>(0);
    const auto head_norm = optional_norm("head_norm", n.head_norm);
    const auto catalogue_offset = catalogue();
    const auto provenance_offset = provenance();
    std::vector<Offset<fb::Sae>> saes;
    for (size_t i = 0; i < interpretation_.saes.size(); ++i) saes.push_back(sae(i));
    const auto sae_vector = builder_.CreateVector(saes);
    std::vector<Offset<fb::Knob>> knobs;
    for (const Knob& entry : interpretation_.knobs) knobs.push_back(knob(entry));
    const auto knob_vector = builder_.CreateVector(knobs);
    std::vector<Offset<fb::Preset>> presets;
    for (const Preset& entry : interpretation_.presets) presets.push_back(preset(entry));
    const auto preset_vector = builder_.CreateVector(presets);
    const auto exact_offset = exact();
    return fb::CreateModel(builder_, kFormatMajor, kFormatMinor, /*required_features=*/0, file_size,
                           architecture_offset, items, output_items, item_bias, positions, pad,
                           mask, embedding_norm, block_vector, final_norm, head_dense,
                           n.head_activation, head_norm, catalogue_offset, provenance_offset,
                           sae_vector, knob_vector, preset_vector, exact_offset);
  }

  const Network& network_;
  const PackedNetwork& packed_;
  const Catalogue& catalogue_;
  const Provenance& provenance_;
  const Interpretation& interpretation_;
  FlatBufferBuilder builder_;
  uint64_t base_ = 0;
  std::vector<Placed> placed_;
  fb::Segment exact_fine_, integer_ids_, id_order_, trained_;
  fb::Segment item_attribute_offsets_, item_attributes_, attribute_item_offsets_, attribute_items_;
  StringSegments text_ids_, titles_;
  std::vector<StringSegments> labels_;  // one an SAE
  uint32_t network_hash_ = 0;
};

}  // namespace

PackedNetwork pack_network(const Network& network, fb::DType precision,
                           const Eigen::MatrixXd* moments, const ParallelFor& parallel_for) {
  const fb::DType sensitive = precision == fb::DType_I4 ? fb::DType_I8 : precision;
  PackedNetwork packed;
  packed.precision = precision;
  Packer items(precision, &packed.tensors, parallel_for), pack(sensitive, &packed.tensors);
  items.matrix("items", network.items, network.output_items ? nullptr : moments);
  if (network.output_items) items.matrix("output_items", *network.output_items, moments);
  pack.vector("item_bias", network.item_bias);
  pack.positions(network.positions);
  pack.vector("pad_embedding", network.pad_embedding);
  pack.vector("mask_embedding", network.mask_embedding);
  if (network.embedding_norm) pack.norm("embedding_norm", *network.embedding_norm);
  for (size_t i = 0; i < network.blocks.size(); ++i) {
    const Block& block = network.blocks[i];
    const std::string prefix = block_prefix(i);
    pack.norm(prefix + "attention_norm", block.attention_norm);
    pack.linear(prefix + "query", block.query);
    pack.linear(prefix + "key_value", block.key_value);
    if (block.output) pack.linear(prefix + "output", *block.output);
    pack.norm(prefix + "ffn_norm", block.ffn_norm);
    items.linear(prefix + "ffn_in", block.ffn_in);
    pack.linear(prefix + "ffn_out", block.ffn_out);
  }
  if (network.final_norm) pack.norm("final_norm", *network.final_norm);
  if (network.head_dense) pack.linear("head_dense", *network.head_dense);
  if (network.head_norm) pack.norm("head_norm", *network.head_norm);

  packed.settings.push_back(std::string("items=") + precision_name(precision));
  packed.settings.push_back(std::string("blocks=") + precision_name(sensitive) +
                            (sensitive != precision ? ", ffn_in int4" : ""));
  packed.settings.push_back("vectors=f32");
  packed.settings.push_back(std::string("positions=") +
                            (precision == fb::DType_F32 ? "f32" : "f16"));
  if (sensitive == fb::DType_I8) packed.settings.push_back("int8=f32 scale a row");
  if (precision == fb::DType_I4) packed.settings.push_back("int4=f16 scale a row and 32 columns");
  if (moments != nullptr) packed.settings.push_back("calibration=the model's own histories");
  return packed;
}

void pack_saes(const Interpretation& interpretation, PackedNetwork* packed) {
  const fb::DType dtype = packed->precision == fb::DType_F32 ? fb::DType_F32 : fb::DType_I8;
  for (size_t i = 0; i < interpretation.saes.size(); ++i) {
    const InterpretedSae& sae = interpretation.saes[i];
    const std::string prefix = sae_prefix(i);
    Packer pack(dtype, &packed->tensors);
    pack.matrix(prefix + "encoder.weight", sae.weights.encoder);
    pack.vector(prefix + "encoder.bias", sae.weights.encoder_bias);
    pack.vector(prefix + "threshold", sae.weights.threshold);
    packed->tensors.push_back(pack_rows(prefix + "decoder", sae.weights.decoder, dtype));
    pack.vector(prefix + "decoder_bias", sae.weights.decoder_bias);
    if (sae.statistics.empty()) continue;
    Matrix statistics{static_cast<int64_t>(sae.statistics.size()), 5, {}};
    for (const FeatureStatistics& s : sae.statistics) {
      statistics.values.insert(statistics.values.end(), {s.density, s.p50, s.p95, s.p99, s.max});
    }
    packed->tensors.push_back(pack_rows(prefix + "statistics", statistics, fb::DType_F32));
  }
}

std::string network_hash_text(uint32_t hash) {
  char text[9];
  std::snprintf(text, sizeof(text), "%08x", hash);
  return text;
}

std::vector<uint8_t> serialize_model(const Network& network, const PackedNetwork& packed,
                                     const Catalogue& catalogue, const Provenance& provenance,
                                     const Interpretation& interpretation) {
  SegmentList segments;
  MetadataBuilder metadata(network, packed, catalogue, provenance, interpretation);
  metadata.add_segments(&segments);
  const std::vector<uint8_t> draft = metadata.build(0, 0, 0);
  const uint32_t hash = internal::network_hash(*fb::GetSizePrefixedModel(draft.data()));
  for (const InterpretedSae& sae : interpretation.saes) {
    const std::string& trained_on = sae.weights.model_hash;
    if (!trained_on.empty() && trained_on != network_hash_text(hash)) {
      throw Error("the SAE " + sae.name + " was trained on network " + trained_on +
                  ", this one is " + network_hash_text(hash) +
                  ": convert with the same checkpoint and --precision, or train it again");
    }
  }
  const uint64_t base = SegmentList::align(draft.size());
  const uint64_t file_size = base + segments.bytes().size();
  std::vector<uint8_t> file = metadata.build(base, file_size, hash);
  if (SegmentList::align(file.size()) != base) {
    throw Error("the model's metadata changed its size between two passes");
  }
  file.resize(base, 0);
  file.insert(file.end(), segments.bytes().begin(), segments.bytes().end());
  return file;
}

uint64_t stored_bytes(const PackedTensor& tensor) {
  return SegmentList::align(tensor.data.size()) + SegmentList::align(tensor.scales.size());
}

}  // namespace pintle::converter
