// SPDX-License-Identifier: Apache-2.0
//
// Whom one call's list is for: what of the session has a part in it.
#ifndef PINTLE_RUNTIME_SCAN_AUDIENCE_H_
#define PINTLE_RUNTIME_SCAN_AUDIENCE_H_

#include "runtime/session/session.h"

namespace pintle::internal {

struct Audience {
  bool has_history = true;  // its scores, and its items as seen
  bool has_profile = true;  // its offsets, and the items that it keeps out
  int64_t now = PINTLE_NO_DATE;
  int32_t repeats_before = 0;  // minutes: items last seen before that may come back
  bool may_repeat = false;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_AUDIENCE_H_
