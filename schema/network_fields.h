// SPDX-License-Identifier: Apache-2.0
//
// network_list.inc as types: for each table a struct, in it a type for each field, and the list of
// them. Reading, checking, hashing, naming and writing a network all go through these lists:
//
//   for_each(FieldsOf<Block>::List(), [&](auto field) { print(field.kName, field.of(block)); });
//
// A field of pintle.fbs that the list lacks, or has at another place, does not compile.
#ifndef PINTLE_SCHEMA_NETWORK_FIELDS_H_
#define PINTLE_SCHEMA_NETWORK_FIELDS_H_

#include <stdint.h>

#include <type_traits>

#include "pintle_generated.h"
#include "schema/tensor_layout.h"

namespace pintle::format {

// What a file's architecture says about its tensors: their shapes, and which of them it needs.
struct Sizes {
  uint32_t dim, ffn_dim, items;
  uint32_t positions;    // rows of the position table
  uint32_t exact_width;  // fb::ExactScan's n
  uint32_t features;     // of the SAE in question
  bool has_positions, has_pads, has_mask_token;
  bool has_thresholds;  // the SAE in question
};

// REQUIRES: an architecture and a catalogue.
inline Sizes sizes_of(const fb::Model& root) {
  const fb::Architecture& a = *root.architecture();
  Sizes s = {};
  s.dim = a.dim();
  s.ffn_dim = a.ffn_dim();
  s.items = root.catalogue()->item_count();
  s.has_positions = a.position_origin() != fb::PositionOrigin_None;
  s.has_pads = a.pad_keys() != fb::PadKeys_Hidden;
  s.has_mask_token = a.mask() == fb::AttentionMask_Bidirectional;
  s.positions = a.window() + (s.has_mask_token ? 1 : 0);
  s.exact_width = s.dim + (root.item_bias() != nullptr ? 1 : 0);
  return s;
}
inline Sizes sizes_of(Sizes s, const fb::Sae& sae) {
  s.features = sae.feature_count();
  s.has_thresholds = sae.activation() == fb::SaeActivation_JumpRelu;
  return s;
}

// kUnused: whatever the field holds means nothing, and nobody checks it.
enum Presence { kRequired, kOptional, kUnused };
inline constexpr Presence required_if(bool condition) { return condition ? kRequired : kUnused; }

// Kinds of fields. Those of tensors say which table holds them.
struct Panels {  // of any type
  using Table = fb::Tensor;
};
struct PanelsI4 {
  using Table = fb::Tensor;
};
struct Rows {  // of any type but int4
  using Table = fb::Tensor;
};
struct RowsF32 {
  using Table = fb::Tensor;
};
struct Vector {  // f32
  using Table = fb::Tensor;
};
struct Linear {  // Panels, and a Vector of as many rows
  using Table = fb::Linear;
};
struct Norm {  // two Vectors
  using Table = fb::Norm;
};
struct Number {};
struct Other {};

// clang-format takes the macros' brackets for unbalanced ones.
// clang-format off

// `of` is a field's value in its table, `in` the member of the same name in another struct.
#define PINTLE_FIELD(kind, type, name, ID)                               \
    using Kind = kind;                                                   \
    using Created = type;                                                \
    static constexpr const char* kName = #name;                          \
    static constexpr flatbuffers::voffset_t kPlace = Table::VT_##ID;     \
    static auto of(const Table& table) { return table.name(); }          \
    template <typename Peer>                                             \
    static auto& in(Peer& peer) { return peer.name; }

namespace fields {

using flatbuffers::Offset;
template <typename Table>
using Tables = Offset<flatbuffers::Vector<Offset<Table>>>;

#define PINTLE_TABLE(table) struct table { using Table = fb::table;
#define PINTLE_TENSOR(kind, name, ID, when, rows, cols)                             \
  struct name {                                                                     \
    PINTLE_FIELD(kind, Offset<kind::Table>, name, ID)                               \
    static Presence presence([[maybe_unused]] const Sizes& s) { return when; }      \
    static uint32_t row_count([[maybe_unused]] const Sizes& s) { return rows; }     \
    static uint32_t col_count([[maybe_unused]] const Sizes& s) { return cols; }     \
  };
#define PINTLE_NUMBER(type, name, ID) struct name { PINTLE_FIELD(Number, type, name, ID) };
#define PINTLE_OTHER(type, name, ID) struct name { PINTLE_FIELD(Other, type, name, ID) };
#define PINTLE_TABLE_END };
#include "schema/network_list.inc"
#undef PINTLE_TABLE
#undef PINTLE_TENSOR
#undef PINTLE_NUMBER
#undef PINTLE_OTHER
#undef PINTLE_TABLE_END
#undef PINTLE_FIELD

}  // namespace fields

template <typename... Fields>
struct FieldList {};
// The table leads its fields in the expansion, for the commas between them.
template <typename Table, typename... Fields>
struct ListAfter {
  using List = FieldList<Fields...>;
};
template <typename Table>
struct FieldsOf;

#define PINTLE_TABLE(table)                         \
  using fields::table;                              \
  template <> struct FieldsOf<table> : table {      \
    using List = ListAfter<table
#define PINTLE_TENSOR(kind, name, ID, when, rows, cols) , name
#define PINTLE_NUMBER(type, name, ID) , name
#define PINTLE_OTHER(type, name, ID) , name
#define PINTLE_TABLE_END >::List; };
#include "schema/network_list.inc"
#undef PINTLE_TABLE
#undef PINTLE_TENSOR
#undef PINTLE_NUMBER
#undef PINTLE_OTHER
#undef PINTLE_TABLE_END
// clang-format on

template <typename Field>
inline constexpr bool is_number = std::is_same_v<typename Field::Kind, Number>;
template <typename Field>
inline constexpr bool is_tensor = !is_number<Field> && !std::is_same_v<typename Field::Kind, Other>;

// Calls visit(field) for each in the list's order, until it returns false; whether it never did.
template <typename... Fields, typename Visit>
bool all_of(FieldList<Fields...>, const Visit& visit) {
  return (visit(Fields{}) && ...);
}

template <typename... Fields, typename Visit>
void for_each(FieldList<Fields...>, const Visit& visit) {
  (visit(Fields{}), ...);
}

// A visitor out of lambdas: some fields by name, the others by `auto`.
template <typename... Visits>
struct Overloaded : Visits... {
  using Visits::operator()...;
};
template <typename... Visits>
Overloaded(Visits...) -> Overloaded<Visits...>;

// The type of the function that flatc makes to create a table.
template <typename Table, typename... Parameters>
using Create = flatbuffers::Offset<Table>(flatbuffers::FlatBufferBuilder&, Parameters...);
template <typename Function, typename Table, typename... Fields>
constexpr bool is_whole(Function*, FieldList<Fields...>) {
  return std::is_same_v<Function, Create<Table, typename Fields::Created...>>;
}
template <typename... Fields>
constexpr bool in_order(FieldList<Fields...>) {
  flatbuffers::voffset_t place = 2;
  return ((Fields::kPlace == (place += 2)) && ...);
}

#define PINTLE_CHECK_LIST(table)                                                          \
  static_assert(                                                                          \
      is_whole<decltype(fb::Create##table), fb::table>(nullptr, FieldsOf<table>::List()), \
      "network_list.inc lacks a field that " #table " has in pintle.fbs");                \
  static_assert(in_order(FieldsOf<table>::List()),                                        \
                "network_list.inc has fields of " #table " in another order than pintle.fbs")
PINTLE_CHECK_LIST(Architecture);
PINTLE_CHECK_LIST(Block);
PINTLE_CHECK_LIST(Sae);
PINTLE_CHECK_LIST(ExactScan);
PINTLE_CHECK_LIST(Model);
#undef PINTLE_CHECK_LIST

// Tensor, Linear and Norm are not listed: a field more has to be hashed (network_hash.h), read
// (the runtime's table_reader.h) and written (the converter's writer.cpp) by hand.
using TensorOffset = flatbuffers::Offset<fb::Tensor>;
static_assert(std::is_same_v<decltype(fb::CreateTensor),
                             Create<fb::Tensor, uint32_t, uint32_t, fb::DType, fb::Layout,
                                    const fb::Segment*, const fb::Segment*, float>>);
static_assert(
    std::is_same_v<decltype(fb::CreateLinear), Create<fb::Linear, TensorOffset, TensorOffset>>);
static_assert(
    std::is_same_v<decltype(fb::CreateNorm), Create<fb::Norm, TensorOffset, TensorOffset, float>>);

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_NETWORK_FIELDS_H_
