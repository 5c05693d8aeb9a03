// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/arrange.h"

#include <string.h>

namespace pintle::internal {
namespace {

// Places tried in one search. A list of 10 that has an order at all is done within some dozens.
constexpr uint32_t kMaxSteps = 1024;
constexpr uint32_t kNone = UINT32_MAX;

class OrderSearch {
 public:
  OrderSearch(const ListTerms& terms, const uint32_t* entries, ArrangeBuffers* buffers,
              uint32_t* best)
      : terms_(terms),
        problem_(*terms.problem),
        entries_(entries),
        list_(buffers->list),
        best_(best),
        chosen_(buffers->chosen),
        twins_(buffers->twins),
        is_placed_(buffers->is_placed),
        misses_(buffers->misses),
        dcg_(buffers->dcg),
        runs_(buffers->runs) {}

  Arrangement search() {
    find_twins();
    find_runs();
    int64_t allowed = misses_ahead(0);
    int64_t more = kWhole * misses_of_fifteenth(0);
    while (!try_orders(allowed)) {
      allowed += more;
      more *= 2;
    }
    return {best_misses_, false, is_complete_, steps_};
  }

 private:
  // Members of the set: free entries, then pins.
  uint32_t candidate(uint32_t member) const {
    return member < terms_.free_count ? entries_[member]
                                      : problem_.pins[member - terms_.free_count].candidate;
  }
  bool are_twins(uint32_t a, uint32_t b) const {
    const Candidate &one = terms_.candidate(a), &other = terms_.candidate(b);
    for (uint32_t i = 0; i < problem_.run_count; ++i) {
      const uint32_t index = problem_.runs[i].index;
      if (!problem_.runs[i].is_family) {
        if ((one.levels[index] > 0) != (other.levels[index] > 0)) return false;
        continue;
      }
      if (problem_.compare(one.families[index], other.families[index]) != 0) return false;
    }
    return true;
  }
  // twins_[i]: the last entry before i that runs cannot tell from it, so that i waits for it.
  void find_twins() {
    for (uint32_t i = 0; i < terms_.free_count; ++i) {
      uint32_t twin = i;
      while (twin-- > 0 && !are_twins(entries_[twin], entries_[i])) {
      }
      twins_[i] = twin;  // kNone past 0
    }
  }
  void add_run(uint32_t rule, uint32_t value) {
    const RunRule& run = problem_.runs[rule];
    if (run_count_ == kMaxRunsAhead) return;
    RunAhead* ahead = &runs_[run_count_];
    *ahead = {kWhole * misses_of_fifteenth(run.rule), run.count, 0, {}};
    for (uint32_t m = 0; m < problem_.length; ++m) {
      const uint32_t c = candidate(m);
      if (run.is_family ? has_value(problem_, c, run.index, value)
                        : terms_.candidate(c).levels[run.index] > 0) {
        ahead->members[m / 64] |= uint64_t{1} << m % 64;
        ++ahead->left;
      }
    }
    if (ahead->left > run.count) ++run_count_;
  }
  // The runs that this set can have too long: looking ahead for fewer would be right, too.
  void find_runs() {
    for (uint32_t i = 0; i < problem_.run_count; ++i) {
      if (!problem_.runs[i].is_family) {
        add_run(i, 0);
        continue;
      }
      const uint32_t family = problem_.runs[i].index;
      for (uint32_t m = 0; m < problem_.length; ++m) {
        const FamilyValues& own = terms_.candidate(candidate(m)).families[family];
        for (uint32_t v = 0; v < own.count; ++v) {
          const uint32_t value = problem_.values_of(own)[v];
          bool is_first = true;
          for (uint32_t b = 0; b < m && is_first; ++b) {
            is_first = !has_value(problem_, candidate(b), family, value);
          }
          if (is_first) add_run(i, value);
        }
      }
    }
  }
  static bool is_member(const RunAhead& run, uint32_t member) {
    return (run.members[member / 64] >> member % 64 & 1) != 0;
  }
  void count(uint32_t member, uint32_t change) {
    for (uint32_t i = 0; i < run_count_; ++i) {
      if (is_member(runs_[i], member)) runs_[i].left += change;
    }
  }
  // What ranks from `rank` on miss in any order. With x members for n ranks, s of the run's count used up:
  // before the first of the n - x others there is room for count - s, behind each for count.
  int64_t misses_ahead(uint32_t rank) const {
    int64_t misses = 0;
    const uint32_t ranks = problem_.length - rank;
    for (uint32_t i = 0; i < run_count_; ++i) {
      const RunAhead& run = runs_[i];
      uint32_t used = 0;
      while (used < run.count && used < rank && is_member(run, chosen_[rank - 1 - used])) ++used;
      const uint64_t room = (run.count - used) + uint64_t{run.count} * (ranks - run.left);
      if (run.left > room) misses += static_cast<int64_t>(run.left - room) * run.misses;
    }
    return misses;
  }
  // Expected DCG of the ranks from `rank` on, the rest in order of score.
  double dcg_ahead(uint32_t rank) const {
    double dcg = 0;
    uint32_t next = 0, pin = pins_before(rank);
    for (uint32_t r = rank; r < problem_.length; ++r) {
      uint32_t c;
      if (pin < problem_.pin_count && problem_.pins[pin].rank == r) {
        c = problem_.pins[pin++].candidate;
      } else {
        while (is_placed_[next] != 0) ++next;
        c = entries_[next++];
      }
      dcg += terms_.candidate(c).probability * problem_.discounts[r];
    }
    return dcg;
  }
  uint32_t pins_before(uint32_t rank) const {
    uint32_t pins = 0;
    while (pins < problem_.pin_count && problem_.pins[pins].rank < rank) ++pins;
    return pins;
  }
  // The first member from `member` on that may stand at `rank`; kNone: none.
  uint32_t next_member(uint32_t rank, uint32_t member) const {
    const uint32_t pin = pins_before(rank);
    if (pin < problem_.pin_count && problem_.pins[pin].rank == rank) {
      return member <= terms_.free_count + pin ? terms_.free_count + pin : kNone;
    }
    while (
        member < terms_.free_count &&
        (is_placed_[member] != 0 || (twins_[member] != kNone && is_placed_[twins_[member]] == 0))) {
      ++member;
    }
    return member < terms_.free_count ? member : kNone;
  }
  void take_back(uint32_t rank) {
    is_placed_[chosen_[rank]] = 0;
    count(chosen_[rank], 1);
  }

  // Whether an order misses no more than allowed; best_ is then the best of them, or of those tried.
  bool try_orders(int64_t allowed) {
    memset(is_placed_, 0, problem_.length);
    bool is_found = false;
    is_complete_ = true;
    double best_dcg = 0;
    uint32_t rank = 0, member = 0, steps = 0;
    misses_[0] = 0;
    dcg_[0] = 0;
    for (;;) {
      member = next_member(rank, member);
      ++steps_;
      // A search that found an order may end; one that did not ends here, and goes on with more allowed.
      if (steps++ == kMaxSteps) {
        is_complete_ = false;
        while (rank > 0) take_back(--rank);
        return is_found;
      }
      if (member == kNone) {
        if (rank == 0) return is_found;
        take_back(--rank);
        member = chosen_[rank] + 1;
        continue;
      }
      chosen_[rank] = member;
      list_[rank] = candidate(member);
      is_placed_[member] = 1;
      count(member, UINT32_MAX);  // one less
      misses_[rank + 1] = misses_[rank] + run_misses_at(problem_, list_, rank);
      dcg_[rank + 1] =
          dcg_[rank] + terms_.candidate(list_[rank]).probability * problem_.discounts[rank];
      const int64_t misses = misses_[rank + 1] + misses_ahead(rank + 1);
      if (misses > allowed ||
          (is_found && misses == allowed &&
           dcg_[rank + 1] + dcg_ahead(rank + 1) <= best_dcg + terms_.tolerance)) {
        take_back(rank);
        ++member;
        continue;
      }
      if (++rank < problem_.length) {
        member = 0;
        continue;
      }
      is_found = true;
      allowed = best_misses_ = misses;
      best_dcg = dcg_[rank];
      memcpy(best_, list_, problem_.length * sizeof(uint32_t));
      take_back(--rank);
      member = chosen_[rank] + 1;
    }
  }

  const ListTerms& terms_;
  const ListProblem& problem_;
  const uint32_t* entries_;
  uint32_t *list_, *best_, *chosen_, *twins_;
  uint8_t* is_placed_;
  int64_t* misses_;
  double* dcg_;
  RunAhead* runs_;
  uint32_t run_count_ = 0;
  uint32_t steps_ = 0;  // of all tries
  int64_t best_misses_ = 0;
  bool is_complete_ = false;
};

}  // namespace

void place_by_score(const ListTerms& terms, const uint32_t* entries, uint32_t* list) {
  const ListProblem& problem = *terms.problem;
  uint32_t pin = 0, next = 0;
  for (uint32_t r = 0; r < problem.length; ++r) {
    const bool is_pinned = pin < problem.pin_count && problem.pins[pin].rank == r;
    list[r] = is_pinned ? problem.pins[pin++].candidate : entries[next++];
  }
}

Arrangement arrange(const ListTerms& terms, const uint32_t* entries, ArrangeBuffers* buffers,
                    uint32_t* list) {
  place_by_score(terms, entries, list);
  if (terms.problem->run_count == 0 || run_misses(*terms.problem, list) == 0) {
    return {0, true, true, 0};
  }
  return OrderSearch(terms, entries, buffers, list).search();
}

}  // namespace pintle::internal
