// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/choose.h"

#include <algorithm>

namespace pintle::internal {

// The best swap, again and again. (Runs do not count yet.)
void choose_list(const ListProblem& problem, ChooseScratch*, ListChoice* choice) {
  uint32_t* set = choice->entries;
  uint32_t trial[PINTLE_LIST_K];
  for (uint32_t r = 0; r < problem.length; ++r) set[r] = problem.plain[r];
  const auto place = [&](uint32_t* entries) { std::sort(entries, entries + problem.length); };
  place(set);
  double violation = set_violation(problem, set);
  double worth = worth_of(problem, set).sum(problem.group_count);
  for (;;) {
    double best_violation = violation, best_worth = worth;
    uint32_t best_out = UINT32_MAX, best_in = 0;
    for (uint32_t in = 0; in < problem.candidate_count; ++in) {
      bool inside = false;
      for (uint32_t r = 0; r < problem.length; ++r) inside = inside || set[r] == in;
      for (uint32_t out = 0; !inside && out < problem.length; ++out) {
        for (uint32_t r = 0; r < problem.length; ++r) trial[r] = set[r];
        trial[out] = in;
        place(trial);
        const double v = set_violation(problem, trial);
        if (v > best_violation) continue;
        const double w = worth_of(problem, trial).sum(problem.group_count);
        if (v < best_violation || w > best_worth + 1e-15) {
          best_violation = v;
          best_worth = w;
          best_out = out;
          best_in = in;
        }
      }
    }
    if (best_out == UINT32_MAX) break;
    set[best_out] = best_in;
    place(set);
    violation = best_violation;
    worth = best_worth;
  }
  choice->is_proven = false;
  choice->violation = violation;
}

}  // namespace pintle::internal
