// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_CALLS_BATCH_H_
#define PINTLE_RUNTIME_CALLS_BATCH_H_

#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// The arguments of pintle_recommend_batch; see there.
struct Batch {
  const uint32_t* items;
  const size_t* offsets;
  size_t history_count;
  const pintle_request* request;
  pintle_recommendation* out;
  size_t* counts;
};

// One task a session, which are handles of sessions. executor: null with a single session.
Status recommend_batch(pintle_session* const* sessions, size_t session_count,
                       const pintle_executor* executor, const Batch& batch, size_t* done);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_BATCH_H_
