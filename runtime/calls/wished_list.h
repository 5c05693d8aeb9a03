// SPDX-License-Identifier: Apache-2.0
//
// The best list under a request's knobs, wishes and rules, with all that explains it.
#ifndef PINTLE_RUNTIME_CALLS_WISHED_LIST_H_
#define PINTLE_RUNTIME_CALLS_WISHED_LIST_H_

#include "runtime/lists/candidates.h"
#include "runtime/scan/audience.h"
#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// A request, checked, and the state that its items are scored against.
struct ListCall {
  ListPlan plan;
  Audience audience;
  const float* hidden = nullptr;  // null: the prior's scores
  bool is_steered = false;        // `hidden` is not the session's
};

// Checks all of the request that needs the model, runs the network and learns the profile. has_profile: it has a
// part in the list. The statuses are pintle_recommend's.
Status begin_list(Session* session, const pintle_request& request, bool has_profile,
                  ListCall* call);

struct WishedList {
  ListScan scan;
  PosedList posed;
  Tilt tilt;
  uint32_t entries[PINTLE_LIST_K];  // candidates, in the list's order; posed.problem.length of them
  bool is_proven;
  double violation;

  uint32_t length() const { return posed.problem.length; }
};

// REQUIRES: !call.plan.is_plain(), or a k of at most PINTLE_LIST_K.
void make_wished_list(Session* session, const pintle_request& request, const ListCall& call,
                      WishedList* list);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_WISHED_LIST_H_
