// SPDX-License-Identifier: Apache-2.0
#include "converter/file/writer.h"

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <type_traits>

#include "converter/file/segments.h"
#include "converter/file/write_catalogue.h"
#include "converter/file/write_knobs.h"
#include "converter/io/error.h"
#include "pintle/pintle.h"
#include "schema/format_version.h"
#include "schema/network_hash.h"
#include "schema/network_tensors.h"

namespace pintle::converter {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

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

// A member's eps, and whether the network has it.
float eps_of(const Norm& norm) { return norm.eps; }
float eps_of(const std::optional<Norm>& norm) { return norm ? norm->eps : 0; }

uint64_t required_features(const Network& network, const Catalogue& catalogue,
                           const Interpretation& interpretation) {
  const bool has_rewards = std::any_of(interpretation.knobs.begin(), interpretation.knobs.end(),
                                       [](const Knob& knob) { return !knob.rewards.empty(); });
  return (network.norm_form != fb::NormForm_EpsInside ? format::kFeatureNormForm : 0) |
         (network.mask == fb::AttentionMask_BidirectionalNewest ? format::kFeatureReadNewest : 0) |
         (has_rewards ? format::kFeatureRewards : 0) |
         (has_soft_attributes(catalogue) ? format::kFeatureMemberships : 0);
}

// Writes the metadata. Runs twice: offsets of segments depend on the metadata's size, which depends
// on nothing but the structure, as segments are structs of fixed width.
class MetadataBuilder {
 public:
  MetadataBuilder(const Network& network, const PackedNetwork& packed, const Catalogue& catalogue,
                  const Provenance& provenance, const Interpretation& interpretation)
      : network_(network),
        packed_(packed),
        catalogue_(catalogue),
        catalogue_writer_(catalogue),
        provenance_(provenance),
        interpretation_(interpretation) {}

  // Lays out every segment; to be called once, before build.
  void add_segments(SegmentList* segments) {
    for (const PackedTensor& tensor : packed_.tensors) {
      const fb::Segment data = segments->add(tensor.data);
      placed_.push_back({&tensor, data, segments->add(tensor.scales)});
    }
    if (!packed_.exact_fine.empty()) exact_fine_ = segments->add(packed_.exact_fine);
    catalogue_writer_.add_segments(segments);
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

  fb::Segment at_base(const fb::Segment& segment) const { return placed_at(base_, segment); }

  const Placed* find(const std::string& name) const {
    const auto found = std::find_if(placed_.begin(), placed_.end(), [&](const Placed& placed) {
      return placed.tensor->name == name;
    });
    return found == placed_.end() ? nullptr : &*found;
  }
  // 0 for a tensor that the network does not have.
  Offset<fb::Tensor> tensor(const std::string& name) {
    const Placed* found = find(name);
    if (found == nullptr) return 0;
    const PackedTensor& packed = *found->tensor;
    const fb::Segment data = at_base(found->data), scales = at_base(found->scales);
    return fb::CreateTensor(builder_, packed.rows, packed.cols, packed.dtype, packed.layout, &data,
                            packed.scales.empty() ? nullptr : &scales, packed.relative_error);
  }
  // What a field holds that names tensors; `peer`, of which it takes epsilons, is its network or block.
  template <typename Field, typename Peer>
  typename Field::Created tensors(Field, const std::string& prefix,
                                  [[maybe_unused]] const Peer& peer) {
    static_assert(format::is_tensor<Field>, "the builder does not say what this field holds");
    const std::string name = prefix + Field::kName;
    if constexpr (std::is_same_v<typename Field::Kind, format::Linear>) {
      if (find(name + ".weight") == nullptr) return 0;
      const auto weight = tensor(name + ".weight");
      return fb::CreateLinear(builder_, weight, tensor(name + ".bias"));
    } else if constexpr (std::is_same_v<typename Field::Kind, format::Norm>) {
      if (find(name + ".gain") == nullptr) return 0;
      const auto gain = tensor(name + ".gain");
      return fb::CreateNorm(builder_, gain, tensor(name + ".bias"), eps_of(Field::in(peer)));
    } else {
      return tensor(name);
    }
  }

  // Calls fb::Create<table> with value(field) for each of its parameters, made in their order.
  template <typename Table, typename... Fields, typename Value>
  Offset<Table> create(Offset<Table> (*function)(FlatBufferBuilder&, typename Fields::Created...),
                       format::FieldList<Fields...>, const Value& value) {
    const std::tuple<typename Fields::Created...> values{value(Fields{})...};
    return std::apply([&](const auto&... each) { return function(builder_, each...); }, values);
  }

  Offset<fb::Architecture> architecture() {
    return create(
        fb::CreateArchitecture, format::FieldsOf<format::Architecture>::List(),
        format::Overloaded{
            [&](format::Architecture::name) { return builder_.CreateString(network_.recipe); },
            [&](auto number) {
              return static_cast<typename decltype(number)::Created>(number.in(network_));
            }});
  }

  Offset<fb::Block> block(size_t index, const std::string& prefix) {
    return create(fb::CreateBlock, format::FieldsOf<format::Block>::List(),
                  [&](auto field) { return tensors(field, prefix, network_.blocks[index]); });
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
    const auto metrics = builder_.CreateVector(quality);
    return fb::CreateProvenance(builder_, version, source, sha256, precision, settings, assumptions,
                                metrics,
                                builder_.CreateVectorOfStrings(provenance_.main_parameters));
  }

  Offset<fb::ExactScan> exact() {
    if (packed_.exact_fine.empty()) return 0;
    const fb::Segment fine = at_base(exact_fine_);
    using format::ExactScan;
    return create(
        fb::CreateExactScan, format::FieldsOf<ExactScan>::List(),
        format::Overloaded{[&](ExactScan::coarse_step) { return packed_.exact_step; },
                           [&](ExactScan::fine) { return &fine; },
                           [&](ExactScan::largest_row) { return packed_.exact_largest_row; },
                           [&](auto field) { return tensors(field, "exact.", packed_); }});
  }

  Offset<fb::Sae> sae(size_t index) {
    const InterpretedSae& sae = interpretation_.saes[index];
    const SaeWeights& weights = sae.weights;
    const std::string prefix = "saes." + std::to_string(index) + ".";
    const auto u32 = [](int64_t value) { return static_cast<uint32_t>(value); };
    using format::Sae;
    return create(fb::CreateSae, format::FieldsOf<Sae>::List(),
                  format::Overloaded{[&](Sae::name) { return builder_.CreateString(sae.name); },
                                     [&](Sae::hook) { return hook_kind(weights.hook.place); },
                                     [&](Sae::layer) { return u32(weights.hook.index); },
                                     [&](Sae::activation) { return to_schema(weights.activation); },
                                     [&](Sae::k) { return u32(weights.k); },
                                     [&](Sae::feature_count) { return u32(weights.dict); },
                                     [&](Sae::network_hash) { return network_hash_; },
                                     [&](Sae::labels) {
                                       return write_string_table(&builder_, labels_[index], base_);
                                     },
                                     [&](auto field) { return tensors(field, prefix, weights); }});
  }

  // A vector of tables, make(i) each.
  template <typename Make>
  auto tables(size_t count, const Make& make) {
    std::vector<decltype(make(size_t{}))> offsets;
    for (size_t i = 0; i < count; ++i) offsets.push_back(make(i));
    return builder_.CreateVector(offsets);
  }

  Offset<fb::Model> model(uint64_t file_size) {
    const Interpretation& interpretation = interpretation_;
    using format::Model;
    return create(
        fb::CreateModel, format::FieldsOf<Model>::List(),
        format::Overloaded{
            [&](Model::format_major) { return format::kFormatMajor; },
            [&](Model::format_minor) { return format::kFormatMinor; },
            [&](Model::required_features) {
              return required_features(network_, catalogue_, interpretation_);
            },
            [&](Model::file_size) { return file_size; },
            [&](Model::architecture) { return architecture(); },
            [&](Model::blocks blocks) {
              return tables(network_.blocks.size(), [&](size_t i) {
                return block(i, std::string(blocks.kName) + "." + std::to_string(i) + ".");
              });
            },
            [&](Model::head_activation) { return network_.head_activation; },
            [&](Model::catalogue) { return catalogue_writer_.table(&builder_, base_); },
            [&](Model::provenance) { return provenance(); },
            [&](Model::saes) {
              return tables(interpretation.saes.size(), [&](size_t i) { return sae(i); });
            },
            [&](Model::knobs) {
              return tables(interpretation.knobs.size(), [&](size_t i) {
                return write_knob(&builder_, interpretation.knobs[i], catalogue_.attributes);
              });
            },
            [&](Model::presets) {
              return tables(interpretation.presets.size(), [&](size_t i) {
                return write_preset(&builder_, interpretation.presets[i], interpretation.knobs);
              });
            },
            [&](Model::exact) { return exact(); },
            [&](Model::temperature) { return interpretation.temperature; },
            [&](Model::wish_unit) { return interpretation.wish_unit; },
            [&](auto field) { return tensors(field, "", network_); }});
  }

  const Network& network_;
  const PackedNetwork& packed_;
  const Catalogue& catalogue_;
  CatalogueWriter catalogue_writer_;
  const Provenance& provenance_;
  const Interpretation& interpretation_;
  FlatBufferBuilder builder_;
  uint64_t base_ = 0;
  std::vector<Placed> placed_;
  fb::Segment exact_fine_;
  std::vector<StringSegments> labels_;  // one an SAE
  uint32_t network_hash_ = 0;
};

void require_tensors(const fb::Model& root) {
  format::for_each_tensor(
      root, [](const char* name, const fb::Tensor* tensor, format::Presence presence) {
        if (tensor != nullptr || presence != format::kRequired) return true;
        throw Error(std::string("the network has no tensor ") + name);
      });
}

}  // namespace

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
  require_tensors(*fb::GetSizePrefixedModel(draft.data()));
  const uint32_t hash = format::network_hash(*fb::GetSizePrefixedModel(draft.data()));
  for (const InterpretedSae& sae : interpretation.saes) {
    const std::string& trained_on = sae.weights.model_hash;
    if (!trained_on.empty() && trained_on != network_hash_text(hash)) {
      throw Error("the SAE " + sae.name + " was trained on network " + trained_on +
                  ", this one is " + network_hash_text(hash) +
                  ": convert with the same checkpoint and --precision, or train it again");
    }
  }
  return join_file(
      [&](uint64_t start, uint64_t file_size) { return metadata.build(start, file_size, hash); },
      segments);
}

uint64_t stored_bytes(const PackedTensor& tensor) {
  return SegmentList::align(tensor.data.size()) + SegmentList::align(tensor.scales.size());
}

}  // namespace pintle::converter
