// SPDX-License-Identifier: Apache-2.0
//
// From feedback to weights of attributes and items.
#ifndef PINTLE_RUNTIME_PROFILE_LEARN_H_
#define PINTLE_RUNTIME_PROFILE_LEARN_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// A feedback came into the log, or left it. Costs the attributes of its item and of the list that was shown.
void learn(Session* session, const FeedbackEntry& added);
void unlearn(Session* session, const FeedbackEntry& removed);
// Makes the weights those of the log as it weighs at `now`. Costs nothing where neither changed, the weighing of the
// attributes that feedback touched where the log did, and the whole log once a step of time. REQUIRES: the session
// has a profile.
void learn_profile(Session* session, int64_t now);
// What is left of a feedback's weight at the profile's step of time.
double faded_weight(const ProfileState& profile, const pintle_feedback& feedback);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_PROFILE_LEARN_H_
