// SPDX-License-Identifier: Apache-2.0
//
// The best list of a ListProblem.
#ifndef PINTLE_RUNTIME_LISTS_CHOOSE_H_
#define PINTLE_RUNTIME_LISTS_CHOOSE_H_

#include "runtime/lists/objective.h"
#include "runtime/support/arena.h"
#include "runtime/support/span.h"

namespace pintle::internal {

// Scratch of choose_list, of the session's block. What it needs beside is on the stack.
struct ChooseScratch;

struct ListChoice {
  uint32_t* entries;  // [length], the caller's: candidates in the list's order
  bool is_proven;     // no list of these candidates is better, and has_all_candidates
  double violation;   // 0: every rule is kept
};

// Deterministic; no allocation. scratch: as laid out for the session.
void choose_list(const ListProblem& problem, ChooseScratch* scratch, ListChoice* choice);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_CHOOSE_H_
