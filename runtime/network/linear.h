// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_NETWORK_LINEAR_H_
#define PINTLE_RUNTIME_NETWORK_LINEAR_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// out[out] = weight * in[in] + bias, for one row. `out` may be `in`.
void apply_linear(const KernelTable& kernels, const LinearView& linear, const float* in,
                  ProductScratch* scratch, Span<float> out);

// out[row_count] = rows [first, first + row_count) of that.
void apply_linear_rows(const KernelTable& kernels, const LinearView& linear, size_t first,
                       size_t row_count, const float* in, ProductScratch* scratch, Span<float> out);
// out[in] = the transpose of those rows of the weight, times in[row_count]; no bias.
void apply_linear_transposed(const KernelTable& kernels, const LinearView& linear, size_t first,
                             size_t row_count, const float* in, ProductScratch* scratch,
                             Span<float> out);

// out = weight * in + bias for `rows` rows of a block's linear, by gemm.h if `dense`. Uses the
// session's ProductScratch.
void apply_block_linear(Session* session, uint32_t layer, BlockLinear which, const float* in,
                        size_t rows, bool dense, Span<float> out);

// In the model's norm form. `out` may be `in`.
void apply_norm(const Model& model, const NormView& norm, const float* in, size_t rows, size_t dim,
                Span<float> out);
void apply_activation(const KernelTable& kernels, fb::Activation activation, float* values,
                      size_t count);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_LINEAR_H_
