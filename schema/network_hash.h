// SPDX-License-Identifier: Apache-2.0
//
// What ties an SAE to the network that it was trained on: fb::Sae.network_hash. README.md states the
// rule by which what is added to the format enters it.
#ifndef PINTLE_SCHEMA_NETWORK_HASH_H_
#define PINTLE_SCHEMA_NETWORK_HASH_H_

#include <stdint.h>
#include <string.h>

#include "schema/crc32.h"
#include "schema/network_fields.h"

namespace pintle::format {

// The last field of each table that every hash takes; those after it were added later, and a hash
// takes them only where they differ from their default. Never to be changed.
template <typename Table>
inline constexpr flatbuffers::voffset_t kLastHashed = 0;
template <>
inline constexpr flatbuffers::voffset_t kLastHashed<Architecture> =
    Architecture::ffn_activation::kPlace;
template <>
inline constexpr flatbuffers::voffset_t kLastHashed<Block> = Block::ffn_out::kPlace;
template <>
inline constexpr flatbuffers::voffset_t kLastHashed<Model> = Model::exact::kPlace;

// A chain of CRC-32s over numbers of the metadata, four bytes each, lowest first. What is done for each
// of many fields is a call, for the runtime's size.
class NetworkHash {
 public:
  explicit NetworkHash(const fb::Model& root) {
    const fb::Architecture& a = *root.architecture();
    numbers<Architecture>(a, kWhole);
    numbers<Model>(root, kWhole);
    numbers<Architecture>(a, kFraction);
    numbers<Model>(root, kFraction);
    numbers<Architecture>(a, kLater);
    numbers<Model>(root, kLater);
    for_each(FieldsOf<Model>::List(), Overloaded{[&](Model::blocks) {
                                                   for (const fb::Block* block : *root.blocks())
                                                     tensors<Block>(*block);
                                                 },
                                                 [&](auto field) { tensor<Model>(field, root); }});
  }
  uint32_t value() const { return state_; }

 private:
  enum Turn { kWhole, kFraction, kLater };

  template <typename Table>
  [[gnu::noinline]] void numbers(const typename Table::Table& table, Turn turn) {
    // A table without a field: each has its default.
    alignas(4) static constexpr uint8_t kEmpty[8] = {4, 0, 4, 0, 4, 0, 0, 0};
    const auto& empty = *reinterpret_cast<const typename Table::Table*>(kEmpty + 4);
    for_each(typename FieldsOf<Table>::List(), [&](auto f) {
      using Field = decltype(f);
      if constexpr (is_number<Field>) {
        constexpr bool is_fraction = std::is_floating_point_v<typename Field::Created>;
        constexpr Turn own = Field::kPlace > kLastHashed<Table> ? kLater
                             : is_fraction                      ? kFraction
                                                                : kWhole;
        if (turn != own || (own == kLater && f.of(table) == f.of(empty))) return;
        if (own == kLater) add(uint32_t{Field::kPlace});
        add(static_cast<std::conditional_t<is_fraction, float, uint32_t>>(f.of(table)));
      }
    });
  }

  template <typename Table>
  void tensors(const typename Table::Table& table) {
    for_each(typename FieldsOf<Table>::List(), [&](auto f) { tensor<Table>(f, table); });
  }
  template <typename Table, typename Field>
  void tensor([[maybe_unused]] Field f, [[maybe_unused]] const typename Table::Table& table) {
    if constexpr (is_tensor<Field>) {
      if (Field::kPlace <= kLastHashed<Table>) {
        add(f.of(table));
      } else if (f.of(table) != nullptr) {
        add(uint32_t{Field::kPlace});
        add(f.of(table));
      }
    }
  }

  [[gnu::noinline]] void add(uint32_t value) {
    uint8_t bytes[8];
    write_u32(state_, bytes);
    write_u32(value, bytes + 4);
    state_ = crc32_(bytes, sizeof(bytes));
  }
  static void write_u32(uint32_t value, uint8_t* bytes) {
    bytes[0] = static_cast<uint8_t>(value);
    bytes[1] = static_cast<uint8_t>(value >> 8);
    bytes[2] = static_cast<uint8_t>(value >> 16);
    bytes[3] = static_cast<uint8_t>(value >> 24);
  }
  void add(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    add(bits);
  }
  [[gnu::noinline]] void add(const fb::Tensor* tensor) {
    if (tensor == nullptr || tensor->data() == nullptr) return add(0u);
    add(tensor->rows());
    add(tensor->cols());
    add(tensor->data()->crc32());
    add(tensor->scales() == nullptr ? 0u : tensor->scales()->crc32());
  }
  [[gnu::noinline]] void add(const fb::Linear* linear) {
    add(linear == nullptr ? nullptr : linear->weight());
    add(linear == nullptr ? nullptr : linear->bias());
  }
  [[gnu::noinline]] void add(const fb::Norm* norm) {
    add(norm == nullptr ? nullptr : norm->gain());
    add(norm == nullptr ? nullptr : norm->bias());
    add(norm == nullptr ? 0.0f : norm->eps());
  }

  const Crc32 crc32_;
  uint32_t state_ = 0;
};

// REQUIRES: an architecture and blocks.
inline uint32_t network_hash(const fb::Model& root) { return NetworkHash(root).value(); }

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_NETWORK_HASH_H_
