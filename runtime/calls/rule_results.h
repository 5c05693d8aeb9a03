// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_CALLS_RULE_RESULTS_H_
#define PINTLE_RUNTIME_CALLS_RULE_RESULTS_H_

#include "runtime/calls/wished_list.h"

namespace pintle::internal {

// What became of each rule of the plan: results[plan.rule_count].
void find_rule_results(const ListPlan& plan, const WishedList& list, pintle_rule_result* results);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_RULE_RESULTS_H_
