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

  // The swaps of find_moves(set, which) that are better than a floor, one after another; false: there are no
  // more. The set stays as it is until then.
  void begin(const EntrySet& set, Moves which);
  bool next(const Swap& floor, Swap* swap);

  // Swaps looked at so far: what the search costs.
  uint64_t measured() const { return measured_; }

 private:
  bool begin_enterer();
  uint32_t kind_of_leaver(uint32_t l) const {
    return terms_.kinds.of[set_->entries()[moves_.leavers[l]]];
  }

  const ListTerms& terms_;
  SwapBuffers* buffers_;
  GroupChanges changes_;
  uint64_t measured_ = 0;
  // Of begin():
  const EntrySet* set_ = nullptr;
  SwapMoves moves_;
  uint32_t enterer_, leaver_, leaver_end_;  // next ones, by place in moves_
  uint32_t kind_;                           // of the enterer; kNoCandidate: none yet
};

// A floor for swaps that are worth more, whatever they miss.
inline Swap any_misses(double worth) { return {0, 0, 0, INT64_MAX, worth}; }

// Which moves hold the best swap by what the set counts.
inline Moves moves_of(const ListTerms& terms, const EntrySet& set) {
  return set.has_distances()     ? Moves::kAll
         : terms.each_count != 0 ? Moves::kWithEaches
                                 : Moves::kOfKinds;
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_SWAP_SEARCH_H_
