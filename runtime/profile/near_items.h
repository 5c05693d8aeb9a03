// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_PROFILE_NEAR_ITEMS_H_
#define PINTLE_RUNTIME_PROFILE_NEAR_ITEMS_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// Makes profile.near that of the newest kNearFeedback of the log's MORE_LIKE and LESS_LIKE, and profile.terms theirs: one
// scan of the catalogue for each that is not there yet.
void update_near_items(Session* session);
// Takes all out of the terms, as they were weighed at another time.
void forget_near_weights(Session* session);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_PROFILE_NEAR_ITEMS_H_
