// SPDX-License-Identifier: Apache-2.0
//
// What choosing a list writes to: some 96 KB of the session's block, most of it for candidates.
#ifndef PINTLE_RUNTIME_CHOICE_CHOOSE_SCRATCH_H_
#define PINTLE_RUNTIME_CHOICE_CHOOSE_SCRATCH_H_

#include "runtime/choice/kinds.h"
#include "runtime/choice/objective.h"

namespace pintle::internal {

inline constexpr uint32_t kMaxCandidates = 704;
inline constexpr uint32_t kMaxEntries = PINTLE_LIST_K;
// Kinds of candidates that an exact search can tell apart.
inline constexpr uint32_t kMaxKinds = 128;
// Runs that the search for an order looks ahead for.
inline constexpr uint32_t kMaxRunsAhead = 64;

// A set of entries, pins apart: entry_set.h.
struct EntryBuffers {
  uint8_t places[kMaxCandidates];
  uint32_t entries[kMaxEntries];
  double rises[kMaxEntries + 1], falls[kMaxEntries + 1];
};
struct PairBuffers {
  int64_t costs[kMaxCandidates];
  double distances[kMaxCandidates];
};

// The swaps worth a look: swap_search.h.
struct SwapBuffers {
  uint32_t enterers[kMaxCandidates], positions[kMaxCandidates];
  uint32_t leavers[kMaxEntries];
  int64_t kinds_seen[kMaxCandidates];
  // By leaver: the first of its kind, what groups and values gain, and ranges miss.
  uint32_t leaver_twins[kMaxEntries];
  double leaver_worths[kMaxEntries];
  int64_t leaver_misses[kMaxEntries];
};

// relaxation.h
struct RelaxationBuffers {
  uint32_t full_values[kMaxCandidates];  // a bit for each
  KindBuffers<kMaxCandidates> kinds;
};

// One group's part of what an exact search can still add from a class on.
struct GroupReach {
  int16_t total, zeros;  // sum of levels; candidates without the group
  uint8_t most, least;   // of one candidate's levels above 0
};

// exact_search.h
struct ExactBuffers {
  uint32_t order[kMaxCandidates];  // candidates, class by class
  uint32_t first[kMaxKinds + 1];   // of the order
  uint32_t taken[kMaxKinds], tried[kMaxKinds], target[kMaxKinds];
  double loss_in[kMaxKinds + 1], loss_out[kMaxKinds + 1];
  GroupReach reach[(kMaxKinds + 1) * kMaxGroups];
  double losses[kMaxCandidates];
  uint32_t taken_entries[kMaxEntries], sorted[kMaxEntries];
  int64_t added[kMaxEntries];
};

// arrange.h
struct RunAhead {
  int64_t misses;                      // of an entry too many
  uint32_t count, left;                // allowed in a row; members not yet placed
  uint64_t members[kMaxEntries / 64];  // by place in the set, pins behind the others
};
struct ArrangeBuffers {
  uint32_t list[kMaxEntries];
  uint32_t chosen[kMaxEntries], twins[kMaxEntries];
  uint8_t is_placed[kMaxEntries];
  int64_t misses[kMaxEntries + 1];
  double dcg[kMaxEntries + 1];
  RunAhead runs[kMaxRunsAhead];
};

struct ChooseScratch {
  KindBuffers<kMaxCandidates> kinds;
  double discounts[kMaxEntries], steps[kMaxEntries + 1];  // of ranks without a pin
  EntryBuffers chosen, relaxed;
  PairBuffers pairs;  // of `chosen`
  SwapBuffers swaps;
  RelaxationBuffers relaxation;
  ExactBuffers exact;
  ArrangeBuffers arrange;
  uint32_t offered[kMaxEntries], entries[kMaxEntries];  // best_list.h
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_CHOOSE_SCRATCH_H_
