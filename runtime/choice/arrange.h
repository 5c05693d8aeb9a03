// SPDX-License-Identifier: Apache-2.0
//
// The best order of a set.
//
// Pins stand at their ranks, the others go by score; that is the order of the largest expected DCG. Under
// runs it is the order that misses least of them, and of those the one of the largest expected DCG: depth
// first over the ranks, best score first, entries that no run can tell apart (twins) in order of score
// alone. A branch ends where what it misses, and what it is bound to miss, is more than allowed, or where
// the rest by score would not make it better than the best order found. What is allowed begins at what any
// order misses and doubles until an order is found.
#ifndef PINTLE_RUNTIME_CHOICE_ARRANGE_H_
#define PINTLE_RUNTIME_CHOICE_ARRANGE_H_

#include "runtime/choice/terms.h"

namespace pintle::internal {

struct Arrangement {
  int64_t misses;    // of runs
  bool is_by_score;  // the order without runs keeps them
  bool is_best;      // no order is better; false: the search ended before it knew
  uint32_t steps;    // of the search
};

// entries: [free_count] candidates, ascending; list: [length].
void place_by_score(const ListTerms& terms, const uint32_t* entries, uint32_t* list);
Arrangement arrange(const ListTerms& terms, const uint32_t* entries, ArrangeBuffers* buffers,
                    uint32_t* list);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_ARRANGE_H_
