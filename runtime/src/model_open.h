// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_MODEL_OPEN_H_
#define PINTLE_RUNTIME_MODEL_OPEN_H_

#include "model.h"
#include "status.h"

namespace pintle {

// Verifies the mapped bytes and chooses the kernels. Owns `mapping` from here on, on failure too.
Status model_open(Mapping mapping, const pintle_open_options& options, const Fault& fault,
                  Model** opened);
void model_close(Model* model);

}  // namespace pintle

#endif  // PINTLE_RUNTIME_MODEL_OPEN_H_
