// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_CALLS_RECOMMEND_H_
#define PINTLE_RUNTIME_CALLS_RECOMMEND_H_

#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// pintle_recommend. last: one more edit, after those of request.steering; null for none. The
// request but for its steering must be valid already.
Status recommend(Session* session, const pintle_request& request, const pintle_edit* last,
                 pintle_recommendation* out, size_t* count);

// pintle_score; see there.
Status score(Session* session, const uint32_t* items, size_t count, float* scores);

// pintle_solve_share; see there.
Status solve_share(Session* session, const pintle_request& request, uint32_t knob,
                   float target_share, float min_overlap, pintle_recommendation* scratch,
                   pintle_recommendation* out, size_t* count, pintle_share_solution* solution);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_RECOMMEND_H_
