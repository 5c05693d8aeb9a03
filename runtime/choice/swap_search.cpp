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
  uint32_t* enterers = buffers->enterers;
  uint32_t* positions = buffers->positions;
  uint32_t* leavers = buffers->leavers;
  int64_t* seen = buffers->kinds_seen;
  SwapMoves moves = {0, 0, 0, enterers, positions, leavers};

  bool is_any_kept_out = false;
  for (uint32_t kind = 0; kind < kinds.count; ++kind) {
    for (uint32_t c = kinds.first[kind]; c != kNoCandidate; c = kinds.next[c]) {
      if (set.place(c) != kOutside) continue;
      positions[moves.enterer_count] = set.rank_of(c);
      enterers[moves.enterer_count++] = c;
      if (which == Moves::kAll) continue;
      if (which == Moves::kOfKinds || set.each_misses(c) == 0) break;
      is_any_kept_out = true;
    }
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

void SwapSearch::begin(const EntrySet& set, Moves which) {
  set_ = &set;
  changes_.find(terms_, set);
  moves_ = find_moves(terms_, terms_.kinds, set, which, buffers_);
  worths_ = buffers_->leaver_worths;
  misses_ = buffers_->leaver_misses;
  enterer_ = leaver_ = leaver_end_ = 0;
  kind_ = kNoCandidate;
}

// Goes on to the next enterer: the leavers' parts are the same for all of one kind.
bool SwapSearch::begin_enterer() {
  if (enterer_ == moves_.enterer_count) return false;
  const uint32_t enterer = moves_.enterers[enterer_++];
  const uint32_t all = moves_.leaver_count + moves_.other_count;
  leaver_ = 0;
  leaver_end_ = set_->each_misses(enterer) == 0 ? moves_.leaver_count : all;
  if (terms_.kinds.of[enterer] == kind_) return true;
  kind_ = terms_.kinds.of[enterer];
  const Candidate& in = terms_.candidate(enterer);
  const uint32_t own_groups = terms_.kinds.groups[kind_];
  for (uint32_t l = 0; l < all; ++l) {
    const uint32_t moved = set_->entries()[moves_.leavers[l]];
    const Candidate& out = terms_.candidate(moved);
    double worth = static_cast<double>(in.value) - static_cast<double>(out.value);
    int64_t misses = 0;
    uint32_t groups = own_groups | terms_.kinds.groups[terms_.kinds.of[moved]];
    for (; groups != 0; groups &= groups - 1) {
      const uint32_t g = static_cast<uint32_t>(__builtin_ctz(groups));
      const GroupChanges::Change& change =
          changes_.changes[g][in.levels[g] - out.levels[g] + kWhole];
      worth += change.reward;
      misses += change.misses;
    }
    worths_[l] = worth;
    misses_[l] = misses;
  }
  return true;
}

bool SwapSearch::next(const Swap& floor, Swap* swap) {
  const EntrySet& set = *set_;
  const bool is_any_miss = floor.misses == INT64_MAX;
  for (;;) {
    if (leaver_ == leaver_end_ && !begin_enterer()) return false;
    const uint32_t enterer = moves_.enterers[enterer_ - 1];
    const uint32_t position = moves_.positions[enterer_ - 1];
    const double probability = terms_.candidate(enterer).probability;
    while (leaver_ < leaver_end_) {
      const uint32_t l = leaver_++, leaver = moves_.leavers[l];
      if (l >= moves_.leaver_count && !set.share_values(leaver, enterer)) continue;
      ++measured_;
      const int64_t misses = misses_[l] + set.swap_each_misses(leaver, enterer);
      if (misses > floor.misses) continue;
      double worth = worths_[l] + set.swap_dcg(leaver, probability, position);
      if (set.has_distances()) {
        const double diversity = terms_.problem->diversity;
        const bool is_less = worth + diversity * set.most_distance(leaver, enterer) <= floor.worth;
        if (is_less && (is_any_miss || misses == floor.misses)) continue;
        worth += diversity * set.swap_distance(leaver, enterer);
      }
      if (worth <= floor.worth && (is_any_miss || misses == floor.misses)) continue;
      *swap = {leaver, enterer, position, misses, worth};
      return true;
    }
  }
}

bool SwapSearch::climb(EntrySet* set) {
  // Some 50 ms: reached by hundreds of entries under eaches that cannot be kept.
  const uint64_t most = measured_ + (1u << 21);
  while (measured_ < most) {
    Swap best = {0, 0, 0, 0, terms_.tolerance};
    bool is_found = false;
    begin(*set, moves_of(terms_, *set));
    while (next(best, &best)) is_found = true;
    if (!is_found) return true;
    set->swap(best.leaver, best.enterer, best.position);
  }
  return false;
}

}  // namespace pintle::internal
