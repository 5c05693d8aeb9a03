// SPDX-License-Identifier: Apache-2.0
//
// verify_contents: the second, optional half of read_model.h, which reads every byte.
#include <math.h>
#include <string.h>

#include "runtime/model/read_model.h"
#include "schema/crc32.h"
#include "schema/half.h"
#include "schema/network_tensors.h"

namespace pintle::internal {
namespace {

class ContentsCheck {
 public:
  ContentsCheck(const Mapping& file, const Fault& fault) : file_(file), fault_(fault) {}

  Status segment(const fb::Segment* segment, const char* name) const {
    if (segment == nullptr) return PINTLE_OK;
    const uint32_t found =
        crc32_(file_.data + segment->offset(), static_cast<size_t>(segment->size()));
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
    const uint8_t* data = file_.data + table->data()->offset();
    bool finite = true;
    if (table->dtype() == fb::DType_F32) {
      finite = floats_are_finite(data, table->data()->size());
    } else if (table->dtype() == fb::DType_F16) {
      finite = halves_are_finite(data, table->data()->size());
    } else {
      PINTLE_TRY(segment(table->scales(), name));
      const uint8_t* scales = file_.data + table->scales()->offset();
      finite = table->dtype() == fb::DType_I8 ? floats_are_finite(scales, table->scales()->size())
                                              : halves_are_finite(scales, table->scales()->size());
    }
    if (!finite) return fault_(PINTLE_ERR_CORRUPT, "%s: holds NaN or an infinity", name);
    return PINTLE_OK;
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
      if (!format::half_is_finite(values[i])) return false;
    }
    return true;
  }

  const Mapping& file_;
  const Fault& fault_;
  const format::Crc32 crc32_;
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

Status check_catalogue(const Catalogue& catalogue, const fb::Catalogue& table,
                       const ContentsCheck& check, const Fault& fault) {
  if (!catalogue.has_text_ids) PINTLE_TRY(check.segment(table.integer_ids(), "integer_ids"));
  PINTLE_TRY(check.strings(catalogue.has_text_ids ? table.text_ids() : nullptr, catalogue.text_ids,
                           catalogue.item_count, "text_ids"));
  PINTLE_TRY(check.strings(table.titles(), catalogue.titles, catalogue.item_count, "titles"));
  PINTLE_TRY(check.segment(table.id_order(), "id_order"));
  PINTLE_TRY(check.segment(table.trained(), "trained"));
  PINTLE_TRY(check_id_order(catalogue, fault));
  PINTLE_TRY(check.segment(table.dates(), "dates"));
  PINTLE_TRY(check.segment(table.popularity(), "popularity"));
  for (uint32_t i = 0; catalogue.popularity != nullptr && i < catalogue.item_count; ++i) {
    if (catalogue.popularity[i] <= 0) continue;
    return fault(PINTLE_ERR_CORRUPT, "popularity: item %u has %g, which is the log of no share", i,
                 static_cast<double>(catalogue.popularity[i]));
  }
  if (catalogue.item_attribute_offsets == nullptr) return PINTLE_OK;
  PINTLE_TRY(check.segment(table.item_attribute_offsets(), "item_attribute_offsets"));
  PINTLE_TRY(check.segment(table.item_attributes(), "item_attributes"));
  PINTLE_TRY(check.segment(table.attribute_item_offsets(), "attribute_item_offsets"));
  PINTLE_TRY(check.segment(table.attribute_items(), "attribute_items"));
  PINTLE_TRY(check.segment(table.item_memberships(), "item_memberships"));
  PINTLE_TRY(check.segment(table.attribute_memberships(), "attribute_memberships"));
  for (uint32_t i = 0; catalogue.item_memberships != nullptr && i < catalogue.item_attribute_count;
       ++i) {
    const uint8_t one = catalogue.item_memberships[i], other = catalogue.attribute_memberships[i];
    if (one < 1 || one > 15 || other < 1 || other > 15) {
      return fault(PINTLE_ERR_CORRUPT, "memberships: entry %u is not from 1 to 15", i);
    }
  }
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
  PINTLE_TRY(check.segment(table.fine(), "exact.fine"));
  for (uint32_t i = 0; i < exact.width; ++i) {
    if (!(exact.coarse_weights[i] >= 0) || !(exact.fine_weights[i] >= 0)) {
      return fault(PINTLE_ERR_CORRUPT, "exact: weight %u is negative", i);
    }
  }
  const size_t record = exact.fine_bytes(), halves = exact.fine_groups() + 1;
  for (uint32_t i = 0; i < model.base_item_count; ++i) {
    for (size_t h = 0; h < halves; ++h) {
      uint16_t half;
      memcpy(&half, exact.fine + i * record + exact.fine_words() * 4 + h * 2, sizeof(half));
      const bool bounds = h + 1 == halves;
      if (!format::half_is_finite(half) || (bounds && (half & 0x8000u) != 0)) {
        return fault(PINTLE_ERR_CORRUPT, "exact.fine: item %u has a scale or bound that is none",
                     i);
      }
    }
  }
  return PINTLE_OK;
}

// An added item's id may be the base's only where that item is retired: ids name one item at most.
Status check_new_ids(const Model& model, const Fault& fault) {
  const Catalogue& added = model.added;
  Catalogue base = model.catalogue;
  base.added = nullptr;
  for (uint32_t i = 0; i < added.item_count; ++i) {
    uint32_t old = 0;
    Status status;
    if (added.has_text_ids) {
      const char* id = "";
      size_t length = 0;
      (void)added.text_ids.get(i, &id, &length);  // checked above
      status = base.find(id, length, &old);
    } else {
      status = base.find(added.integer_ids[i], &old);
    }
    if (status == PINTLE_OK && base.is_trained(old)) {
      return fault(PINTLE_ERR_CORRUPT, "ids: added item %u has the id of item %u, which stays", i,
                   old);
    }
  }
  return PINTLE_OK;
}

Status verify_delta(const Model& model, const Fault& fault) {
  const fb::Delta& root = *flatbuffers::GetSizePrefixedRoot<fb::Delta>(model.delta.data);
  const ContentsCheck check(model.delta, fault);
  PINTLE_TRY(check.segment(root.retired(), "retired"));
  if (root.catalogue() == nullptr) return PINTLE_OK;
  PINTLE_TRY(check.tensor(root.items(), "items"));
  if (model.output_items.present()) PINTLE_TRY(check.tensor(root.output_items(), "output_items"));
  if (model.item_bias != nullptr) PINTLE_TRY(check.tensor(root.item_bias(), "item_bias"));
  if (model.exact.present()) PINTLE_TRY(check.tensor(root.exact_rows(), "exact_rows"));
  PINTLE_TRY(check_catalogue(model.added, *root.catalogue(), check, fault));
  return check_new_ids(model, fault);
}

}  // namespace

Status verify_contents(const Model& model, const Fault& fault) {
  const fb::Model& root = *model_root(model);
  const ContentsCheck check(model.mapping, fault);
  Status status = PINTLE_OK;
  format::for_each_tensor(root, [&](const char* name, const fb::Tensor* table, format::Presence) {
    status = check.tensor(table, name);
    return status == PINTLE_OK;
  });
  PINTLE_TRY(status);
  if (model.exact.present()) PINTLE_TRY(check_exact(model, *root.exact(), check, fault));
  for (uint32_t i = 0; i < model.sae_count; ++i) {
    const format::TensorName sae = format::TensorName().child("saes").child(i);
    PINTLE_TRY(check.strings(root.saes()->Get(i)->labels(), model.saes[i].labels,
                             model.saes[i].feature_count, sae.child("labels").text().bytes));
  }
  PINTLE_TRY(check_catalogue(model.catalogue, *root.catalogue(), check, fault));
  return model.delta.data == nullptr ? PINTLE_OK : verify_delta(model, fault.of("delta: "));
}

}  // namespace pintle::internal
