// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/linear.h"

#include <math.h>
#include <string.h>

namespace pintle::internal {

namespace {

// Rows [first, first + row_count) of a product. Inline: it is most of what a short pass does.
inline void multiply_rows(const KernelTable& kernels, const LinearView& linear, size_t first,
                          size_t row_count, const float* in, ProductScratch* scratch, float* out) {
  const TensorView& weight = linear.weight;
  const Operand x =
      make_operand(kernels, weight, in, scratch->operand.front(operand_capacity(weight.cols)));
  const size_t panel = first / kPanelRows, skipped = first % kPanelRows;
  const size_t panels = (skipped + row_count + kPanelRows - 1) / kPanelRows;
  float* products = scratch->wide.front(panels * kPanelRows);
  multiply_panels(kernels, weight, panel, panels, x, products);
  products += skipped;
  const float* bias = linear.bias + first;
  for (size_t i = 0; i < row_count; ++i) out[i] = products[i] + bias[i];
}

// What inside the root does the same to this row: with s its deviation,
// (s + eps)^2 = s^2 + eps (2 s + eps).
float eps_inside(const float* x, size_t count, float eps) {
  const double size = static_cast<double>(count), outside = double{eps};
  double mean = 0, squares = 0;
  for (size_t i = 0; i < count; ++i) mean += double{x[i]};
  mean /= size;
  for (size_t i = 0; i < count; ++i) squares += (double{x[i]} - mean) * (double{x[i]} - mean);
  return static_cast<float>(outside * (2 * sqrt(squares / size) + outside));
}

}  // namespace

void apply_linear_rows(const KernelTable& kernels, const LinearView& linear, size_t first,
                       size_t row_count, const float* in, ProductScratch* scratch,
                       Span<float> out) {
  multiply_rows(kernels, linear, first, row_count, in, scratch, out.front(row_count));
}

void apply_linear(const KernelTable& kernels, const LinearView& linear, const float* in,
                  ProductScratch* scratch, Span<float> out) {
  apply_linear_rows(kernels, linear, 0, linear.weight.rows, in, scratch, out);
}

void apply_linear_transposed(const KernelTable& kernels, const LinearView& linear, size_t first,
                             size_t row_count, const float* in, ProductScratch* scratch,
                             Span<float> out) {
  const size_t cols = linear.weight.cols, end = first + row_count;
  float* tile = scratch->tile.front(cols * kPanelRows);
  float* sums = out.front(cols);
  memset(sums, 0, cols * sizeof(float));
  for (size_t panel = first / kPanelRows; panel * kPanelRows < end; ++panel) {
    float factors[kPanelRows];  // 0 for the panel's rows outside the range
    for (size_t r = 0; r < kPanelRows; ++r) {
      const size_t row = panel * kPanelRows + r;
      factors[r] = row >= first && row < end ? in[row - first] : 0;
    }
    const float* columns = unpack_panel(kernels, linear.weight, panel, tile);
    for (size_t c = 0; c < cols; ++c) {
      sums[c] += kernels.dot_f32(columns + c * kPanelRows, factors, kPanelRows);
    }
  }
}

void apply_block_linear(Session* session, uint32_t layer, BlockLinear which, const float* in,
                        size_t rows, bool dense, Span<float> out) {
  const Model& model = *session->model;
  const LinearView& linear = block_linear(model.blocks[layer], which);
  const size_t cols = linear.weight.cols, width = linear.weight.rows;
  if (dense) {
    gemm_run(&session->gemm, model, layer, which, in, rows,
             session->product.tile.front(cols * kPanelRows), out.front(rows * width));
    return;
  }
  float* sums = out.front(rows * width);
  for (size_t row = 0; row < rows; ++row) {
    multiply_rows(model.kernels, linear, 0, width, in + row * cols, &session->product,
                  sums + row * width);
  }
}

void apply_norm(const Model& model, const NormView& norm, const float* in, size_t rows, size_t dim,
                Span<float> out) {
  const bool is_outside = model.norm_form == fb::NormForm_EpsOutside;
  float* normed = out.front(rows * dim);
  for (size_t row = 0; row < rows; ++row) {
    const float* x = in + row * dim;
    const float eps = is_outside ? eps_inside(x, dim, norm.eps) : norm.eps;
    model.kernels.layer_norm_f32(x, norm.gain, norm.bias, eps, dim, normed + row * dim);
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
