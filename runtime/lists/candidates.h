// SPDX-License-Identifier: Apache-2.0
//
// From a scan's classes to a question for choice/: the candidates, and the rules as numbers.
#ifndef PINTLE_RUNTIME_LISTS_CANDIDATES_H_
#define PINTLE_RUNTIME_LISTS_CANDIDATES_H_

#include "runtime/lists/list_scan.h"
#include "runtime/lists/rule_range.h"

namespace pintle::internal {

struct PosedList {
  ListProblem problem;
  uint32_t plain[PINTLE_LIST_K];  // problem.plain
  uint64_t mix;                   // bit i: problem.ranges[i] is of a mix
  // Of a rule about one attribute, as asked: a mix may move its range in the problem.
  RuleRange asked[PINTLE_LIST_RULES];
  // Of each rule: PINTLE_RULE_KEPT, or why it does not stand in the problem at all.
  uint32_t outcomes[PINTLE_LIST_RULES];
};

// The problem's arrays are the session's and those of `posed`. hidden, tilt: as for the scan; the scores of
// list.plain are the network's.
void pose_list(Session* session, const float* hidden, const Eligibility& eligibility,
               const Tilt& tilt, const ListPlan& plan, const ListScan& scan, PosedList* posed);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_CANDIDATES_H_
