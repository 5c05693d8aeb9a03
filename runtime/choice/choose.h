// SPDX-License-Identifier: Apache-2.0
//
// The best list of a ListProblem.
//
// From the plain list, pins put in, the best swap of one entry for one candidate, again and again, until none
// makes it better. Where that is not the best list for certain, prices for the groups are sought that prove
// it (relaxation.h); where there are none, the lists that the bound leaves are gone through, while they are
// few (exact_search.h); where they are not, pairs of swaps are tried. Diversity is left out until no swap is
// better without it: what misses least is found among few kinds of candidates, and what differs between all of
// them is compared from there on.
//
// When is a swap optimum the best list? The expected DCG of a set assigns entries to ranks, which is a
// valuated matroid. Summed up by groups that no candidate shares (and those of none), the largest expected
// DCG with n_g entries of each is M-concave in the counts n_g, and remains so with a concave reward or a range
// for each count. Of such a function a point that no move of one from one count to another improves is the
// maximum, and these moves are swaps. (Murota, Discrete Convex Analysis, theorems 6.13, 6.26.)
#ifndef PINTLE_RUNTIME_CHOICE_CHOOSE_H_
#define PINTLE_RUNTIME_CHOICE_CHOOSE_H_

#include "runtime/choice/choose_scratch.h"
#include "runtime/choice/objective.h"

namespace pintle::internal {

struct ListChoice {
  uint32_t* entries;  // [length], the caller's: candidates in the list's order
  bool is_proven;     // no list of these candidates is better, and has_all_candidates
  double violation;   // 0: every rule is kept
};

// Deterministic; no allocation. scratch: as laid out for the session. At most kMaxCandidates candidates and
// kMaxEntries entries, as many or fewer.
void choose_list(const ListProblem& problem, ChooseScratch* scratch, ListChoice* choice);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_CHOOSE_H_
