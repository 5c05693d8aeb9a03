// SPDX-License-Identifier: Apache-2.0
//
// A tensor inside a verified file, used in place.
#ifndef PINTLE_RUNTIME_MODEL_TENSOR_H_
#define PINTLE_RUNTIME_MODEL_TENSOR_H_

#include <stddef.h>
#include <stdint.h>

#include "pintle_generated.h"
#include "runtime/kernels/kernels.h"
#include "schema/checked_size.h"
#include "schema/tensor_layout.h"

namespace pintle::internal {

// Kernels stand alone, so their header says again what the format says.
static_assert(kPanelRows == format::kPanelRows && kGroupCols == format::kGroupCols);

struct TensorView {
  const uint8_t* data = nullptr;  // null: the file has no such tensor
  const uint8_t* scales = nullptr;
  uint32_t rows = 0, cols = 0;
  fb::DType dtype = fb::DType_F32;
  fb::Layout layout = fb::Layout_Panels;
  // A table of items whose panels from this one on are a delta's. `rows` counts both parts, and the rows that
  // pad the first.
  size_t added_panel = SIZE_MAX;
  const uint8_t* added_data = nullptr;
  const uint8_t* added_scales = nullptr;

  bool present() const { return data != nullptr; }
  bool is_quantized() const { return dtype == fb::DType_I8 || dtype == fb::DType_I4; }
  size_t panel_count() const { return (static_cast<size_t>(rows) + kPanelRows - 1) / kPanelRows; }
  // Columns as stored in a panel, padding included.
  size_t stored_cols() const;
  size_t panel_bytes() const;
  size_t panel_scale_bytes() const;
  const uint8_t* panel(size_t index) const {
    return index < added_panel ? data + index * panel_bytes()
                               : added_data + (index - added_panel) * panel_bytes();
  }
  const uint8_t* panel_scales(size_t index) const {
    return index < added_panel ? scales + index * panel_scale_bytes()
                               : added_scales + (index - added_panel) * panel_scale_bytes();
  }
  // Of `count` panels from `first` on as many as lie one behind the other.
  size_t run_of(size_t first, size_t count) const {
    return first < added_panel && count > added_panel - first ? added_panel - first : count;
  }
  const float* floats() const { return reinterpret_cast<const float*>(data); }
};

// out[cols] = row `row` as f32. REQUIRES: row < tensor.rows.
void gather_row(const TensorView& tensor, uint32_t row, float* out);

// A vector as the matrix kernels want it: f32, and for integer weights 14-bit integers with one
// scale.
struct Operand {
  const float* values;       // [cols]
  const int16_t* quantized;  // [stored_cols], zeros after cols; null if nothing quantized is read
  float scale;
};

// Fills `storage` (room for operand_capacity(cols)) if `tensor` is quantized.
Operand make_operand(const KernelTable& kernels, const TensorView& tensor, const float* values,
                     int16_t* storage);
// int16 values that an operand of up to `cols` columns needs.
inline constexpr size_t operand_capacity(size_t cols) {
  return static_cast<size_t>(format::round_up(cols, kGroupCols));
}

// A panel as [cols][16] floats: the file's own bytes if they are that already, else in `tile`
// (64-byte aligned). REQUIRES: Panels layout.
const float* unpack_panel(const KernelTable& kernels, const TensorView& tensor, size_t panel,
                          float* tile);

// y[16 * panel_count] = panels [first, first + panel_count) times x. REQUIRES: Panels layout.
void multiply_panels(const KernelTable& kernels, const TensorView& tensor, size_t first_panel,
                     size_t panel_count, const Operand& x, float* y);

// kernels.scan_s8 or scan_s4 over those panels; bias: null, or of the first panel's rows on.
// REQUIRES: a quantized tensor in the Panels layout, panels that lie one behind the other.
size_t scan_panels(const KernelTable& kernels, const TensorView& tensor, size_t first_panel,
                   size_t panel_count, const Operand& x, const float* bias, float threshold,
                   ScanHits* hits);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_MODEL_TENSOR_H_
