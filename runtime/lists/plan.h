// SPDX-License-Identifier: Apache-2.0
//
// A request's knobs, wishes and rules, checked, as groups of items and numbers.
#ifndef PINTLE_RUNTIME_LISTS_PLAN_H_
#define PINTLE_RUNTIME_LISTS_PLAN_H_

#include "runtime/choice/objective.h"
#include "runtime/network/steering.h"
#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// Stands for an attribute where new items are meant. From PINTLE_EXAMPLE_ATTRIBUTE on there is besides only
// it: no catalogue has so many attributes.
inline constexpr uint32_t kFreshness = UINT32_MAX;

struct PlannedGroup {
  uint32_t attribute;  // or kFreshness, or a group by example
  double reward;       // signed; 0: only rules name it
  uint32_t source;     // pintle_reason.source of the first wish for it
};
struct PlannedItem {
  uint32_t item;
  float reward;
  uint32_t source;
};

struct ListPlan {
  PlannedGroup groups[PINTLE_LIST_ATTRIBUTES];
  uint32_t group_count = 0;
  uint32_t families[kMaxFamilies];  // groups of attributes
  uint32_t family_count = 0;
  PlannedItem items[PINTLE_LIST_WISHES];
  uint32_t item_count = 0;
  const pintle_rule* rules = nullptr;
  uint32_t rule_count = 0;
  // Of a rule: its place in groups or families, where it names one.
  uint32_t rule_targets[PINTLE_LIST_RULES];
  double diversity = 0;
  uint32_t diversity_source = 0;
  double exploration = 0;
  uint32_t exploration_source = 0;
  uint64_t seed = 0;
  int64_t now_minutes = 0;
  double half_life_minutes = 0;

  // Whether a list is what it is without wishes and rules.
  bool is_plain() const {
    return group_count == 0 && item_count == 0 && rule_count == 0 && diversity == 0 &&
           exploration == 0;
  }
};

// The statuses are pintle_recommend's. steering: checked. wishes: null for none. now: the request's.
Status make_plan(const Session& session, const Steering& steering, const pintle_wishes* wishes,
                 int64_t now, size_t k, ListPlan* plan);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_PLAN_H_
