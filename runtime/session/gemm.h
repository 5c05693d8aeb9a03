// SPDX-License-Identifier: Apache-2.0
//
// Dense products over many rows: out = in * weight^T + bias for the linears of every block.
// By XNNPACK (gemm_xnnpack.cpp) where the library was built with it and it is the faster, else by our
// own kernels (gemm_own.cpp). A session has one set.
#ifndef PINTLE_RUNTIME_SESSION_GEMM_H_
#define PINTLE_RUNTIME_SESSION_GEMM_H_

#include "runtime/model/model.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// A block's linears, in the order that a set keeps them.
enum class BlockLinear : uint32_t { kQuery, kKeyValue, kOutput, kFfnIn, kFfnOut, kCount };

const LinearView& block_linear(const BlockView& block, BlockLinear which);

struct GemmSet {
  void* state = nullptr;  // XNNPACK's operators; null where our own kernels run
};

// PINTLE_ERR_OUT_OF_MEMORY, with nothing left allocated.
Status gemm_create(const Model& model, GemmSet* set);
void gemm_destroy(const Model& model, GemmSet* set);

// in [rows][weight.cols] and out [rows][weight.rows] are dense. Inputs are readable for 16 bytes
// past their end (Arena's slack). tile: room for 16 * weight.cols floats, 64-byte aligned.
void gemm_run(GemmSet* set, const Model& model, uint32_t layer, BlockLinear which, const float* in,
              size_t rows, float* tile, float* out);
void gemm_run_own(const Model& model, uint32_t layer, BlockLinear which, const float* in,
                  size_t rows, float* tile, float* out);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_GEMM_H_
