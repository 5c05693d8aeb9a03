// SPDX-License-Identifier: Apache-2.0
//
// What a profile has learned, attribute by attribute, as numbers and in words.
#ifndef PINTLE_RUNTIME_PROFILE_EXPLAIN_PROFILE_H_
#define PINTLE_RUNTIME_PROFILE_EXPLAIN_PROFILE_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// The statuses are those of the pintle_profile_* of their name. REQUIRES: the session has a profile.
Status explain_profile(Session* session, int64_t now, pintle_profile_part* out, size_t capacity,
                       size_t* count);
Status explain_profile_of(Session* session, uint32_t item, int64_t now, pintle_profile_part* out,
                          size_t capacity, size_t* count, float* offset);
Status describe_part(const Session& session, const pintle_profile_part& part, char* text,
                     size_t capacity, size_t* length);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_PROFILE_EXPLAIN_PROFILE_H_
