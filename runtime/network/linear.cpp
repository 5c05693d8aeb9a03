// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/linear.h"

#include <string.h>

namespace pintle::internal {

void apply_linear_rows(const Session& session, const LinearView& linear, size_t first,
                       size_t row_count, const float* in, float* out) {
  const KernelTable& kernels = session.model->kernels;
  const Operand x = make_operand(kernels, linear.weight, in, session.buffers.operand);
  const size_t panel = first / kPanelRows, skipped = first % kPanelRows;
  multiply_panels(kernels, linear.weight, panel,
                  (skipped + row_count + kPanelRows - 1) / kPanelRows, x, session.buffers.wide);
  const float* products = session.buffers.wide + skipped;
  const float* bias = linear.bias + first;
  for (size_t i = 0; i < row_count; ++i) out[i] = products[i] + bias[i];
}

void apply_linear(const Session& session, const LinearView& linear, const float* in, float* out) {
  apply_linear_rows(session, linear, 0, linear.weight.rows, in, out);
}

void apply_linear_transposed(const Session& session, const LinearView& linear, size_t first,
                             size_t row_count, const float* in, float* out) {
  const KernelTable& kernels = session.model->kernels;
  const size_t cols = linear.weight.cols, end = first + row_count;
  memset(out, 0, cols * sizeof(float));
  for (size_t panel = first / kPanelRows; panel * kPanelRows < end; ++panel) {
    float factors[kPanelRows];  // 0 for the panel's rows outside the range
    for (size_t r = 0; r < kPanelRows; ++r) {
      const size_t row = panel * kPanelRows + r;
      factors[r] = row >= first && row < end ? in[row - first] : 0;
    }
    const float* columns = unpack_panel(kernels, linear.weight, panel, session.buffers.tile);
    for (size_t c = 0; c < cols; ++c) {
      out[c] += kernels.dot_f32(columns + c * kPanelRows, factors, kPanelRows);
    }
  }
}

void apply_block_linear(const Session& session, uint32_t layer, BlockLinear which, const float* in,
                        size_t rows, bool dense, float* out) {
  if (dense) {
    gemm_run(session.gemm, *session.model, layer, which, in, rows, session.buffers.tile, out);
    return;
  }
  const LinearView& linear = block_linear(session.model->blocks[layer], which);
  for (size_t row = 0; row < rows; ++row) {
    apply_linear(session, linear, in + row * linear.weight.cols, out + row * linear.weight.rows);
  }
}

void apply_norm(const KernelTable& kernels, const NormView& norm, const float* in, size_t rows,
                size_t dim, float* out) {
  for (size_t row = 0; row < rows; ++row) {
    kernels.layer_norm_f32(in + row * dim, norm.gain, norm.bias, norm.eps, dim, out + row * dim);
  }
}

void apply_activation(const KernelTable& kernels, fb::Activation activation, float* values,
                      size_t count) {
  switch (activation) {
    case fb::Activation_Identity:
      break;
    case fb::Activation_Relu:
      kernels.relu_f32(values, count);
      break;
    case fb::Activation_GeluErf:
      kernels.gelu_erf_f32(values, count);
      break;
    case fb::Activation_GeluTanh:
      kernels.gelu_tanh_f32(values, count);
      break;
    case fb::Activation_Silu:
      kernels.silu_f32(values, count);
      break;
  }
}

}  // namespace pintle::internal
