// SPDX-License-Identifier: Apache-2.0
//
// A delta's part of a model: checked as read_model.cpp checks the model's, and against it.
#include <string.h>

#include "runtime/model/read_model.h"
#include "runtime/model/table_reader.h"
#include "schema/model_hash.h"

namespace pintle::internal {
namespace {

constexpr char kDeltaIdentifier[] = "PNTD";

// Whether the delta was made for this model.
Status check_base(const fb::Delta& root, const Model& model, const Fault& fault) {
  const uint32_t hash = format::model_hash(*model_root(model));
  if (root.base_item_count() == model.item_count &&
      root.base_file_size() == model.mapping.size_bytes && root.base_hash() == hash) {
    return PINTLE_OK;
  }
  return fault(PINTLE_ERR_OTHER_MODEL,
               "it was made for a model of %u items, %llu bytes and hash %08x, this one has %u, "
               "%llu and %08x: make it again (pintle delta)",
               root.base_item_count(), static_cast<unsigned long long>(root.base_file_size()),
               root.base_hash(), model.item_count,
               static_cast<unsigned long long>(model.mapping.size_bytes), hash);
}

class DeltaReader {
 public:
  DeltaReader(const fb::Delta& root, const TableReader& reader, const Fault& fault, Model* model)
      : root_(root), reader_(reader), fault_(fault), model_(*model) {}

  Status read() {
    if (root_.catalogue() != nullptr) PINTLE_TRY(read_items());
    return read_retired();
  }

 private:
  Status read_items() {
    const fb::Catalogue& table = *root_.catalogue();
    const uint64_t first = format::round_up(model_.item_count, kPanelRows);
    const uint32_t count = table.item_count();
    if (count == 0 || first + count > kMaxItems) {
      return fault_(PINTLE_ERR_UNSUPPORTED, "%u items added to %u: 1 is the least, %u the limit",
                    count, model_.item_count, kMaxItems);
    }
    Catalogue& base = model_.catalogue;
    Catalogue& added = model_.added;
    PINTLE_TRY(read_catalogue(table, base.attributes, reader_, fault_, &added));
    if (added.has_text_ids != base.has_text_ids || table.trained() != nullptr ||
        added.item_attribute_count > UINT32_MAX - base.item_attribute_count) {
      return fault_(PINTLE_ERR_CORRUPT,
                    "ids of another kind than the model's, untrained items or %u attributes",
                    added.item_attribute_count);
    }
    added.first_item = static_cast<uint32_t>(first);
    PINTLE_TRY(extend(root_.items(), "items", &model_.items));
    if (model_.output_items.present()) {
      PINTLE_TRY(extend(root_.output_items(), "output_items", &model_.output_items));
    }
    model_.scored_items = model_.output_items.present() ? model_.output_items : model_.items;
    if (model_.item_bias != nullptr) {
      PINTLE_TRY(floats(root_.item_bias(), fb::Layout_Panels, {count, 1, {}, "item_bias"},
                        &model_.added_bias));
    }
    if (model_.exact.present()) {
      PINTLE_TRY(floats(root_.exact_rows(), fb::Layout_Rows, {count, model_.dim, {}, "exact_rows"},
                        &model_.exact.added_rows));
    }
    base.added = &added;
    model_.item_count = added.first_item + count;
    return PINTLE_OK;
  }

  // Makes the delta's panels the second part of a table.
  Status extend(const fb::Tensor* table, const char* name, TensorView* whole) const {
    const TableReader::Wanted wanted = {model_.added.item_count, whole->cols, {}, name};
    TensorView part;
    PINTLE_TRY(reader_.tensor(table, fb::Layout_Panels, wanted, &part));
    PINTLE_TRY(reader_.require_type(part, whole->dtype, wanted));
    whole->added_panel = whole->panel_count();
    whole->added_data = part.data;
    whole->added_scales = part.scales;
    whole->rows = model_.added.first_item + part.rows;
    return PINTLE_OK;
  }
  Status floats(const fb::Tensor* table, fb::Layout layout, const TableReader::Wanted& wanted,
                const float** values) const {
    TensorView view;
    PINTLE_TRY(reader_.tensor(table, layout, wanted, &view));
    *values = view.floats();
    return reader_.require_type(view, fb::DType_F32, wanted);
  }

  // Trained: the base's trained items but the retired ones, and all added items.
  Status read_retired() {
    Catalogue& catalogue = model_.catalogue;
    const size_t size_bytes = trained_bytes(model_);
    uint8_t* bits = static_cast<uint8_t*>(model_.allocator.allocate(size_bytes, 1));
    if (bits == nullptr) {
      return fault_(PINTLE_ERR_OUT_OF_MEMORY, "no memory for which of %u items are left",
                    model_.item_count);
    }
    model_.trained_with_delta = bits;
    const uint32_t base = model_.base_item_count, bytes = (base + 7) / 8;
    memset(bits, 0xff, size_bytes);  // added items, too
    if (catalogue.trained != nullptr) memcpy(bits, catalogue.trained, bytes);
    if (base % 8 != 0) bits[base / 8] &= static_cast<uint8_t>((1u << base % 8) - 1);
    // What is left of the base's last panel is nobody's.
    if (bytes % 2 != 0) bits[bytes] = 0;
    catalogue.trained = bits;
    catalogue.trained_end = model_.item_count;
    if (root_.retired() == nullptr) return PINTLE_OK;
    const uint64_t size = root_.retired()->size();
    const uint8_t* data = nullptr;
    PINTLE_TRY(reader_.segment(root_.retired(), size / 4 * 4, "retired", &data));
    const uint32_t* retired = reinterpret_cast<const uint32_t*>(data);
    for (uint64_t i = 0; i < size / 4; ++i) {
      if (retired[i] >= base || (i > 0 && retired[i] <= retired[i - 1])) {
        return fault_(PINTLE_ERR_CORRUPT, "retired: item %u of %u is out of order or none",
                      retired[i], base);
      }
      bits[retired[i] / 8] &= static_cast<uint8_t>(~(1u << retired[i] % 8));
    }
    model_.retired_item_count = static_cast<uint32_t>(size / 4);
    return PINTLE_OK;
  }

  const fb::Delta& root_;
  const TableReader& reader_;
  const Fault& fault_;
  Model& model_;
};

}  // namespace

Status read_delta(Model* model, const Fault& outer) {
  const Fault fault = outer.of("delta: ");
  uint64_t metadata_bytes = 0;
  PINTLE_TRY(check_root(
      model->delta, kDeltaIdentifier,
      [](FileVerifier& verifier) {
        return verifier.VerifySizePrefixedBuffer<fb::Delta>(kDeltaIdentifier);
      },
      fault, &metadata_bytes));
  const fb::Delta& root = *flatbuffers::GetSizePrefixedRoot<fb::Delta>(model->delta.data);
  PINTLE_TRY(check_base(root, *model, fault));
  const TableReader reader(model->delta, metadata_bytes, fault);
  return DeltaReader(root, reader, fault, model).read();
}

}  // namespace pintle::internal
