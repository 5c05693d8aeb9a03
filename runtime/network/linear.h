// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_NETWORK_LINEAR_H_
#define PINTLE_RUNTIME_NETWORK_LINEAR_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// From this many rows on, a product is a matrix product; below, one matrix-vector product a row.
inline constexpr uint32_t kDenseRows = 8;

// out[out] = weight * in[in] + bias, for one row.
void apply_linear(const Session& session, const LinearView& linear, const float* in, float* out);

// out[row_count] = rows [first, first + row_count) of that.
void apply_linear_rows(const Session& session, const LinearView& linear, size_t first,
                       size_t row_count, const float* in, float* out);
// out[in] = the transpose of those rows of the weight, times in[row_count]; no bias.
void apply_linear_transposed(const Session& session, const LinearView& linear, size_t first,
                             size_t row_count, const float* in, float* out);

// out = weight * in + bias for `rows` rows of a block's linear, by gemm.h if `dense`.
void apply_block_linear(const Session& session, uint32_t layer, BlockLinear which, const float* in,
                        size_t rows, bool dense, float* out);

void apply_norm(const KernelTable& kernels, const NormView& norm, const float* in, size_t rows,
                size_t dim, float* out);
void apply_activation(const KernelTable& kernels, fb::Activation activation, float* values,
                      size_t count);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_LINEAR_H_
