// SPDX-License-Identifier: Apache-2.0
//
// Why an entry is in a chosen list, and what the list has of each rule.
#ifndef PINTLE_RUNTIME_CHOICE_GAINS_H_
#define PINTLE_RUNTIME_CHOICE_GAINS_H_

#include "runtime/choice/choose_scratch.h"
#include "runtime/choice/objective.h"

namespace pintle::internal {

struct EntryGain {
  // The candidate of the plain list that left for the entry: of those that came in and those that left, both
  // in order of score, the first goes with the first and so on. kNoCandidate: the entry is in the plain list.
  uint32_t replaced;
  // The list's worth less that of the list with `replaced` in the set in the entry's place, in the order that
  // is then the best; where the entry is pinned, without its pin. 0 without `replaced`.
  ListWorth worth;
  // Bit i: rule i would miss more with `replaced` in its place.
  uint32_t broken_rules;
  const uint32_t*
      other;  // [length]: that list, until the scratch is used again; null without `replaced`
};
// list: [length], as chosen. scratch: what choose_list had, and is free to be written.
EntryGain gain_of(const ListProblem& problem, const uint32_t* list, uint32_t rank,
                  ChooseScratch* scratch);

// What the list has of each rule, got[rule] of those that the problem has: a range's entries (memberships
// summed), an each's largest count, a run's longest, a pin's rank from 1, or 0 if it is not there.
void find_got(const ListProblem& problem, const uint32_t* list, double got[PINTLE_LIST_RULES]);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_GAINS_H_
