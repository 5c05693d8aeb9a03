// SPDX-License-Identifier: Apache-2.0
//
// A ListProblem made ready for search.
//
// Pins take their ranks and leave. The free ranks keep their discounts, which still descend, and are filled
// in order of score, so that a set of `free_count` candidates, the free entries, is a whole list.
//
// Candidates of one kind, the same in levels and value, differ in score, family and cosines alone.
#ifndef PINTLE_RUNTIME_CHOICE_TERMS_H_
#define PINTLE_RUNTIME_CHOICE_TERMS_H_

#include "runtime/choice/choose_scratch.h"

namespace pintle::internal {

struct ListTerms {
  ListTerms(const ListProblem& of, ChooseScratch* scratch);

  const ListProblem* problem;
  uint32_t free_count;
  const double* discounts;  // [free_count]
  const double* steps;      // [free_count + 1]: discounts[r - 1] - discounts[r]; 0 at both ends
  Kinds kinds;
  uint32_t whole_groups;  // bit g: no candidate is a member of g in part
  // No candidate has two of the attributes that anything depends on, no part of one, and no value of its
  // own: see choose.h.
  bool is_partition;
  // The problem's ranges and eaches, and what runs imply: of a group that may have q in a row, a list of k
  // holds at most q (k + 1) / (q + 1).
  RangeRule ranges[kMaxRanges + PINTLE_LIST_RULES];
  EachRule eaches[2 * PINTLE_LIST_RULES];
  uint32_t range_count, each_count;
  // The largest sum of worth that occurs, and the differences that are rounding: 1e-14 of it, and of diversity,
  // which is summed up in f32, some units in the last place of its pairs.
  double largest, tolerance;

  const Candidate& candidate(uint32_t c) const { return problem->candidates[c]; }
};

// The entries of a list that no pin has, ascending, into entries [free_count].
void find_free_entries(const ListProblem& problem, const uint32_t* list, uint32_t* entries);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_TERMS_H_
