// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_CALLS_RECOMMEND_H_
#define PINTLE_RUNTIME_CALLS_RECOMMEND_H_

#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// pintle_recommend. The request but for its items, steering and wishes must be valid already. has_profile: the
// session's has a part in the list.
Status recommend(Session* session, const pintle_request& request, pintle_recommendation* out,
                 size_t* count, bool has_profile = true);

// pintle_score; see there.
Status score(Session* session, const uint32_t* items, size_t count, float* scores);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_RECOMMEND_H_
