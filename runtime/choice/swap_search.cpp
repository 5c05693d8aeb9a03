// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/swap_search.h"

#include <string.h>

namespace pintle::internal {
void GroupChanges::find(const ListTerms& terms, const EntrySet& set) {
  const ListProblem& problem = *terms.problem;
  for (uint32_t g = 0; g < problem.group_count; ++g) {
    const int32_t now = set.fifteenths(g);
    const double reward = group_reward(problem.groups[g], now);
    const int32_t step = (terms.whole_groups >> g & 1) != 0 ? kWhole : 1;
    for (int32_t change = -kWhole; change <= kWhole; change += step) {
      changes[g][change + kWhole] = {
          change == 0 ? 0 : group_reward(problem.groups[g], now + change) - reward, 0};
    }
  }
  for (uint32_t i = 0; i < terms.range_count; ++i) {
    const RangeRule& rule = terms.ranges[i];
    const int32_t now = set.fifteenths(rule.group);
    const int32_t step = (terms.whole_groups >> rule.group & 1) != 0 ? kWhole : 1;
    const int64_t misses = rule.misses(now);
    for (int32_t change = -kWhole; change <= kWhole; change += step) {
      changes[rule.group][change + kWhole].misses += rule.misses(now + change) - misses;
    }
  }
}

SwapMoves find_moves(const ListTerms& terms, const Kinds& kinds, const EntrySet& set, Moves which,
                     SwapBuffers* buffers) {
  const uint32_t candidate_count = terms.problem->candidate_count;
  uint32_t* enterers = buffers->enterers.front(candidate_count);
  uint32_t* positions = buffers->positions.front(candidate_count);
  uint32_t* leavers = buffers->leavers.front(terms.free_count);
  int64_t* seen = buffers->kinds_seen.front(kinds.count);
  SwapMoves moves = {0, 0, 0, enterers, positions, leavers};

  memset(seen, 0, kinds.count * sizeof(int64_t));
  uint32_t position = 0, done = 0;
  bool is_any_kept_out = false;
  for (uint32_t c = 0; c < candidate_count && done < kinds.count; ++c) {
    if (set.place(c) == kInside) ++position;
    if (set.place(c) != kOutside || seen[kinds.of[c]] != 0) continue;
    if (which == Moves::kOfKinds || (which == Moves::kWithEaches && set.each_misses(c) == 0)) {
      seen[kinds.of[c]] = 1;
      ++done;
    } else if (which == Moves::kWithEaches) {
      is_any_kept_out = true;
    }
    enterers[moves.enterer_count] = c;
    positions[moves.enterer_count++] = position;
  }

  memset(seen, 0, kinds.count * sizeof(int64_t));
  uint32_t last = terms.free_count;
  for (uint32_t r = terms.free_count; r-- > 0;) {
    const uint32_t c = set.entries()[r];
    // By what leaving saves, and one more, so that 0 is none yet.
    const int64_t saved = 1 + (which == Moves::kWithEaches ? set.each_misses(c) : 0);
    if (which == Moves::kAll || seen[kinds.of[c]] < saved) {
      seen[kinds.of[c]] = saved;
      leavers[moves.leaver_count++] = r;
    } else if (is_any_kept_out) {
      leavers[--last] = r;
    }
  }
  // The others, which were kept at the end, behind them.
  moves.other_count = terms.free_count - last;
  memmove(leavers + moves.leaver_count, leavers + last, moves.other_count * sizeof(uint32_t));
  return moves;
}

bool SwapSearch::climb(EntrySet* set) {
  // Some 50 ms: reached by hundreds of entries under eaches that cannot be kept.
  const uint64_t most = measured_ + (1u << 21);
  while (measured_ < most) {
    Swap best = {0, 0, 0, 0, terms_.tolerance};
    bool is_found = false;
    for_each(*set, moves_of(terms_), [&best, &is_found](const Swap& swap) {
      if (!is_better(swap, best)) return;
      best = swap;
      is_found = true;
    });
    if (!is_found) return true;
    set->swap(best.leaver, best.enterer, best.position);
  }
  return false;
}

}  // namespace pintle::internal
