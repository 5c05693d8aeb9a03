// SPDX-License-Identifier: Apache-2.0
#include "linear.h"

namespace pintle {

void apply_linear(const Session& session, const LinearView& linear, const float* in, float* out) {
  const KernelTable& kernels = session.model->kernels;
  const Operand x = make_operand(kernels, linear.weight, in, session.buffers.operand);
  multiply_panels(kernels, linear.weight, 0, linear.weight.panel_count(), x, session.buffers.wide);
  for (uint32_t i = 0; i < linear.weight.rows; ++i) {
    out[i] = session.buffers.wide[i] + linear.bias[i];
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

}  // namespace pintle
