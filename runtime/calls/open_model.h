// SPDX-License-Identifier: Apache-2.0
//
// From bytes to a model that sessions can use, and its end.
#ifndef PINTLE_RUNTIME_CALLS_OPEN_MODEL_H_
#define PINTLE_RUNTIME_CALLS_OPEN_MODEL_H_

#include "runtime/model/model.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// Verifies the mapped bytes and chooses the kernels. Owns `mapping` and `delta` (no data: none) from here on,
// on failure too. isa: null for the environment's or the best. flags: PINTLE_OPEN_*.
Status open_model(Mapping mapping, Mapping delta, const Allocator& allocator, const char* isa,
                  uint32_t flags, const Fault& fault, pintle_model** opened);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_OPEN_MODEL_H_
