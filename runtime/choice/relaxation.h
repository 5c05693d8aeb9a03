// SPDX-License-Identifier: Apache-2.0
//
// A bound of what any list is worth, and proof that one has it.
//
// A group's reward R is concave, so that for a price w between its differences to the right and to the left
// of x (the fifteenths of a list L), R(y) <= R(x) + w (y - x) for every y that occurs. What ranges miss is
// convex, and is counted against the reward, at more than all worth: of lists that miss no more than L the
// bound holds as well. With prices in place of rewards a set is worth its DCG and a number for each of its
// entries. The best DCG of a set, which assigns entries to ranks, is a valuated matroid (an M-natural-concave
// function on sets of one size), and remains one with numbers added: a set that no swap improves is the best,
// its worth a bound of all. A value of which a list has as many as an each allows is such a group, too.
//
// If L itself is that set under some prices, it is the best list. These are sought by projecting on the
// swap that is most against it, again and again (Agmon's relaxation). Where no prices do, and more so under
// runs, which are left out here, the bound is above L, and tells which candidates cannot be in
// a better list: the best set with (or without) one of them is one swap away.
//
// Murota, Discrete Convex Analysis, SIAM 2003: chapters 4 (M-convex functions) and 9 (assignment).
#ifndef PINTLE_RUNTIME_CHOICE_RELAXATION_H_
#define PINTLE_RUNTIME_CHOICE_RELAXATION_H_

#include "runtime/choice/swap_search.h"

namespace pintle::internal {

class Relaxation {
 public:
  // For lists that miss no more than `misses`, around the prices of `set`.
  Relaxation(const ListTerms& terms, const EntrySet& set, int64_t misses,
             RelaxationBuffers* buffers, SwapBuffers* swap_buffers);

  // Whether prices prove the set to be the best.
  bool prove();
  // The best set under the prices that came nearest to that, into *relaxed: returns how much more it is
  // worth there than the set, >= 0.
  double widen(EntrySet* relaxed);
  // Of each candidate, into losses[candidate_count], how much less the bound is with it in the list (of those
  // outside *relaxed) or without it (of those inside), >= 0.
  void find_losses(const EntrySet& relaxed, double* losses);

 private:
  static constexpr uint32_t kMaxFull = 32;  // values with a price
  static constexpr uint32_t kMaxPrices = kMaxGroups + kMaxFull;

  struct PricedValue {
    uint32_t family, value;
    int64_t misses;  // of an entry too many
    uint32_t excess;
  };
  void find_full_values();
  void find_kinds(RelaxationBuffers* buffers);
  void find_limits(int64_t misses);
  uint32_t price_count() const { return terms_.problem->group_count + full_count_; }
  // A candidate's part of what a price is for: fifteenths of a group, 0 or 1 of a value.
  int32_t level(uint32_t c, uint32_t price) const {
    const uint32_t groups = terms_.problem->group_count;
    return price < groups ? int32_t{terms_.candidate(c).levels[price]}
                          : static_cast<int32_t>(masks_[c] >> (price - groups) & 1);
  }
  double weight(uint32_t c) const {
    double weight = static_cast<double>(terms_.candidate(c).value);
    for (uint32_t p = 0; p < price_count(); ++p) weight += prices_[p] * level(c, p);
    return weight;
  }
  SwapMoves moves_of(const EntrySet& set) {
    return find_moves(terms_, kinds_, set, Moves::kOfKinds, swap_buffers_);
  }
  Swap best_swap(const EntrySet& set);
  bool move_prices(const Swap& against);

  const ListTerms& terms_;
  const EntrySet& set_;
  SwapBuffers* swap_buffers_;
  GroupChanges changes_;
  PricedValue full_[kMaxFull];
  uint32_t full_count_ = 0;
  uint32_t measured_ = 0;  // swaps looked at
  uint32_t* masks_;        // [candidate_count]: the full values of each
  Kinds kinds_;            // that these divide further
  double prices_[kMaxPrices], lowest_[kMaxPrices], highest_[kMaxPrices];
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_RELAXATION_H_
