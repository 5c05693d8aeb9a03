// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/table_reader.h"

namespace pintle::internal {

Status read_catalogue(const fb::Catalogue& table, const Attributes* attributes,
                      const TableReader& reader, const Fault& fault, Catalogue* catalogue) {
  const uint32_t items = table.item_count();
  const uint8_t* data = nullptr;
  // Counts are of 32 bits: what they need in bytes does not overflow. The name is made here, not in each of
  // ten places, for the runtime's size.
  const auto read = [&reader](const fb::Segment* segment, uint64_t bytes, const char* name,
                              const uint8_t** to) {
    return reader.segment(segment, bytes, name, to);
  };
  catalogue->item_count = items;
  if (table.id_kind() > fb::IdKind_MAX) {
    return fault(PINTLE_ERR_CORRUPT, "catalogue: unknown kind of ids %d",
                 static_cast<int>(table.id_kind()));
  }
  catalogue->has_text_ids = table.id_kind() == fb::IdKind_Text;
  if (catalogue->has_text_ids) {
    if (table.text_ids() == nullptr) {
      return fault(PINTLE_ERR_CORRUPT, "catalogue: text_ids: missing");
    }
    PINTLE_TRY(reader.strings(table.text_ids(), items, "text_ids", &catalogue->text_ids));
  } else {
    PINTLE_TRY(read(table.integer_ids(), uint64_t{items} * 8, "integer_ids", &data));
    catalogue->integer_ids = reinterpret_cast<const int64_t*>(data);
  }
  PINTLE_TRY(read(table.id_order(), uint64_t{items} * 4, "id_order", &data));
  catalogue->id_order = reinterpret_cast<const uint32_t*>(data);
  if (table.trained() != nullptr) {
    PINTLE_TRY(
        read(table.trained(), format::round_up(items, 8) / 8, "trained", &catalogue->trained));
    catalogue->trained_end = items;
  }
  if (table.titles() != nullptr) {
    PINTLE_TRY(reader.strings(table.titles(), items, "titles", &catalogue->titles));
  }
  if (table.dates() != nullptr) {
    PINTLE_TRY(read(table.dates(), uint64_t{items} * 4, "dates", &data));
    catalogue->dates = reinterpret_cast<const int32_t*>(data);
  }
  if (table.popularity() != nullptr) {
    PINTLE_TRY(read(table.popularity(), uint64_t{items} * 4, "popularity", &data));
    catalogue->popularity = reinterpret_cast<const float*>(data);
  }
  if (attributes == nullptr || table.item_attribute_offsets() == nullptr) return PINTLE_OK;
  catalogue->attributes = attributes;
  catalogue->attribute_count = attributes->size();
  for (uint32_t i = 0; i < catalogue->attribute_count; ++i) {
    const fb::Attribute* attribute = attributes->Get(i);
    if (attribute->group() == nullptr || attribute->name() == nullptr) {
      return fault(PINTLE_ERR_CORRUPT, "attribute %u has no group or no name", i);
    }
  }
  PINTLE_TRY(read(table.item_attribute_offsets(), (uint64_t{items} + 1) * 4,
                  "item_attribute_offsets", &data));
  catalogue->item_attribute_offsets = reinterpret_cast<const uint32_t*>(data);
  const uint64_t bytes = table.item_attributes() == nullptr ? 0 : table.item_attributes()->size();
  if (bytes % 4 != 0 || bytes / 4 > UINT32_MAX) {
    return fault(PINTLE_ERR_CORRUPT, "item_attributes: %llu bytes are no list of u32",
                 static_cast<unsigned long long>(bytes));
  }
  PINTLE_TRY(read(table.item_attributes(), bytes, "item_attributes", &data));
  catalogue->item_attributes = reinterpret_cast<const uint32_t*>(data);
  catalogue->item_attribute_count = static_cast<uint32_t>(bytes / 4);
  PINTLE_TRY(read(table.attribute_item_offsets(), (uint64_t{catalogue->attribute_count} + 1) * 4,
                  "attribute_item_offsets", &data));
  catalogue->attribute_item_offsets = reinterpret_cast<const uint32_t*>(data);
  PINTLE_TRY(read(table.attribute_items(), bytes, "attribute_items", &data));
  catalogue->attribute_items = reinterpret_cast<const uint32_t*>(data);
  if ((table.item_memberships() == nullptr) != (table.attribute_memberships() == nullptr)) {
    return fault(PINTLE_ERR_CORRUPT, "catalogue: memberships in one direction only");
  }
  if (table.item_memberships() == nullptr) return PINTLE_OK;
  PINTLE_TRY(
      read(table.item_memberships(), bytes / 4, "item_memberships", &catalogue->item_memberships));
  return read(table.attribute_memberships(), bytes / 4, "attribute_memberships",
              &catalogue->attribute_memberships);
}

}  // namespace pintle::internal
