// SPDX-License-Identifier: Apache-2.0
//
// From weights of attributes and items to an offset for every item.
#ifndef PINTLE_RUNTIME_PROFILE_OFFSETS_H_
#define PINTLE_RUNTIME_PROFILE_OFFSETS_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// Makes profile.offsets those of its weights, by the items of the attributes that weigh anything. Costs nothing where
// they are. REQUIRES: learn_profile.
void find_offsets(Session* session);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_PROFILE_OFFSETS_H_
