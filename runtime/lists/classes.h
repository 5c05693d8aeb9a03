// SPDX-License-Identifier: Apache-2.0
//
// Classes of items that no wish or rule tells apart: those with the same memberships in every group of a
// plan. Within a class the more probable item is never the worse choice, which is what makes a few
// candidates enough (candidates.h).
#ifndef PINTLE_RUNTIME_LISTS_CLASSES_H_
#define PINTLE_RUNTIME_LISTS_CLASSES_H_

#include "runtime/lists/plan.h"
#include "runtime/session/session.h"

namespace pintle::internal {

// Makes the session's list.classes those of the plan's groups. Costs the groups' items where the groups
// are not those of the latest call, of groups by example the catalogue's, and with freshness the catalogue's
// once a minute.
void update_classes(Session* session, const ListPlan& plan);

// An item's membership in a group of the plan, in fifteenths: what its class has, where there are not too
// many classes.
uint8_t level_of(const Session& session, const ListPlan& plan, uint32_t group, uint32_t item);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_CLASSES_H_
