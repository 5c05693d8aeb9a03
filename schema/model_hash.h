// SPDX-License-Identifier: Apache-2.0
//
// What ties a delta to its base: fb::Delta.base_hash. Computed from the metadata, which holds the checksums of
// all data, so that opening reads no byte of it.
#ifndef PINTLE_SCHEMA_MODEL_HASH_H_
#define PINTLE_SCHEMA_MODEL_HASH_H_

#include "schema/network_hash.h"

namespace pintle::format {

// A CRC-32 over the network's hash, which knows the item tables, and the checksums of what numbers in a
// delta refer to: ids and attributes. Four bytes each, lowest first.
// REQUIRES: an architecture, blocks and a catalogue.
inline uint32_t model_hash(const fb::Model& root) {
  const fb::Catalogue& catalogue = *root.catalogue();
  const fb::StringTable* text = catalogue.text_ids();
  const fb::Segment* segments[] = {catalogue.integer_ids(),
                                   text == nullptr ? nullptr : text->offsets(),
                                   text == nullptr ? nullptr : text->bytes(),
                                   catalogue.item_attribute_offsets(),
                                   catalogue.item_attributes(),
                                   catalogue.attribute_item_offsets()};
  constexpr uint32_t kCount = 1 + sizeof(segments) / sizeof(segments[0]);
  uint8_t bytes[4 * kCount];
  for (uint32_t i = 0; i < kCount; ++i) {
    uint32_t value = 0;
    if (i == 0) {
      value = network_hash(root);
    } else if (segments[i - 1] != nullptr) {
      value = segments[i - 1]->crc32();
    }
    for (uint32_t b = 0; b < 4; ++b) bytes[4 * i + b] = static_cast<uint8_t>(value >> (8 * b));
  }
  return Crc32()(bytes, sizeof(bytes));
}

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_MODEL_HASH_H_
