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
  enterer_ = leaver_ = leaver_end_ = 0;
  kind_ = kNoCandidate;
  uint32_t* twins = buffers_->leaver_twins;
  for (uint32_t l = 0; l < moves_.leaver_count + moves_.other_count; ++l) {
    twins[l] = 0;
    while (kind_of_leaver(twins[l]) != kind_of_leaver(l)) ++twins[l];
  }
}

// Goes on to the next enterer: the leavers' parts are the same for all of one kind, and of all leavers of one.
bool SwapSearch::begin_enterer() {
  if (enterer_ == moves_.enterer_count) return false;
  const uint32_t enterer = moves_.enterers[enterer_++];
  const uint32_t all = moves_.leaver_count + moves_.other_count;
  leaver_ = 0;
  leaver_end_ = set_->each_misses(enterer) == 0 ? moves_.leaver_count : all;
  if (terms_.kinds.of[enterer] == kind_) return true;
  kind_ = terms_.kinds.of[enterer];
  const Candidate& in = terms_.candidate(enterer);
  double* worths = buffers_->leaver_worths;
  int64_t* misses = buffers_->leaver_misses;
  for (uint32_t l = 0; l < all; ++l) {
    const uint32_t twin = buffers_->leaver_twins[l];
    if (twin < l) {
      worths[l] = worths[twin];
      misses[l] = misses[twin];
      continue;
    }
    const Candidate& out = terms_.candidate(set_->entries()[moves_.leavers[l]]);
    worths[l] = static_cast<double>(in.value) - static_cast<double>(out.value);
    misses[l] = 0;
    uint32_t groups = terms_.kinds.groups[kind_] | terms_.kinds.groups[kind_of_leaver(l)];
    for (; groups != 0; groups &= groups - 1) {
      const uint32_t g = static_cast<uint32_t>(__builtin_ctz(groups));
      const GroupChanges::Change& change =
          changes_.changes[g][in.levels[g] - out.levels[g] + kWhole];
      worths[l] += change.reward;
      misses[l] += change.misses;
    }
  }
  return true;
}

bool SwapSearch::next(const Swap& floor, Swap* swap) {
  const EntrySet& set = *set_;
  const bool is_any_miss = floor.misses == INT64_MAX;
  const bool has_eaches = terms_.each_count != 0, has_distances = set.has_distances();
  const double diversity = terms_.problem->diversity;
  for (;;) {
    if (leaver_ == leaver_end_ && !begin_enterer()) return false;
    const uint32_t enterer = moves_.enterers[enterer_ - 1];
    const uint32_t position = moves_.positions[enterer_ - 1];
    const double probability = terms_.candidate(enterer).probability;
    for (uint32_t l = leaver_; l < leaver_end_; ++l) {
      const uint32_t leaver = moves_.leavers[l];
      int64_t misses = buffers_->leaver_misses[l];
      if (has_eaches) {
        if (l >= moves_.leaver_count && !set.share_values(leaver, enterer)) continue;
        misses += set.swap_each_misses(leaver, enterer);
      }
      if (misses > floor.misses) continue;
      const bool is_by_worth = is_any_miss || misses == floor.misses;
      double worth = buffers_->leaver_worths[l] + set.swap_dcg(leaver, probability, position);
      if (has_distances) {
        const double most = worth + diversity * set.most_distance(leaver, enterer);
        if (is_by_worth && most <= floor.worth) continue;
        worth += diversity * set.swap_distance(leaver, enterer);
      }
      if (is_by_worth && worth <= floor.worth) continue;
      measured_ += l + 1 - leaver_;
      leaver_ = l + 1;
      *swap = {leaver, enterer, position, misses, worth};
      return true;
    }
    measured_ += leaver_end_ - leaver_;
    leaver_ = leaver_end_;
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
