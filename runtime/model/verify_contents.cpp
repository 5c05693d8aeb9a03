// SPDX-License-Identifier: Apache-2.0
//
// verify_contents: the second, optional half of read_model.h, which reads every byte.
#include <math.h>
#include <string.h>

#include "runtime/model/read_model.h"
#include "runtime/support/crc32.h"

namespace pintle::internal {
namespace {

class ContentsCheck {
 public:
  ContentsCheck(const Model& model, const Fault& fault) : model_(model), fault_(fault) {}

  Status segment(const fb::Segment* segment, const char* name) const {
    if (segment == nullptr) return PINTLE_OK;
    const uint32_t found =
        crc32(model_.mapping.data + segment->offset(), static_cast<size_t>(segment->size()));
    if (found != segment->crc32()) {
      return fault_(PINTLE_ERR_CHECKSUM, "%s: checksum %08x, the file says %08x: it is damaged",
                    name, found, segment->crc32());
    }
    return PINTLE_OK;
  }

  // Also every scale and float of the tensor: finite, and scales not negative.
  Status tensor(const fb::Tensor* table, const char* name) const {
    if (table == nullptr) return PINTLE_OK;
    PINTLE_TRY(segment(table->data(), name));
    const uint8_t* data = model_.mapping.data + table->data()->offset();
    bool finite = true;
    if (table->dtype() == fb::DType_F32) {
      finite = floats_are_finite(data, table->data()->size());
    } else if (table->dtype() == fb::DType_F16) {
      finite = halves_are_finite(data, table->data()->size());
    } else {
      PINTLE_TRY(segment(table->scales(), name));
      const uint8_t* scales = model_.mapping.data + table->scales()->offset();
      finite = table->dtype() == fb::DType_I8 ? floats_are_finite(scales, table->scales()->size())
                                              : halves_are_finite(scales, table->scales()->size());
    }
    if (!finite) return fault_(PINTLE_ERR_CORRUPT, "%s: holds NaN or an infinity", name);
    return PINTLE_OK;
  }

  Status linear(const fb::Linear* table, const char* name) const {
    if (table == nullptr) return PINTLE_OK;
    PINTLE_TRY(tensor(table->weight(), name));
    return tensor(table->bias(), name);
  }

  Status norm(const fb::Norm* table, const char* name) const {
    if (table == nullptr) return PINTLE_OK;
    PINTLE_TRY(tensor(table->gain(), name));
    return tensor(table->bias(), name);
  }

  Status strings(const fb::StringTable* table, const StringTableView& view, uint32_t count,
                 const char* name) const {
    if (table == nullptr) return PINTLE_OK;
    PINTLE_TRY(segment(table->offsets(), name));
    PINTLE_TRY(segment(table->bytes(), name));
    for (uint32_t i = 0; i < count; ++i) {
      const char* text;
      size_t length;
      if (!view.get(i, &text, &length)) {
        return fault_(PINTLE_ERR_CORRUPT, "%s: string %u lies outside its table", name, i);
      }
    }
    return PINTLE_OK;
  }

 private:
  static bool floats_are_finite(const uint8_t* bytes, uint64_t size) {
    const float* values = reinterpret_cast<const float*>(bytes);
    for (uint64_t i = 0; i < size / sizeof(float); ++i) {
      if (!isfinite(values[i])) return false;
    }
    return true;
  }
  static bool halves_are_finite(const uint8_t* bytes, uint64_t size) {
    const uint16_t* values = reinterpret_cast<const uint16_t*>(bytes);
    for (uint64_t i = 0; i < size / sizeof(uint16_t); ++i) {
      if ((values[i] & 0x7C00u) == 0x7C00u) return false;
    }
    return true;
  }

  const Model& model_;
  const Fault& fault_;
};

// id_order must be a permutation that sorts the ids strictly: strictness makes it one.
Status check_id_order(const Catalogue& catalogue, const Fault& fault) {
  for (uint32_t i = 0; i < catalogue.item_count; ++i) {
    if (catalogue.id_order[i] >= catalogue.item_count) {
      return fault(PINTLE_ERR_CORRUPT, "id_order: entry %u names item %u of %u", i,
                   catalogue.id_order[i], catalogue.item_count);
    }
    if (i == 0) continue;
    const uint32_t before = catalogue.id_order[i - 1], here = catalogue.id_order[i];
    bool ascending;
    if (catalogue.has_text_ids) {
      const char *a, *b;
      size_t a_length, b_length;
      ascending = catalogue.text_ids.get(before, &a, &a_length) &&
                  catalogue.text_ids.get(here, &b, &b_length);
      if (ascending) {
        const int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
        ascending = order < 0 || (order == 0 && a_length < b_length);
      }
    } else {
      ascending = catalogue.integer_ids[before] < catalogue.integer_ids[here];
    }
    if (!ascending) {
      return fault(PINTLE_ERR_CORRUPT, "id_order: ids %u and %u are equal or out of order", i - 1,
                   i);
    }
  }
  return PINTLE_OK;
}

Status check_catalogue(const Model& model, const fb::Catalogue& table, const ContentsCheck& check,
                       const Fault& fault) {
  const Catalogue& catalogue = model.catalogue;
  if (!catalogue.has_text_ids) PINTLE_TRY(check.segment(table.integer_ids(), "integer_ids"));
  PINTLE_TRY(check.strings(catalogue.has_text_ids ? table.text_ids() : nullptr, catalogue.text_ids,
                           model.item_count, "text_ids"));
  PINTLE_TRY(check.strings(table.titles(), catalogue.titles, model.item_count, "titles"));
  PINTLE_TRY(check.segment(table.id_order(), "id_order"));
  PINTLE_TRY(check.segment(table.trained(), "trained"));
  PINTLE_TRY(check_id_order(catalogue, fault));
  if (catalogue.item_attribute_offsets == nullptr) return PINTLE_OK;
  PINTLE_TRY(check.segment(table.item_attribute_offsets(), "item_attribute_offsets"));
  PINTLE_TRY(check.segment(table.item_attributes(), "item_attributes"));
  PINTLE_TRY(check.segment(table.attribute_item_offsets(), "attribute_item_offsets"));
  PINTLE_TRY(check.segment(table.attribute_items(), "attribute_items"));
  for (uint32_t item = 0; item < catalogue.item_count; ++item) {
    const uint32_t* values;
    size_t count;
    if (catalogue.get_attributes(item, &values, &count) != PINTLE_OK) {
      return fault(PINTLE_ERR_CORRUPT, "item_attributes: item %u names an attribute out of range",
                   item);
    }
  }
  return PINTLE_OK;
}

// Numbers that bound an error: finite, and not negative.
Status check_exact(const Model& model, const fb::ExactScan& table, const ContentsCheck& check,
                   const Fault& fault) {
  const ExactView& exact = model.exact;
  PINTLE_TRY(check.tensor(table.rows(), "exact rows"));
  PINTLE_TRY(check.tensor(table.basis(), "exact basis"));
  PINTLE_TRY(check.tensor(table.centre(), "exact centre"));
  PINTLE_TRY(check.tensor(table.coarse(), "exact coarse"));
  PINTLE_TRY(check.tensor(table.coarse_weights(), "exact coarse_weights"));
  PINTLE_TRY(check.tensor(table.fine_weights(), "exact fine_weights"));
  PINTLE_TRY(check.segment(table.fine(), "exact fine"));
  for (uint32_t i = 0; i < exact.width; ++i) {
    if (!(exact.coarse_weights[i] >= 0) || !(exact.fine_weights[i] >= 0)) {
      return fault(PINTLE_ERR_CORRUPT, "exact: weight %u is negative", i);
    }
  }
  const size_t record = exact.fine_bytes(), halves = exact.fine_groups() + 1;
  for (uint32_t i = 0; i < model.item_count; ++i) {
    for (size_t h = 0; h < halves; ++h) {
      uint16_t half;
      memcpy(&half, exact.fine + i * record + exact.fine_words() * 4 + h * 2, sizeof(half));
      const bool bounds = h + 1 == halves;
      if ((half & 0x7C00u) == 0x7C00u || (bounds && (half & 0x8000u) != 0)) {
        return fault(PINTLE_ERR_CORRUPT, "exact fine: item %u has a scale or bound that is none",
                     i);
      }
    }
  }
  return PINTLE_OK;
}

}  // namespace

Status verify_contents(const Model& model, const Fault& fault) {
  const fb::Model& root = *model_root(model);
  const ContentsCheck check(model, fault);
  PINTLE_TRY(check.tensor(root.items(), "items"));
  PINTLE_TRY(check.tensor(root.output_items(), "output_items"));
  PINTLE_TRY(check.tensor(root.item_bias(), "item_bias"));
  if (model.positions.present()) PINTLE_TRY(check.tensor(root.positions(), "positions"));
  if (model.pad_embedding != nullptr) {
    PINTLE_TRY(check.tensor(root.pad_embedding(), "pad_embedding"));
  }
  if (model.mask_embedding != nullptr) {
    PINTLE_TRY(check.tensor(root.mask_embedding(), "mask_embedding"));
  }
  PINTLE_TRY(check.norm(root.embedding_norm(), "embedding_norm"));
  PINTLE_TRY(check.norm(root.final_norm(), "final_norm"));
  PINTLE_TRY(check.linear(root.head_dense(), "head_dense"));
  PINTLE_TRY(check.norm(root.head_norm(), "head_norm"));
  for (uint32_t i = 0; i < model.layer_count; ++i) {
    const fb::Block& block = *root.blocks()->Get(i);
    PINTLE_TRY(check.norm(block.attention_norm(), "attention_norm"));
    PINTLE_TRY(check.linear(block.query(), "query"));
    PINTLE_TRY(check.linear(block.key_value(), "key_value"));
    PINTLE_TRY(check.linear(block.output(), "output"));
    PINTLE_TRY(check.norm(block.ffn_norm(), "ffn_norm"));
    PINTLE_TRY(check.linear(block.ffn_in(), "ffn_in"));
    PINTLE_TRY(check.linear(block.ffn_out(), "ffn_out"));
  }
  if (model.exact.present()) PINTLE_TRY(check_exact(model, *root.exact(), check, fault));
  for (uint32_t i = 0; i < model.sae_count; ++i) {
    const fb::Sae& sae = *root.saes()->Get(i);
    PINTLE_TRY(check.linear(sae.encoder(), "sae encoder"));
    // Only what verify_model resolved was checked to lie inside the file.
    if (model.saes[i].threshold != nullptr) {
      PINTLE_TRY(check.tensor(sae.threshold(), "sae threshold"));
    }
    PINTLE_TRY(check.tensor(sae.decoder(), "sae decoder"));
    PINTLE_TRY(check.tensor(sae.decoder_bias(), "sae decoder_bias"));
    PINTLE_TRY(check.tensor(sae.statistics(), "sae statistics"));
    PINTLE_TRY(check.strings(sae.labels(), model.saes[i].labels, model.saes[i].feature_count,
                             "sae labels"));
  }
  return check_catalogue(model, *root.catalogue(), check, fault);
}

}  // namespace pintle::internal
