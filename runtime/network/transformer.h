// SPDX-License-Identifier: Apache-2.0
//
// The states that lists come from: which runs of the network they take, and what of the last ones can
// be used again (session/cache_state.h).
#ifndef PINTLE_RUNTIME_NETWORK_TRANSFORMER_H_
#define PINTLE_RUNTIME_NETWORK_TRANSFORMER_H_

#include "runtime/network/steering.h"
#include "runtime/session/session.h"

namespace pintle::internal {

// Brings session->hidden() up to the newest event. Costs one position per event appended since the
// last call where the model is incremental and its window not full, else the whole window.
// REQUIRES: an event.
void update_hidden(Session* session);

// The hidden state under `steering`, in `hidden` [dim], not the session's own. Runs only what lies
// behind the first edited hook, for the newest position; the whole window if every position is
// edited, or if the others see the newest one. Of the unsteered run it does what is missing for that,
// and leaves the rest to update_hidden. REQUIRES: an event.
void steered_hidden(Session* session, const Steering& steering, Span<float> hidden);

// Leave one out: the hidden state, in `hidden` [dim], not the session's own, had the event at
// position `left_out` of the window not been. Costs a whole window; the cached keys and values are
// overwritten. REQUIRES: update_hidden, more than one event in the window.
void leave_one_out_hidden(Session* session, uint32_t left_out, Span<float> hidden);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_TRANSFORMER_H_
