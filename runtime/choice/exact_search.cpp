// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/exact_search.h"

#include <string.h>

namespace pintle::internal {
namespace {

// Steps that judging a whole list takes as long as, and counting of what is rare.
constexpr uint32_t kJudgeSteps = 4, kEachSteps = 4;

class ExactSearch {
 public:
  ExactSearch(const ListTerms& terms, const ExactRequest& request, ExactBuffers* buffers,
              BestList* best)
      : terms_(terms),
        problem_(*terms.problem),
        request_(request),
        best_(best),
        order_(buffers->order),
        first_(buffers->first),
        taken_(buffers->taken),
        tried_(buffers->tried),
        target_(buffers->target),
        loss_in_(buffers->loss_in),
        loss_out_(buffers->loss_out),
        reach_(buffers->reach),
        entries_(buffers->taken_entries),
        sorted_(buffers->sorted),
        added_(buffers->added) {}

  bool search() {
    for (uint32_t i = 0; i < problem_.pin_count; ++i) add_levels(problem_.pins[i].candidate, 1);
    collect();
    if (!find_classes()) return false;
    find_reach();
    return walk();
  }

 private:
  bool is_lost(uint32_t c) const {
    return request_.losses != nullptr && request_.losses[c] >= room();
  }
  // What a list's losses may be that is still better than the best.
  double room() const { return request_.bound - best_->worth() - terms_.tolerance; }

  void add_levels(uint32_t c, int32_t sign) {
    for (uint32_t g = 0; g < problem_.group_count; ++g) {
      fifteenths_[g] += sign * terms_.candidate(c).levels[g];
    }
  }
  int64_t each_misses_of(uint32_t c) const {
    int64_t misses = 0;
    for (uint32_t i = 0; i < terms_.each_count; ++i) {
      const EachRule& rule = terms_.eaches[i];
      const FamilyValues& own = terms_.candidate(c).families[rule.family];
      for (uint32_t v = 0; v < own.count; ++v) {
        const uint32_t value = problem_.values_of(own)[v];
        uint32_t count = 0;
        for (uint32_t e = 0; e < entry_count_; ++e) {
          if (has_value(problem_, entries_[e], rule.family, value)) ++count;
        }
        for (uint32_t p = 0; p < problem_.pin_count; ++p) {
          if (has_value(problem_, problem_.pins[p].candidate, rule.family, value)) ++count;
        }
        if (count >= rule.count) misses += kWhole * misses_of_fifteenth(rule.rule);
      }
    }
    return misses;
  }
  void push(uint32_t c) {
    if (terms_.each_count != 0) {
      added_[entry_count_] = each_misses_of(c);
      each_misses_ += added_[entry_count_];
    }
    entries_[entry_count_++] = c;
    add_levels(c, 1);
  }
  void pop() {
    const uint32_t c = entries_[--entry_count_];
    add_levels(c, -1);
    if (terms_.each_count != 0) each_misses_ -= added_[entry_count_];
  }

  // Candidates that may be in the list or not, into order_; those that must be, into the list.
  void collect() {
    for (uint32_t c = 0; c < problem_.candidate_count; ++c) {
      const Place place = request_.base->place(c);
      if (place == kPinned) continue;
      if (!is_lost(c)) {
        order_[order_count_++] = c;
      } else if (place == kInside) {
        push(c);
      }
    }
  }
  int compare_values(const Candidate& a, const Candidate& b) const {
    if (terms_.each_count == 0 && problem_.run_count == 0) return 0;
    for (uint32_t f = 0; f < kMaxFamilies; ++f) {
      const int order = problem_.compare(a.families[f], b.families[f]);
      if (order != 0) return order;
    }
    return 0;
  }
  // Classes side by side, those of the first groups first: then what a group has is settled early.
  int compare_classes(uint32_t a, uint32_t b) const {
    const Candidate &one = terms_.candidate(a), &other = terms_.candidate(b);
    const int levels = memcmp(other.levels, one.levels, kMaxGroups);
    if (levels != 0) return levels;
    if (one.value != other.value) return one.value > other.value ? -1 : 1;
    if (problem_.diversity != 0) return a < b ? -1 : a > b;
    return compare_values(one, other);
  }
  bool comes_before(uint32_t a, uint32_t b) const {
    const int order = compare_classes(a, b);
    return order < 0 || (order == 0 && a < b);
  }
  bool find_classes() {
    for (uint32_t gap = order_count_ / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
      for (uint32_t i = gap; i < order_count_; ++i) {
        const uint32_t c = order_[i];
        uint32_t hole = i;
        for (; hole >= gap && comes_before(c, order_[hole - gap]); hole -= gap) {
          order_[hole] = order_[hole - gap];
        }
        order_[hole] = c;
      }
    }
    for (uint32_t i = 0; i < order_count_; ++i) {
      if (i == 0 || compare_classes(order_[i - 1], order_[i]) != 0) {
        if (class_count_ == kMaxKinds) return false;
        target_[class_count_] = 0;
        first_[class_count_++] = i;
      }
      if (request_.base->place(order_[i]) == kInside) ++target_[class_count_ - 1];
    }
    first_[class_count_] = order_count_;
    return true;
  }
  void find_reach() {
    memset(reach_ + class_count_ * kMaxGroups, 0, kMaxGroups * sizeof(GroupReach));
    for (uint32_t level = class_count_; level-- > 0;) {
      for (uint32_t g = 0; g < problem_.group_count; ++g) {
        GroupReach reach = reach_[(level + 1) * kMaxGroups + g];
        const uint8_t own = terms_.candidate(order_[first_[level]]).levels[g];
        const uint32_t count = first_[level + 1] - first_[level];
        reach.total = static_cast<int16_t>(reach.total + own * static_cast<int32_t>(count));
        if (own == 0) {
          reach.zeros = static_cast<int16_t>(reach.zeros + static_cast<int32_t>(count));
        } else {
          if (own > reach.most) reach.most = own;
          if (reach.least == 0 || own < reach.least) reach.least = own;
        }
        reach_[level * kMaxGroups + g] = reach;
      }
    }
  }
  // What the list misses whatever the classes from `level` on give.
  int64_t misses_ahead(uint32_t level) const {
    const int32_t open = static_cast<int32_t>(terms_.free_count - entry_count_);
    int64_t misses = each_misses_;
    for (uint32_t i = 0; i < terms_.range_count; ++i) {
      const RangeRule& rule = terms_.ranges[i];
      const GroupReach& reach = reach_[level * kMaxGroups + rule.group];
      const int32_t now = fifteenths_[rule.group];
      const int32_t highest =
          now + (open * reach.most < reach.total ? open * reach.most : int32_t{reach.total});
      const int32_t lowest = now + (open > reach.zeros ? (open - reach.zeros) * reach.least : 0);
      if (highest < rule.lowest) {
        misses += (rule.lowest - highest) * misses_of_fifteenth(rule.rule);
      } else if (lowest > rule.highest) {
        misses += (lowest - rule.highest) * misses_of_fifteenth(rule.rule);
      }
    }
    return misses;
  }
  bool is_hopeless(uint32_t level) const {
    if (entry_count_ > terms_.free_count ||
        terms_.free_count - entry_count_ > order_count_ - first_[level]) {
      return true;
    }
    if (request_.losses != nullptr && fmin(loss_in_[level], loss_out_[level]) >= room()) {
      // Not even a list that misses less: losses are given where none can.
      return true;
    }
    const int64_t misses = misses_ahead(level);
    return request_.is_for_misses ? misses >= best_->misses() : misses > best_->misses();
  }
  void take(uint32_t level, uint32_t count) {
    taken_[level] = count;
    loss_in_[level + 1] = loss_in_[level];
    loss_out_[level + 1] = loss_out_[level];
    for (uint32_t i = first_[level]; i < first_[level + 1]; ++i) {
      const uint32_t c = order_[i];
      const bool is_taken = i - first_[level] < count;
      if (is_taken) push(c);
      if (request_.losses == nullptr || is_taken == (request_.base->place(c) == kInside)) continue;
      (is_taken ? loss_in_ : loss_out_)[level + 1] += request_.losses[c];
    }
  }
  void judge() {
    for (uint32_t i = 0; i < entry_count_; ++i) {
      uint32_t hole = i;
      for (; hole > 0 && sorted_[hole - 1] > entries_[i]; --hole) sorted_[hole] = sorted_[hole - 1];
      sorted_[hole] = entries_[i];
    }
    best_->offer(sorted_);
  }
  // The count to try next at a level: the target's, one more, one less, two more ...; false: none is left.
  bool next_count(uint32_t level, uint32_t* count) {
    const uint32_t size = first_[level + 1] - first_[level], target = target_[level];
    while (tried_[level] <= 2 * size) {
      const uint32_t attempt = tried_[level]++, offset = (attempt + 1) / 2;
      if (attempt % 2 == 1 ? offset <= size - target : offset <= target) {
        *count = attempt % 2 == 1 ? target + offset : target - offset;
        return true;
      }
    }
    return false;
  }
  bool walk() {
    uint32_t level = 0, steps = 0, count;
    const uint32_t step_size = 1 + terms_.range_count / 4;  // most of a step is what ranges miss
    loss_in_[0] = loss_out_[0] = 0;
    if (is_hopeless(0)) return true;
    if (class_count_ == 0) {
      judge();
      return true;
    }
    tried_[0] = 0;
    for (;;) {
      if (!next_count(level, &count)) {
        if (level == 0) return true;
        --level;
        for (uint32_t i = 0; i < taken_[level]; ++i) pop();
        continue;
      }
      steps += step_size;
      if (steps > request_.most_steps || !best_->may_order()) return false;
      if (count > terms_.free_count - entry_count_) continue;
      take(level, count);
      if (terms_.each_count != 0) steps += kEachSteps * count;
      if (is_hopeless(level + 1)) {
        for (uint32_t i = 0; i < count; ++i) pop();
      } else if (level + 1 == class_count_) {
        steps += kJudgeSteps;
        judge();
        for (uint32_t i = 0; i < count; ++i) pop();
      } else {
        tried_[++level] = 0;
      }
    }
  }

  const ListTerms& terms_;
  const ListProblem& problem_;
  const ExactRequest& request_;
  BestList* best_;
  uint32_t *order_, *first_, *taken_, *tried_, *target_;
  double *loss_in_, *loss_out_;
  GroupReach* reach_;
  uint32_t *entries_, *sorted_;
  int64_t* added_;
  uint32_t order_count_ = 0, class_count_ = 0, entry_count_ = 0;
  int32_t fifteenths_[kMaxGroups] = {};
  int64_t each_misses_ = 0;
};

}  // namespace

bool search_exactly(const ListTerms& terms, const ExactRequest& request, ExactBuffers* buffers,
                    BestList* best) {
  return ExactSearch(terms, request, buffers, best).search();
}

}  // namespace pintle::internal
