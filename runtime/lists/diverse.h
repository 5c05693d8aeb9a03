// SPDX-License-Identifier: Apache-2.0
//
// Diversity: the candidates' vectors, which are kept for kMaxDiverse of them.
#ifndef PINTLE_RUNTIME_LISTS_DIVERSE_H_
#define PINTLE_RUNTIME_LISTS_DIVERSE_H_

#include "runtime/lists/candidates.h"

namespace pintle::internal {

// REQUIRES: kMaxDiverse candidates at most.
void add_diversity(Session* session, const ListPlan& plan, PosedList* posed);

// Leaves kMaxDiverse candidates, of more: what the list without diversity holds (`entries`, numbered anew), so
// that rules which it keeps are kept, the list without wishes, what wishes and pins name, and of each class
// its best scores. The search begins with `entries`, which the caller keeps until then.
void narrow_candidates(Session* session, PosedList* posed, uint32_t* entries);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_DIVERSE_H_
