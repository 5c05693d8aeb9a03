// SPDX-License-Identifier: Apache-2.0
//
// What choosing a list writes to: some 90 KB of the session's block, most of it for candidates.
#ifndef PINTLE_RUNTIME_CHOICE_CHOOSE_SCRATCH_H_
#define PINTLE_RUNTIME_CHOICE_CHOOSE_SCRATCH_H_

#include "runtime/choice/kinds.h"
#include "runtime/choice/objective.h"
#include "runtime/support/arena.h"

namespace pintle::internal {

inline constexpr uint32_t kMaxCandidates = 704;
inline constexpr uint32_t kMaxEntries = PINTLE_LIST_K;
// Kinds of candidates that an exact search can tell apart.
inline constexpr uint32_t kMaxKinds = 128;
// Runs that the search for an order looks ahead for.
inline constexpr uint32_t kMaxRunsAhead = 64;

// A set of entries, pins apart: entry_set.h.
struct EntryBuffers {
  Buffer<uint8_t> places;    // [kMaxCandidates]
  Buffer<uint32_t> entries;  // [kMaxEntries]
  Buffer<double> rises;      // [kMaxEntries + 1]
  Buffer<double> falls;      // [kMaxEntries + 1]
  // With pairs: [kMaxCandidates].
  Buffer<int64_t> costs;
  Buffer<double> distances;

  void lay_out(bool counts_pairs, Arena* arena);
};

// The swaps worth a look: swap_search.h.
struct SwapBuffers {
  Buffer<uint32_t> enterers;      // [kMaxCandidates]
  Buffer<uint32_t> positions;     // [kMaxCandidates]
  Buffer<uint32_t> leavers;       // [kMaxEntries]
  Buffer<int64_t> kinds_seen;     // [kMaxCandidates]
  Buffer<double> leaver_worths;   // [kMaxEntries]
  Buffer<int64_t> leaver_misses;  // [kMaxEntries]

  void lay_out(Arena* arena);
};

// relaxation.h
struct RelaxationBuffers {
  Buffer<uint32_t> full_values;  // [kMaxCandidates]: a bit for each
  KindBuffers kinds;

  void lay_out(Arena* arena);
};

// One group's part of what an exact search can still add from a class on.
struct GroupReach {
  int16_t total, zeros;  // sum of levels; candidates without the group
  uint8_t most, least;   // of one candidate's levels above 0
};

// exact_search.h. [kMaxKinds] where not said otherwise.
struct ExactBuffers {
  Buffer<uint32_t> order;  // [kMaxCandidates]: candidates, class by class
  Buffer<uint32_t> first;  // [kMaxKinds + 1] of the order
  Buffer<uint32_t> taken, tried, target;
  Buffer<double> loss_in, loss_out;        // [kMaxKinds + 1]
  Buffer<GroupReach> reach;                // [kMaxKinds + 1][kMaxGroups]
  Buffer<double> losses;                   // [kMaxCandidates]
  Buffer<uint32_t> taken_entries, sorted;  // [kMaxEntries]
  Buffer<int64_t> added;                   // [kMaxEntries]

  void lay_out(Arena* arena);
};

// arrange.h
struct RunAhead {
  int64_t misses;                      // of an entry too many
  uint32_t count, left;                // allowed in a row; members not yet placed
  uint64_t members[kMaxEntries / 64];  // by place in the set, pins behind the others
};
struct ArrangeBuffers {
  Buffer<uint32_t> list;           // [kMaxEntries]
  Buffer<uint32_t> chosen, twins;  // [kMaxEntries]
  Buffer<uint8_t> is_placed;       // [kMaxEntries]
  Buffer<int64_t> misses;          // [kMaxEntries + 1]
  Buffer<double> dcg;              // [kMaxEntries + 1]
  Buffer<RunAhead> runs;           // [kMaxRunsAhead]

  void lay_out(Arena* arena);
};

struct ChooseScratch {
  KindBuffers kinds;
  Buffer<double> discounts, steps;  // [kMaxEntries], [kMaxEntries + 1]: of ranks without a pin
  EntryBuffers chosen, relaxed;
  SwapBuffers swaps;
  RelaxationBuffers relaxation;
  ExactBuffers exact;
  ArrangeBuffers arrange;
  Buffer<uint32_t> offered, entries;  // [kMaxEntries]: best_list.h

  void lay_out(Arena* arena);
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_CHOOSE_SCRATCH_H_
