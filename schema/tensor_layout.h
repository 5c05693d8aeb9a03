// SPDX-License-Identifier: Apache-2.0
//
// How many bytes a tensor takes in a file: README.md draws the layouts.
#ifndef PINTLE_SCHEMA_TENSOR_LAYOUT_H_
#define PINTLE_SCHEMA_TENSOR_LAYOUT_H_

#include <stddef.h>
#include <stdint.h>

#include "pintle_generated.h"
#include "schema/checked_size.h"

namespace pintle::format {

// The rows of a panel, and the columns of an int4 row that share a scale.
inline constexpr size_t kPanelRows = 16;
inline constexpr size_t kGroupCols = 32;
// Columns of fb::Sae.statistics: density, p50, p95, p99, max.
inline constexpr uint32_t kStatistics = 5;

// Columns rounded up to what the layout packs together.
inline constexpr uint64_t padded_cols(fb::DType dtype, fb::Layout layout, uint64_t cols) {
  if (layout == fb::Layout_Rows) return cols;
  if (dtype == fb::DType_I8) return round_up(cols, 4);
  if (dtype == fb::DType_I4) return round_up(cols, kGroupCols);
  return cols;
}

inline constexpr uint64_t padded_rows(fb::Layout layout, uint64_t rows) {
  return layout == fb::Layout_Rows ? rows : round_up(rows, kPanelRows);
}

// Bytes that the data and the scales of such a tensor take.
inline CheckedSize tensor_data_bytes(fb::DType dtype, fb::Layout layout, uint32_t rows,
                                     uint32_t cols) {
  const CheckedSize elements =
      CheckedSize(padded_rows(layout, rows)) * CheckedSize(padded_cols(dtype, layout, cols));
  switch (dtype) {
    case fb::DType_F32:
      return elements * CheckedSize(4);
    case fb::DType_F16:
      return elements * CheckedSize(2);
    case fb::DType_I8:
      return elements;
    case fb::DType_I4:  // a panel's element count is even
      return elements.overflowed() ? elements : CheckedSize(elements.value() / 2);
  }
  return CheckedSize(0);
}

inline CheckedSize tensor_scale_bytes(fb::DType dtype, fb::Layout layout, uint32_t rows,
                                      uint32_t cols) {
  const CheckedSize stored_rows = padded_rows(layout, rows);
  if (dtype == fb::DType_I8) return stored_rows * CheckedSize(sizeof(float));
  if (dtype == fb::DType_I4) {
    return stored_rows * CheckedSize(padded_cols(dtype, layout, cols) / kGroupCols) *
           CheckedSize(sizeof(uint16_t));
  }
  return CheckedSize(0);
}

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_TENSOR_LAYOUT_H_
