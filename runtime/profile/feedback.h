// SPDX-License-Identifier: Apache-2.0
//
// Feedback, checked, into a session's profile and out of it.
#ifndef PINTLE_RUNTIME_PROFILE_FEEDBACK_H_
#define PINTLE_RUNTIME_PROFILE_FEEDBACK_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// The statuses are those of the pintle_profile_* of their name. REQUIRES: the session has a profile.
Status give_feedback(Session* session, const pintle_feedback& feedback, uint64_t* number);
Status undo_feedback(Session* session, uint64_t number);
bool are_profile_options(const pintle_profile_options& options);
Status set_profile_options(Session* session, const pintle_profile_options& options);
// What give_feedback checks: the status without words where `fault` has no error to fill.
Status check_feedback(const Model& model, const pintle_feedback& feedback, const Fault& fault);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_PROFILE_FEEDBACK_H_
