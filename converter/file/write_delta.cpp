// SPDX-License-Identifier: Apache-2.0
#include "converter/file/write_delta.h"

#include "converter/file/quantize.h"
#include "converter/file/segments.h"
#include "converter/file/write_catalogue.h"
#include "converter/io/error.h"
#include "pintle/pintle.h"
#include "schema/format_version.h"
#include "schema/model_hash.h"
#include "schema/tensor_layout.h"

namespace pintle::converter {
namespace {

constexpr char kDeltaIdentifier[] = "PNTD";

class DeltaBuilder {
 public:
  DeltaBuilder(const fb::Model& base, const Delta& delta)
      : base_(base),
        delta_(delta),
        count_(delta.catalogue.id_order.size()),
        catalogue_(delta.catalogue,
                   {false, static_cast<uint32_t>(format::round_up(base.catalogue()->item_count(),
                                                                  format::kPanelRows))}) {}

  // Lays out every segment; to be called once, before build.
  void add_segments(SegmentList* segments) {
    retired_ = segments->add_array(delta_.retired);
    if (count_ == 0) return;
    const ItemTables& tables = delta_.tables;
    items_ = place(pack_panels("items", tables.items, base_.items()->dtype()), segments);
    if (base_.output_items() != nullptr) {
      if (!tables.output_items) throw Error("the delta has no rows of output_items");
      output_items_ =
          place(pack_panels("output_items", *tables.output_items, base_.output_items()->dtype()),
                segments);
    }
    if (base_.item_bias() != nullptr) {
      item_bias_ = place(pack_vector("item_bias", tables.item_bias), segments);
    }
    if (base_.exact() != nullptr) {
      exact_rows_ = place(pack_rows("exact_rows", tables.scored(), fb::DType_F32), segments);
    }
    catalogue_.add_segments(segments);
  }

  // `base`: where the first segment starts in the file.
  std::vector<uint8_t> build(uint64_t base, uint64_t file_size) {
    start_ = base;
    builder_.Clear();
    builder_.ForceDefaults(true);  // see MetadataBuilder
    const fb::Segment retired = placed_at(base, retired_);
    const auto items = tensor(items_), output_items = tensor(output_items_);
    const auto item_bias = tensor(item_bias_), exact_rows = tensor(exact_rows_);
    const auto catalogue =
        count_ == 0 ? flatbuffers::Offset<fb::Catalogue>(0) : catalogue_.table(&builder_, base);
    std::vector<flatbuffers::Offset<fb::Metric>> quality;
    for (const auto& [name, value] : delta_.quality) {
      quality.push_back(fb::CreateMetric(builder_, builder_.CreateString(name), value));
    }
    const auto metrics = builder_.CreateVector(quality);
    const auto version = builder_.CreateString(pintle_version());
    const uint64_t features =
        has_soft_attributes(delta_.catalogue) ? format::kFeatureMemberships : 0;
    builder_.FinishSizePrefixed(
        fb::CreateDelta(builder_, format::kFormatMajor, format::kFormatMinor, features, file_size,
                        format::model_hash(base_), base_.catalogue()->item_count(),
                        base_.file_size(), delta_.retired.empty() ? nullptr : &retired, items,
                        output_items, item_bias, exact_rows, catalogue, version, metrics),
        kDeltaIdentifier);
    return {builder_.GetBufferPointer(), builder_.GetBufferPointer() + builder_.GetSize()};
  }

 private:
  struct Placed {
    PackedTensor tensor;  // without its bytes
    fb::Segment data, scales;
    bool is_used = false;
  };

  Placed place(PackedTensor tensor, SegmentList* segments) const {
    if (tensor.rows != count_) {
      throw Error("the delta has " + std::to_string(tensor.rows) + " rows of " + tensor.name +
                  " for " + std::to_string(count_) + " items");
    }
    Placed placed;
    placed.data = segments->add(tensor.data);
    placed.scales = segments->add(tensor.scales);
    placed.is_used = true;
    tensor.data.clear();
    tensor.scales.clear();
    placed.tensor = std::move(tensor);
    return placed;
  }
  flatbuffers::Offset<fb::Tensor> tensor(const Placed& placed) {
    if (!placed.is_used) return 0;
    const fb::Segment data = placed_at(start_, placed.data);
    const fb::Segment scales = placed_at(start_, placed.scales);
    const PackedTensor& packed = placed.tensor;
    return fb::CreateTensor(builder_, packed.rows, packed.cols, packed.dtype, packed.layout, &data,
                            scales.size() == 0 ? nullptr : &scales, packed.relative_error);
  }

  const fb::Model& base_;
  const Delta& delta_;
  const size_t count_;  // added items
  CatalogueWriter catalogue_;
  flatbuffers::FlatBufferBuilder builder_;
  uint64_t start_ = 0;
  fb::Segment retired_;
  Placed items_, output_items_, item_bias_, exact_rows_;
};

}  // namespace

std::vector<uint8_t> serialize_delta(const fb::Model& base, const Delta& delta) {
  SegmentList segments;
  DeltaBuilder metadata(base, delta);
  metadata.add_segments(&segments);
  return join_file(
      [&](uint64_t start, uint64_t file_size) { return metadata.build(start, file_size); },
      segments);
}

}  // namespace pintle::converter
