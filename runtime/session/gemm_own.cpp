// SPDX-License-Identifier: Apache-2.0
//
// Our own: one panel of 16 outputs at a time, unpacked to f32 once for all rows.
#include "runtime/session/gemm.h"

namespace pintle::internal {

void gemm_run_own(const Model& model, uint32_t layer, BlockLinear which, const float* in,
                  size_t rows, float* tile, float* out) {
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

#if !PINTLE_WITH_XNNPACK

Status gemm_create(const Model&, GemmSet*) { return PINTLE_OK; }

void gemm_destroy(const Model&, GemmSet*) {}

void gemm_run(GemmSet*, const Model& model, uint32_t layer, BlockLinear which, const float* in,
              size_t rows, float* tile, float* out) {
  gemm_run_own(model, layer, which, in, rows, tile, out);
}

#endif

}  // namespace pintle::internal
