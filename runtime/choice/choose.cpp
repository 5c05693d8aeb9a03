// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/choose.h"

#include <assert.h>
#include <string.h>

#include "runtime/choice/best_list.h"
#include "runtime/choice/exact_search.h"
#include "runtime/choice/relaxation.h"

namespace pintle::internal {
namespace {

// All lists are gone through where they are no more than these: every list of 5 out of 12.
constexpr double kFewLists = 792;
// Where they are more: steps of the exact search, some 30 ns each, and of putting sets in order.
constexpr uint32_t kExactSteps = 1024;
constexpr uint32_t kOrderSteps = 8192;
// Swaps that are looked behind for a second one that makes up for what they miss or lose, and swaps that this
// may look at in all.
constexpr uint32_t kFirstSwaps = 8;
constexpr uint64_t kSecondSwaps = 1000;

// Lists of the candidates that no pin has are kFewLists at most.
bool are_few(const ListTerms& terms) {
  double lists = 1;
  const uint32_t others = terms.problem->candidate_count - terms.problem->pin_count;
  for (uint32_t i = 0; i < terms.free_count; ++i) {
    lists *= static_cast<double>(others - i) / (i + 1);  // a binomial each time: whole
    if (lists > kFewLists && 2 * (i + 1) <= others) return false;
  }
  return lists <= kFewLists;
}

class ListSearch {
 public:
  ListSearch(const ListProblem& problem, ChooseScratch* scratch, uint32_t* list)
      : scratch_(scratch),
        terms_(problem, scratch),
        set_(terms_, &scratch->chosen, &scratch->pairs),
        swaps_(terms_, &scratch->swaps),
        are_few_(are_few(terms_)),
        best_(terms_, are_few_ ? UINT64_MAX : kOrderSteps, scratch, list) {}

  bool search() {
    start();
    bool is_optimum = swaps_.climb(&set_);
    if (problem().diversity != 0) {
      set_.count_distances();
      is_optimum = swaps_.climb(&set_);
    }
    best_.offer(set_.entries());
    // With the order of score the set is the best under the terms, which leave nothing out.
    if (is_optimum && terms_.is_partition && best_.is_by_score()) return true;
    return search_further();
  }
  int64_t misses() const { return best_.misses(); }

 private:
  const ListProblem& problem() const { return *terms_.problem; }
  uint32_t exact_steps() const { return are_few_ ? UINT32_MAX : kExactSteps; }

  // The plain list: the best scores beside the pins.
  void start() {
    uint32_t* entries = scratch_->exact.sorted;
    if (problem().start != nullptr) {
      find_free_entries(problem(), problem().start, entries);
      set_.assign(entries);
      return;
    }
    uint32_t count = 0;
    for (uint32_t c = 0; count < terms_.free_count; ++c) {
      bool is_pinned = false;
      for (uint32_t i = 0; i < problem().pin_count; ++i) {
        if (problem().pins[i].candidate == c) is_pinned = true;
      }
      if (!is_pinned) entries[count++] = c;
    }
    set_.assign(entries);
  }
  double worth_by_score() {
    uint32_t* list = scratch_->offered;
    place_by_score(terms_, set_.entries(), list);
    return worth_of(problem(), list).sum(problem().group_count);
  }
  int64_t misses_by_score() {
    uint32_t* list = scratch_->offered;
    place_by_score(terms_, set_.entries(), list);
    return set_misses(problem(), list);
  }

  bool search_further() {
    if (!best_.is_by_score()) climb_in_order();
    bool is_least = best_.misses() == 0;
    if (!is_least) {
      const int64_t before = best_.misses();
      const ExactRequest request = {true, &set_, nullptr, INFINITY, exact_steps()};
      is_least = search_exactly(terms_, request, &scratch_->exact, &best_);
      if (best_.misses() < before) {
        set_.assign(best_.entries());
        swaps_.climb(&set_);
        best_.offer(set_.entries());
        is_least = is_least || best_.misses() == 0;
      }
    }
    const bool is_complete = problem().diversity != 0 ? search_all() : search_bounded();
    if (!is_complete) swap_twice();
    return is_complete && is_least && best_.is_order_known();
  }

  bool search_all() {
    if (!are_few_) return false;
    const ExactRequest request = {false, &set_, nullptr, INFINITY, exact_steps()};
    return search_exactly(terms_, request, &scratch_->exact, &best_);
  }
  bool search_bounded() {
    Relaxation relaxation(terms_, set_, best_.misses(), &scratch_->relaxation, &scratch_->swaps);
    EntrySet relaxed(terms_, &scratch_->relaxed, nullptr);
    double bound = worth_by_score();
    if (relaxation.prove() && bound <= best_.worth() + terms_.tolerance) return true;
    bound += relaxation.widen(&relaxed);
    double* losses = scratch_->exact.losses;
    relaxation.find_losses(relaxed, losses);
    const ExactRequest request = {false, &relaxed, losses, bound, exact_steps()};
    return search_exactly(terms_, request, &scratch_->exact, &best_);
  }

  // Swaps of the best list by what it is worth in its order.
  void climb_in_order() {
    uint32_t* entries = scratch_->exact.sorted;
    for (bool is_better = true; is_better && best_.may_order();) {
      is_better = false;
      set_.assign(best_.entries());
      const double worth = worth_by_score();
      const int64_t misses = misses_by_score();
      Swap swap;
      swaps_.begin(set_, Moves::kAll);
      while (best_.may_order()) {
        // The order of score is worth the most, and its set misses the least.
        const Swap floor = {0, 0, 0, best_.misses() - misses,
                            best_.worth() + terms_.tolerance - worth};
        if (!swaps_.next(floor, &swap)) break;
        put_swap(set_.entries(), swap, entries);
        if (best_.offer(entries)) is_better = true;
      }
    }
  }

  // From the best list on, two swaps at once: the first ones that are worth the most, whatever they miss (a
  // second one may make up for it), and those that miss the least, and the best that follow each.
  void swap_twice() {
    const uint64_t most = swaps_.measured() + kSecondSwaps;
    uint32_t in_vain = 0;
    for (bool by_worth = true; in_vain < 2 && swaps_.measured() < most; by_worth = !by_worth) {
      in_vain = try_pairs(by_worth, most) ? 0 : in_vain + 1;
    }
  }
  bool try_pairs(bool by_worth, uint64_t most) {
    Swap firsts[kFirstSwaps];
    uint32_t count = 0;
    set_.assign(best_.entries());
    swaps_.begin(set_, moves_of(terms_, set_));
    Swap floor = any_misses(-INFINITY);
    if (!by_worth) --floor.misses;
    for (Swap swap; swaps_.next(floor, &swap);) {
      uint32_t hole = count < kFirstSwaps ? count++ : count - 1;
      for (; hole > 0 &&
             (by_worth ? swap.worth > firsts[hole - 1].worth : is_better(swap, firsts[hole - 1]));
           --hole) {
        firsts[hole] = firsts[hole - 1];
      }
      firsts[hole] = swap;
      if (count < kFirstSwaps) continue;
      floor = by_worth ? any_misses(firsts[count - 1].worth) : firsts[count - 1];
    }
    uint32_t* base = scratch_->exact.taken_entries;
    uint32_t* entries = scratch_->exact.sorted;
    memcpy(base, best_.entries(), terms_.free_count * sizeof(uint32_t));
    bool is_any_better = false;
    for (uint32_t i = 0; i < count && swaps_.measured() < most; ++i) {
      put_swap(base, firsts[i], entries);
      set_.assign(entries);
      if (!follow(firsts[i])) continue;
      swaps_.climb(&set_);
      if (best_.offer(set_.entries())) is_any_better = true;
    }
    return is_any_better;
  }
  // The best swap after this one, if both together make the list better; true: it is made. Under runs, what a
  // set is worth is known when it is in order.
  bool follow(const Swap& first) {
    const bool is_order_open = problem().run_count != 0;
    Swap best = {0, 0, 0, -first.misses,
                 is_order_open ? -INFINITY : terms_.tolerance - first.worth};
    bool is_found = false;
    swaps_.begin(set_, moves_of(terms_, set_));
    while (swaps_.next(best, &best)) is_found = true;
    if (is_found) set_.swap(best.leaver, best.enterer, best.position);
    return is_found || is_order_open;
  }
  void put_swap(const uint32_t* from, const Swap& swap, uint32_t* to) const {
    uint32_t count = 0;
    for (uint32_t r = 0; r <= terms_.free_count; ++r) {
      if (r == swap.position) to[count++] = swap.enterer;
      if (r != swap.leaver && r < terms_.free_count) to[count++] = from[r];
    }
  }

  ChooseScratch* scratch_;
  ListTerms terms_;
  EntrySet set_;
  SwapSearch swaps_;
  bool are_few_;
  BestList best_;
};

}  // namespace

void choose_list(const ListProblem& problem, ChooseScratch* scratch, ListChoice* choice) {
  assert(problem.candidate_count <= kMaxCandidates && problem.length <= kMaxEntries);
  ListSearch search(problem, scratch, choice->entries);
  choice->is_proven = search.search() && problem.has_all_candidates;
  choice->violation = violation_of(search.misses());
}

}  // namespace pintle::internal
