// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/tensor.h"

#include <string.h>

#include "schema/half.h"

namespace pintle::internal {

using format::half_to_float;

size_t TensorView::stored_cols() const {
  return static_cast<size_t>(format::padded_cols(dtype, layout, cols));
}

size_t TensorView::panel_bytes() const {
  const size_t elements = kPanelRows * stored_cols();
  switch (dtype) {
    case fb::DType_F32:
      return elements * 4;
    case fb::DType_F16:
      return elements * 2;
    case fb::DType_I8:
      return elements;
    case fb::DType_I4:
      return elements / 2;
  }
  return 0;
}

size_t TensorView::panel_scale_bytes() const {
  if (dtype == fb::DType_I8) return kPanelRows * sizeof(float);
  if (dtype == fb::DType_I4) return stored_cols() / kGroupCols * kPanelRows * sizeof(uint16_t);
  return 0;
}

namespace {

void gather_panel_row(const TensorView& tensor, uint32_t row, float* out) {
  const size_t panel = row / kPanelRows, lane = row % kPanelRows;
  const uint8_t* data = tensor.panel(panel);
  const uint8_t* scales = tensor.panel_scales(panel);
  const size_t cols = tensor.cols;
  switch (tensor.dtype) {
    case fb::DType_F32: {
      const float* values = reinterpret_cast<const float*>(data);
      for (size_t c = 0; c < cols; ++c) out[c] = values[c * kPanelRows + lane];
      break;
    }
    case fb::DType_F16: {
      const uint16_t* values = reinterpret_cast<const uint16_t*>(data);
      for (size_t c = 0; c < cols; ++c) out[c] = half_to_float(values[c * kPanelRows + lane]);
      break;
    }
    case fb::DType_I8: {
      const int8_t* values = reinterpret_cast<const int8_t*>(data);
      const float scale = reinterpret_cast<const float*>(scales)[lane];
      const int8_t* four = values + lane * 4;  // columns that are next to each other in a row
      size_t c = 0;
      for (; c + 4 <= cols; c += 4, four += 4 * kPanelRows) {
        out[c] = static_cast<float>(four[0]) * scale;
        out[c + 1] = static_cast<float>(four[1]) * scale;
        out[c + 2] = static_cast<float>(four[2]) * scale;
        out[c + 3] = static_cast<float>(four[3]) * scale;
      }
      for (size_t i = 0; c < cols; ++i) out[c++] = static_cast<float>(four[i]) * scale;
      break;
    }
    case fb::DType_I4: {
      const uint16_t* group_scales = reinterpret_cast<const uint16_t*>(scales);
      for (size_t c = 0; c < cols; ++c) {
        const uint8_t byte = data[c / 8 * 64 + lane * 4 + c % 4];
        const int nibble = (c % 8 < 4 ? byte & 15 : byte >> 4) - 8;
        out[c] = static_cast<float>(nibble) *
                 half_to_float(group_scales[c / kGroupCols * kPanelRows + lane]);
      }
      break;
    }
  }
}

}  // namespace

void gather_row(const TensorView& tensor, uint32_t row, float* out) {
  if (tensor.layout == fb::Layout_Panels) {
    gather_panel_row(tensor, row, out);
    return;
  }
  const size_t start = static_cast<size_t>(row) * tensor.cols;
  if (tensor.dtype == fb::DType_F32) {
    memcpy(out, tensor.floats() + start, tensor.cols * sizeof(float));
  } else if (tensor.dtype == fb::DType_F16) {
    const uint16_t* values = reinterpret_cast<const uint16_t*>(tensor.data) + start;
    for (size_t c = 0; c < tensor.cols; ++c) out[c] = half_to_float(values[c]);
  } else {  // I8: the verifier allows no other type in this layout
    const int8_t* values = reinterpret_cast<const int8_t*>(tensor.data) + start;
    const float scale = reinterpret_cast<const float*>(tensor.scales)[row];
    for (size_t c = 0; c < tensor.cols; ++c) out[c] = static_cast<float>(values[c]) * scale;
  }
}

Operand make_operand(const KernelTable& kernels, const TensorView& tensor, const float* values,
                     int16_t* storage) {
  if (!tensor.is_quantized()) return {values, nullptr, 1.0f};
  const size_t stored = tensor.stored_cols();
  const float scale = kernels.quantize_s16(values, tensor.cols, activation_limit(stored), storage);
  for (size_t c = tensor.cols; c < stored; ++c) storage[c] = 0;
  return {values, storage, scale};
}

const float* unpack_panel(const KernelTable& kernels, const TensorView& tensor, size_t panel,
                          float* tile) {
  const uint8_t* data = tensor.panel(panel);
  const uint8_t* scales = tensor.panel_scales(panel);
  switch (tensor.dtype) {
    case fb::DType_F32:
      return reinterpret_cast<const float*>(data);
    case fb::DType_F16:
      kernels.unpack_panel_f16(reinterpret_cast<const uint16_t*>(data), tensor.cols, tile);
      break;
    case fb::DType_I8:
      kernels.unpack_panel_s8(reinterpret_cast<const int8_t*>(data),
                              reinterpret_cast<const float*>(scales), tensor.cols, tile);
      break;
    case fb::DType_I4:
      kernels.unpack_panel_s4(data, reinterpret_cast<const uint16_t*>(scales), tensor.cols, tile);
      break;
  }
  return tile;
}

void multiply_panels(const KernelTable& kernels, const TensorView& tensor, size_t first_panel,
                     size_t panel_count, const Operand& x, float* y) {
  const size_t run = tensor.run_of(first_panel, panel_count);
  if (run < panel_count) {
    multiply_panels(kernels, tensor, first_panel + run, panel_count - run, x, y + run * kPanelRows);
    panel_count = run;
  }
  const uint8_t* data = tensor.panel(first_panel);
  const uint8_t* scales = tensor.panel_scales(first_panel);
  switch (tensor.dtype) {
    case fb::DType_F32:
      kernels.matvec_f32(reinterpret_cast<const float*>(data), panel_count, tensor.cols, x.values,
                         y);
      break;
    case fb::DType_F16:
      kernels.matvec_f16(reinterpret_cast<const uint16_t*>(data), panel_count, tensor.cols,
                         x.values, y);
      break;
    case fb::DType_I8:
      kernels.matvec_s8(reinterpret_cast<const int8_t*>(data),
                        reinterpret_cast<const float*>(scales), panel_count, tensor.stored_cols(),
                        x.quantized, x.scale, y);
      break;
    case fb::DType_I4:
      kernels.matvec_s4(data, reinterpret_cast<const uint16_t*>(scales), panel_count,
                        tensor.stored_cols(), x.quantized, x.scale, y);
      break;
  }
}

size_t scan_panels(const KernelTable& kernels, const TensorView& tensor, size_t first_panel,
                   size_t panel_count, const Operand& x, const float* bias, float threshold,
                   ScanHits* hits) {
  const uint8_t* data = tensor.panel(first_panel);
  const uint8_t* scales = tensor.panel_scales(first_panel);
  if (tensor.dtype == fb::DType_I8) {
    return kernels.scan_s8(reinterpret_cast<const int8_t*>(data),
                           reinterpret_cast<const float*>(scales), bias, panel_count,
                           tensor.stored_cols(), x.quantized, x.scale, threshold, hits);
  }
  return kernels.scan_s4(data, reinterpret_cast<const uint16_t*>(scales), bias, panel_count,
                         tensor.stored_cols(), x.quantized, x.scale, threshold, hits);
}

}  // namespace pintle::internal
