// SPDX-License-Identifier: Apache-2.0
//
// The forward pass: one for all architectures, read from the model's fields.
#ifndef PINTLE_RUNTIME_TRANSFORMER_H_
#define PINTLE_RUNTIME_TRANSFORMER_H_

#include "session.h"

namespace pintle {

// Brings session->buffers.hidden up to the newest event. Costs one position per event appended
// since the last call where the model is incremental and its window not full, else the whole
// window. REQUIRES: session->kept > 0.
void update_hidden(Session* session);

}  // namespace pintle

#endif  // PINTLE_RUNTIME_TRANSFORMER_H_
