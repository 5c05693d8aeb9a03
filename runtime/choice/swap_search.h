// SPDX-License-Identifier: Apache-2.0
//
// Best swaps, one after another.
#ifndef PINTLE_RUNTIME_CHOICE_SWAP_SEARCH_H_
#define PINTLE_RUNTIME_CHOICE_SWAP_SEARCH_H_

#include "runtime/choice/entry_set.h"

namespace pintle::internal {

struct Swap {
  uint32_t leaver, enterer, position;  // as EntrySet::swap takes them
  int64_t misses;                      // what it adds
  double worth;
};
inline bool is_better(const Swap& a, const Swap& b) {
  return a.misses < b.misses || (a.misses == b.misses && a.worth > b.worth);
}

// The swaps of a set worth a look. Expected DCG grows with every probability, so of one kind only the
// candidate of the best score comes in and the entry of the worst goes out. Where eaches are counted, the
// candidates before the first that breaks none are looked at, too; for them an entry of the same value makes
// room, whichever it is; and so are the entries that save more.
struct SwapMoves {
  uint32_t enterer_count, leaver_count, other_count;
  const uint32_t *enterers, *positions;  // candidates, and where they would come in
  const uint32_t*
      leavers;  // [leaver_count] ranks, then [other_count] that may make room for a value
};
enum class Moves { kOfKinds, kWithEaches, kAll };
SwapMoves find_moves(const ListTerms& terms, const Kinds& kinds, const EntrySet& set, Moves which,
                     SwapBuffers* buffers);

// What a set's groups gain and miss by a change of d fifteenths, at [d + kWhole].
struct GroupChanges {
  struct Change {
    double reward;
    int64_t misses;
  } changes[kMaxGroups][2 * kWhole + 1];

  void find(const ListTerms& terms, const EntrySet& set);
};

class SwapSearch {
 public:
  SwapSearch(const ListTerms& terms, SwapBuffers* buffers) : terms_(terms), buffers_(buffers) {}

  // Swaps while it gets better; true: until no swap does.
  bool climb(EntrySet* set);
  // Every swap of find_moves(..., which): visit(const Swap&).
  template <typename Visit>
  void for_each(const EntrySet& set, Moves which, const Visit& visit) {
    changes_.find(terms_, set);
    const SwapMoves moves = find_moves(terms_, terms_.kinds, set, which, buffers_);
    measured_ += uint64_t{moves.enterer_count} * moves.leaver_count;
    for (uint32_t e = 0; e < moves.enterer_count; ++e) {
      for (uint32_t l = 0; l < moves.leaver_count; ++l) {
        visit(measure(set, moves.leavers[l], moves.enterers[e], moves.positions[e]));
      }
      if (set.each_misses(moves.enterers[e]) == 0) continue;
      for (uint32_t l = moves.leaver_count; l < moves.leaver_count + moves.other_count; ++l) {
        if (!set.share_values(moves.leavers[l], moves.enterers[e])) continue;
        ++measured_;
        visit(measure(set, moves.leavers[l], moves.enterers[e], moves.positions[e]));
      }
    }
  }
  // Swaps looked at so far: what the search costs.
  uint64_t measured() const { return measured_; }

 private:
  Swap measure(const EntrySet& set, uint32_t leaver, uint32_t enterer, uint32_t position) const {
    const Candidate& in = terms_.candidate(enterer);
    const Candidate& out = terms_.candidate(set.entries()[leaver]);
    Swap swap = {leaver, enterer, position, set.swap_each_misses(leaver, enterer),
                 set.swap_dcg(leaver, in.probability, position)};
    for (uint32_t g = 0; g < terms_.problem->group_count; ++g) {
      const GroupChanges::Change& change =
          changes_.changes[g][in.levels[g] - out.levels[g] + kWhole];
      swap.worth += change.reward;
      swap.misses += change.misses;
    }
    swap.worth += static_cast<double>(in.value) - static_cast<double>(out.value);
    if (terms_.problem->diversity != 0) {
      swap.worth += terms_.problem->diversity * set.swap_distance(leaver, enterer);
    }
    return swap;
  }

  const ListTerms& terms_;
  SwapBuffers* buffers_;
  GroupChanges changes_;
  uint64_t measured_ = 0;
};

// Which moves hold the best swap by the terms' worth and misses.
inline Moves moves_of(const ListTerms& terms) {
  return terms.problem->diversity != 0 ? Moves::kAll
         : terms.each_count != 0       ? Moves::kWithEaches
                                       : Moves::kOfKinds;
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_SWAP_SEARCH_H_
