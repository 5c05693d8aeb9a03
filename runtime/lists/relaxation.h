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
// its worth a bound of all.
//
// If L itself is that set under some prices, it is the best list. These are sought by projecting on the
// swap that is most against it, again and again (Agmon's relaxation). Where no prices do, and more so under
// rules that are left out here (eaches, runs), the bound is above L, and tells which candidates cannot be in
// a better list: the best set with (or without) one of them is one swap away.
//
// Murota, Discrete Convex Analysis, SIAM 2003: chapters 4 (M-convex functions) and 9 (assignment).
#ifndef PINTLE_RUNTIME_LISTS_RELAXATION_H_
#define PINTLE_RUNTIME_LISTS_RELAXATION_H_

#include "runtime/lists/swap_search.h"

namespace pintle::internal {

class Relaxation {
 public:
  // For lists that miss no more than `misses`, around the prices of `set`.
  Relaxation(const ListTerms& terms, const EntrySet& set, int64_t misses, SwapBuffers* buffers);

  // Whether prices prove the set to be the best.
  bool prove();
  // The best set under the prices that came nearest to that, into *relaxed: returns how much more it is
  // worth there than the set, >= 0.
  double widen(EntrySet* relaxed);
  // Of each candidate, into losses[candidate_count], how much less the bound is with it in the list (of those
  // outside *relaxed) or without it (of those inside), >= 0.
  void find_losses(const EntrySet& relaxed, double* losses);

 private:
  double weight(const Candidate& candidate) const {
    double weight = static_cast<double>(candidate.value);
    for (uint32_t g = 0; g < terms_.problem->group_count; ++g) {
      weight += prices_[g] * candidate.levels[g];
    }
    return weight;
  }
  Swap best_swap(const EntrySet& set);
  bool move_prices(const Swap& against);

  const ListTerms& terms_;
  const EntrySet& set_;
  SwapBuffers* buffers_;
  GroupChanges changes_;
  // Of a fifteenth.
  double prices_[kMaxGroups], lowest_[kMaxGroups], highest_[kMaxGroups];
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_RELAXATION_H_
