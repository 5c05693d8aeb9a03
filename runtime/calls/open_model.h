// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_CALLS_OPEN_MODEL_H_
#define PINTLE_RUNTIME_CALLS_OPEN_MODEL_H_

#include "runtime/model/model.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// Verifies the mapped bytes and chooses the kernels. Owns `mapping` from here on, on failure too.
Status model_open(Mapping mapping, const pintle_open_options& options, const Fault& fault,
                  Model** opened);
void model_close(Model* model);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_OPEN_MODEL_H_
