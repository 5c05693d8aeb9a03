// SPDX-License-Identifier: Apache-2.0
//
// Every list that may be better, while there are few.
//
// Candidates that differ in score alone are a class: of each, the best ones are in the list, so that the
// search is for the number of entries of each class, class by class, beginning with those of the base. A
// branch ends where the rest cannot make up for what the ranges miss, or where its losses (relaxation.h) are
// as much as the bound is above the best list: with S the best set of the relaxation, any other is worth at
// most S less the sum of the losses of what is not in S, and at most S less that of what left S (the
// upper-bound lemma of valuated matroids).
#ifndef PINTLE_RUNTIME_CHOICE_EXACT_SEARCH_H_
#define PINTLE_RUNTIME_CHOICE_EXACT_SEARCH_H_

#include "runtime/choice/best_list.h"
#include "runtime/choice/entry_set.h"

namespace pintle::internal {

struct ExactRequest {
  // Lists that miss less alone; false: also those that are worth more.
  bool is_for_misses;
  const EntrySet* base;
  // Of each candidate against the base, and what the base is worth; null: no bound.
  const double* losses;
  double bound;
  uint32_t most_steps;
};
// Offers what is better; true: nothing else is.
bool search_exactly(const ListTerms& terms, const ExactRequest& request, ExactBuffers* buffers,
                    BestList* best);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_EXACT_SEARCH_H_
