// SPDX-License-Identifier: Apache-2.0
//
// The forward pass: one for all architectures, read from the model's fields.
#ifndef PINTLE_RUNTIME_NETWORK_TRANSFORMER_H_
#define PINTLE_RUNTIME_NETWORK_TRANSFORMER_H_

#include "runtime/network/steering.h"
#include "runtime/session/session.h"

namespace pintle::internal {

// Brings session->buffers.hidden up to the newest event. Costs one position per event appended
// since the last call where the model is incremental and its window not full, else the whole
// window. REQUIRES: session->event_count > 0.
void update_hidden(Session* session);

// The hidden state under `steering`, in `hidden` [dim]. Runs only what lies behind the first edited
// hook, for the newest position; the whole window if every position is edited, or if the others see
// the newest one. Of the unsteered run it does what is missing for that, and leaves the rest to
// update_hidden. REQUIRES: session->event_count > 0.
void steered_hidden(Session* session, const Steering& steering, float* hidden);

// The hidden state, in `hidden` [dim], had the event at position `skipped` of the window not been.
// Costs a whole window; the cached keys and values are lost. REQUIRES: update_hidden, kept > 1.
void hidden_without_event(Session* session, uint32_t skipped, float* hidden);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_TRANSFORMER_H_
