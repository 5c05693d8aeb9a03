// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/mix_step.h"

#include "runtime/choice/swap_search.h"

namespace pintle::internal {

MixStep find_mix_step(const ListProblem& problem, const uint32_t* list, uint64_t is_mix,
                      ChooseScratch* scratch) {
  const ListTerms terms(problem, scratch);
  EntrySet set(terms, &scratch->chosen, &scratch->pairs);
  uint32_t* entries = scratch->exact.sorted;
  find_free_entries(problem, list, entries);
  set.assign(entries);
  if (problem.diversity != 0) set.count_distances();

  MixStep best = {0, 0};
  double most = terms.tolerance;
  SwapSearch search(terms, &scratch->swaps);
  Swap swap;
  for (search.begin(set, moves_of(terms, set)); search.next(any_misses(most), &swap);) {
    if (swap.misses <= 0) continue;
    for (uint32_t i = 0; i < problem.range_count; ++i) {
      const RangeRule& range = problem.ranges[i];
      const int32_t change = int32_t{terms.candidate(swap.enterer).levels[range.group]} -
                             terms.candidate(set.entries()[swap.leaver]).levels[range.group];
      if ((is_mix >> i & 1) == 0 || change == 0 ||
          swap.misses != kWhole * misses_of_fifteenth(range.rule)) {
        continue;
      }
      most = swap.worth;
      best = {i, change > 0 ? kWhole : -kWhole};
    }
  }
  return best;
}

}  // namespace pintle::internal
