// SPDX-License-Identifier: Apache-2.0
//
// Why an item scores what it scores: features and events. pintle.h defines the results.
#ifndef PINTLE_RUNTIME_CALLS_EXPLAIN_H_
#define PINTLE_RUNTIME_CALLS_EXPLAIN_H_

#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// The state at a hook for the newest event. REQUIRES: update_hidden.
const float* hook_state(const Session& session, fb::HookKind hook, uint32_t layer);

void active_features(Session* session, uint32_t sae, pintle_feature_value* out, size_t capacity,
                     size_t* count);
Status explain_features(Session* session, uint32_t sae, uint32_t item, pintle_feature_value* out,
                        size_t capacity, size_t* count, float* score, float* remainder);
Status explain_events(Session* session, uint32_t item, pintle_event_effect* out, size_t capacity,
                      size_t* count);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_EXPLAIN_H_
