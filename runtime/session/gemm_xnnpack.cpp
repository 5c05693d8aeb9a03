// SPDX-License-Identifier: Apache-2.0
//
// The dense products by XNNPACK's f32 fully-connected operator; the only file that includes
// xnnpack.h. XNNPACK packs a second copy of the weights, in f32, when an operator is created, and
// an operator holds its call's arguments, so every session has its own set. Empty without it.
#if PINTLE_WITH_XNNPACK
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>

#include "runtime/session/gemm.h"

namespace pintle::internal {
namespace {

constexpr uint32_t kPerBlock = static_cast<uint32_t>(BlockLinear::kCount);

xnn_operator_t* operators(const GemmSet& set) { return static_cast<xnn_operator_t*>(set.state); }

// XNNPACK's AVX2 kernel, as GCC compiles it for Debian, keeps one of its sums in memory and takes
// twice the time of ours, which is within a tenth of the peak.
bool is_ours_faster(const Model& model) { return strcmp(model.isa, "avx2") == 0; }

// Room for one linear's weights in f32, row-major, as XNNPACK takes them.
size_t largest_weight(const Model& model) {
  const size_t dim = model.dim, ffn = model.ffn_dim;
  return dim * (2 * dim > ffn ? 2 * dim : ffn);
}

bool create_operator(const LinearView& linear, float* weights, xnn_operator_t* created) {
  const size_t in = linear.weight.cols, out = linear.weight.rows;
  for (uint32_t row = 0; row < out; ++row) gather_row(linear.weight, row, weights + row * in);
  return xnn_create_fully_connected_nc_f32(in, out, in, out, weights, linear.bias, -INFINITY,
                                           INFINITY, 0,
#if PINTLE_XNNPACK_HAS_RESHAPE
                                           nullptr,
#endif
                                           created) == xnn_status_success;
}

}  // namespace

Status gemm_create(const Model& model, GemmSet* set) {
  if (is_ours_faster(model)) return PINTLE_OK;
  // Reference-counted inside XNNPACK and never undone by us: another user in the process may be
  // live.
  if (xnn_initialize(nullptr) != xnn_status_success) return PINTLE_ERR_OUT_OF_MEMORY;
  float* weights = static_cast<float*>(malloc(largest_weight(model) * sizeof(float)));
  set->state = calloc(static_cast<size_t>(model.layer_count) * kPerBlock, sizeof(xnn_operator_t));
  bool ok = weights != nullptr && set->state != nullptr;
  for (uint32_t i = 0; ok && i < model.layer_count * kPerBlock; ++i) {
    const LinearView& linear =
        block_linear(model.blocks[i / kPerBlock], static_cast<BlockLinear>(i % kPerBlock));
    if (linear.present()) ok = create_operator(linear, weights, &operators(*set)[i]);
  }
  free(weights);
  if (ok) return PINTLE_OK;
  gemm_destroy(model, set);
  return PINTLE_ERR_OUT_OF_MEMORY;
}

void gemm_destroy(const Model& model, GemmSet* set) {
  if (set->state == nullptr) return;
  for (uint32_t i = 0; i < model.layer_count * kPerBlock; ++i) {
    if (operators(*set)[i] != nullptr) xnn_delete_operator(operators(*set)[i]);
  }
  free(set->state);
  set->state = nullptr;
}

void gemm_run(const GemmSet& set, const Model& model, uint32_t layer, BlockLinear which,
              const float* in, size_t rows, float* tile, float* out) {
  if (set.state == nullptr) return gemm_run_own(model, layer, which, in, rows, tile, out);
  const xnn_operator_t op = operators(set)[layer * kPerBlock + static_cast<uint32_t>(which)];
  // Neither can fail for an operator that was created and a batch above 0.
#if PINTLE_XNNPACK_HAS_RESHAPE
  xnn_reshape_fully_connected_nc_f32(op, rows, nullptr);
  xnn_setup_fully_connected_nc_f32(op, in, out);
#else
  xnn_setup_fully_connected_nc_f32(op, rows, in, out, nullptr);
#endif
  xnn_run_operator(op, nullptr);
}

}  // namespace pintle::internal

#endif  // PINTLE_WITH_XNNPACK
