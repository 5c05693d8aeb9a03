// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/gemm.h"

namespace pintle::internal {

const LinearView& block_linear(const BlockView& block, BlockLinear which) {
  switch (which) {
    case BlockLinear::kKeyValue:
      return block.key_value;
    case BlockLinear::kOutput:
      return block.output;
    case BlockLinear::kFfnIn:
      return block.ffn_in;
    case BlockLinear::kFfnOut:
      return block.ffn_out;
    default:
      return block.query;
  }
}

}  // namespace pintle::internal
