// SPDX-License-Identifier: Apache-2.0
//
// Our own: one panel of 16 outputs at a time, unpacked to f32 once for all rows.
#include "gemm.h"

namespace pintle {
namespace {

// The panel as [cols][16] floats: the file's own bytes if they are that already, else `tile`.
const float* unpack_panel(const KernelTable& kernels, const TensorView& weight, size_t panel,
                          float* tile) {
  const uint8_t* data = weight.data + panel * weight.panel_bytes();
  const uint8_t* scales = weight.scales + panel * weight.panel_scale_bytes();
  switch (weight.dtype) {
    case fb::DType_F32:
      return reinterpret_cast<const float*>(data);
    case fb::DType_F16:
      kernels.unpack_panel_f16(reinterpret_cast<const uint16_t*>(data), weight.cols, tile);
      break;
    case fb::DType_I8:
      kernels.unpack_panel_s8(reinterpret_cast<const int8_t*>(data),
                              reinterpret_cast<const float*>(scales), weight.cols, tile);
      break;
    case fb::DType_I4:
      kernels.unpack_panel_s4(data, reinterpret_cast<const uint16_t*>(scales), weight.cols, tile);
      break;
  }
  return tile;
}

}  // namespace

Status gemm_create(const Model&, GemmSet*) { return PINTLE_OK; }

void gemm_destroy(const Model&, GemmSet*) {}

void gemm_run(const GemmSet&, const Model& model, uint32_t layer, BlockLinear which,
              const float* in, size_t rows, float* tile, float* out) {
  const LinearView& linear = block_linear(model.blocks[layer], which);
  const size_t cols = linear.weight.cols, width = linear.weight.rows;
  for (size_t panel = 0; panel < linear.weight.panel_count(); ++panel) {
    const size_t first = panel * kPanelRows;
    const size_t count = width - first < kPanelRows ? width - first : kPanelRows;
    const float* weights = unpack_panel(model.kernels, linear.weight, panel, tile);
    model.kernels.gemm_tile_f32(in, cols, rows, cols, weights, linear.bias + first, out + first,
                                width, count);
  }
}

}  // namespace pintle
