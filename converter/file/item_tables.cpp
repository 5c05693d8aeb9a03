// SPDX-License-Identifier: Apache-2.0
#include "converter/file/item_tables.h"

#include <cstring>

#include "schema/half.h"
#include "schema/tensor_layout.h"

namespace pintle::converter {
namespace {

template <typename T>
T read_at(const std::vector<uint8_t>& bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

// schema/README.md draws these places.
float panel_value(const PackedTensor& p, size_t row, size_t col) {
  constexpr size_t kRows = format::kPanelRows, kGroup = format::kGroupCols;
  const size_t stored = format::padded_cols(p.dtype, p.layout, p.cols);
  const size_t panel = row / kRows, lane = row % kRows, first = panel * kRows * stored;
  switch (p.dtype) {
    case fb::DType_F32:
      return read_at<float>(p.data, first + col * kRows + lane);
    case fb::DType_F16:
      return format::half_to_float(read_at<uint16_t>(p.data, first + col * kRows + lane));
    case fb::DType_I8: {
      const size_t place = first + (col / 4 * kRows + lane) * 4 + col % 4;
      return static_cast<float>(read_at<int8_t>(p.data, place)) * read_at<float>(p.scales, row);
    }
    case fb::DType_I4: {
      const uint8_t byte = p.data[first / 2 + (col / 8 * kRows + lane) * 4 + col % 4];
      const int code = (col % 8 < 4 ? byte & 15 : byte >> 4) - 8;
      const size_t scale = (panel * (stored / kGroup) + col / kGroup) * kRows + lane;
      return static_cast<float>(code) * format::half_to_float(read_at<uint16_t>(p.scales, scale));
    }
  }
  return 0;
}

}  // namespace

Matrix unpacked(const PackedTensor& packed) {
  Matrix matrix{packed.rows, packed.cols, {}};
  matrix.values.resize(size_t{packed.rows} * packed.cols);
  const bool is_plain = packed.layout == fb::Layout_Rows && packed.dtype == fb::DType_F32;
  for (size_t r = 0; r < packed.rows; ++r) {
    for (size_t c = 0; c < packed.cols; ++c) {
      const size_t place = r * packed.cols + c;
      matrix.values[place] =
          is_plain ? read_at<float>(packed.data, place) : panel_value(packed, r, c);
    }
  }
  return matrix;
}

ItemTables read_item_tables(const ModelParts& parts) {
  ItemTables tables;
  for (const PackedTensor& tensor : parts.packed.tensors) {
    if (tensor.name == "items") tables.items = unpacked(tensor);
    if (tensor.name == "output_items") tables.output_items = unpacked(tensor);
    if (tensor.name == "exact.rows") tables.exact_rows = unpacked(tensor);
    if (tensor.name == "item_bias") tables.item_bias = unpacked(tensor).values;
  }
  return tables;
}

}  // namespace pintle::converter
