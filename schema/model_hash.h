// SPDX-License-Identifier: Apache-2.0
//
// What ties a delta to its base: fb::Delta.base_hash, beside the base's size and number of items. Mixed from the
// checksums in the metadata, so that opening reads no byte of data for it; and not by CRC, whose table would
// cost opening a small model a twentieth of its time.
#ifndef PINTLE_SCHEMA_MODEL_HASH_H_
#define PINTLE_SCHEMA_MODEL_HASH_H_

#include <stdint.h>

#include "pintle_generated.h"

namespace pintle::format {

// A chain over the checksums of the item tables, of the blocks' weights, and of what numbers in a delta refer
// to, ids and attributes; FNV-1a's step of 64 bits for each.
class ModelHash {
 public:
  explicit ModelHash(const fb::Model& root) {
    add(root.items());
    add(root.output_items());
    add(root.item_bias());
    for (const fb::Block* block : *root.blocks()) {
      add(block->key_value());
      add(block->ffn_in());
      add(block->ffn_out());
    }
    const fb::Catalogue& catalogue = *root.catalogue();
    add(catalogue.integer_ids());
    if (catalogue.text_ids() != nullptr) add(catalogue.text_ids()->bytes());
    add(catalogue.item_attribute_offsets());
    add(catalogue.item_attributes());
    add(catalogue.attribute_item_offsets());
  }
  uint32_t value() const { return static_cast<uint32_t>(state_ ^ state_ >> 32); }

 private:
  [[gnu::noinline]] void add(const fb::Segment* segment) {
    state_ = (state_ ^ (segment == nullptr ? 0u : segment->crc32())) * 0x100000001b3u;
  }
  [[gnu::noinline]] void add(const fb::Tensor* tensor) {
    add(tensor == nullptr ? nullptr : tensor->data());
    add(tensor == nullptr ? nullptr : tensor->scales());
  }
  void add(const fb::Linear* linear) { add(linear == nullptr ? nullptr : linear->weight()); }

  uint64_t state_ = 0xcbf29ce484222325u;
};

// REQUIRES: blocks and a catalogue.
inline uint32_t model_hash(const fb::Model& root) { return ModelHash(root).value(); }

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_MODEL_HASH_H_
