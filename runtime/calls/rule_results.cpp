// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/rule_results.h"

namespace pintle::internal {
namespace {

float entries_of(int32_t fifteenths) { return static_cast<float>(fifteenths) / kWhole; }

class RuleResults {
 public:
  RuleResults(const ListPlan& plan, const WishedList& list)
      : plan_(plan), list_(list), problem_(list.posed.problem) {}

  pintle_rule_result of(uint32_t rule) const {
    const uint32_t posed = list_.posed.outcomes[rule];
    switch (plan_.rules[rule].kind) {
      case PINTLE_RULE_PIN:
        return of_pin(rule, posed);
      case PINTLE_RULE_CAP_EACH:
        return of_most(rule, most_of_a_value(plan_.rule_targets[rule]));
      case PINTLE_RULE_RUN:
      case PINTLE_RULE_RUN_EACH:
        return of_most(rule, longest_run(rule));
      default:
        return of_range(rule);
    }
  }

 private:
  const Candidate& entry(uint32_t rank) const { return problem_.candidates[list_.entries[rank]]; }

  // Why the list does not keep a rule that it could keep alone.
  uint32_t missed() const {
    return list_.is_proven ? PINTLE_RULE_CONFLICT : PINTLE_RULE_NOT_FOUND;
  }

  pintle_rule_result of_pin(uint32_t rule, uint32_t posed) const {
    pintle_rule_result result = {posed, static_cast<float>(plan_.rules[rule].count), 0};
    for (uint32_t r = 0; r < list_.length(); ++r) {
      if (entry(r).item == plan_.rules[rule].target) result.got = static_cast<float>(r + 1);
    }
    return result;
  }

  pintle_rule_result of_range(uint32_t rule) const {
    const RangeRule* range = problem_.ranges;
    while (range->rule != rule) ++range;
    int32_t sum = 0;
    for (uint32_t r = 0; r < list_.length(); ++r) sum += entry(r).levels[range->group];
    const int32_t all = static_cast<int32_t>(list_.length()) * kWhole;
    const bool is_least = plan_.rules[rule].kind == PINTLE_RULE_AT_LEAST;
    const bool is_exact = plan_.rules[rule].kind == PINTLE_RULE_EXACTLY;
    const int32_t wanted = is_least   ? range->lowest
                           : is_exact ? (range->lowest + range->highest) / 2
                                      : (range->highest < all ? range->highest : all);
    pintle_rule_result result = {PINTLE_RULE_KEPT, entries_of(wanted), entries_of(sum)};
    if (sum >= range->lowest && sum <= range->highest) return result;
    // Of the candidates alone: each class has as many as a list can hold.
    uint32_t of_level[kWhole + 1] = {};
    for (uint32_t c = 0; c < problem_.candidate_count; ++c) {
      ++of_level[problem_.candidates[c].levels[range->group]];
    }
    const bool can = most_sum(of_level) >= range->lowest && least_sum(of_level) <= range->highest;
    result.outcome = can ? missed() : static_cast<uint32_t>(PINTLE_RULE_TOO_FEW);
    return result;
  }
  int32_t most_sum(const uint32_t (&of_level)[kWhole + 1]) const {
    uint32_t left = list_.length();
    int32_t sum = 0;
    for (int32_t level = kWhole; level > 0 && left > 0; --level) {
      const uint32_t taken = of_level[level] < left ? of_level[level] : left;
      sum += level * static_cast<int32_t>(taken);
      left -= taken;
    }
    return sum;
  }
  int32_t least_sum(const uint32_t (&of_level)[kWhole + 1]) const {
    uint32_t left = list_.length();
    int32_t sum = 0;
    for (int32_t level = 0; level <= kWhole && left > 0; ++level) {
      const uint32_t taken = of_level[level] < left ? of_level[level] : left;
      sum += level * static_cast<int32_t>(taken);
      left -= taken;
    }
    return sum;
  }

  pintle_rule_result of_most(uint32_t rule, uint32_t got) const {
    const uint32_t wanted = plan_.rules[rule].count;
    pintle_rule_result result = {PINTLE_RULE_KEPT, static_cast<float>(wanted),
                                 static_cast<float>(got)};
    if (got <= wanted) return result;
    result.outcome = plan_.rule_count == 1 ? static_cast<uint32_t>(PINTLE_RULE_TOO_FEW) : missed();
    return result;
  }
  bool has_value(uint32_t rank, uint32_t family, uint32_t value) const {
    const FamilyValues& own = entry(rank).families[family];
    for (uint32_t i = 0; i < own.count; ++i) {
      if (problem_.values[own.first + i] == value) return true;
    }
    return false;
  }
  uint32_t most_of_a_value(uint32_t family) const {
    uint32_t most = 0;
    for (uint32_t r = 0; r < list_.length(); ++r) {
      const FamilyValues& own = entry(r).families[family];
      for (uint32_t i = 0; i < own.count; ++i) {
        uint32_t count = 0;
        for (uint32_t s = 0; s < list_.length(); ++s) {
          count += has_value(s, family, problem_.values[own.first + i]) ? 1 : 0;
        }
        if (count > most) most = count;
      }
    }
    return most;
  }
  uint32_t longest_run(uint32_t rule) const {
    const uint32_t target = plan_.rule_targets[rule];
    uint32_t longest = 0;
    for (uint32_t r = 0; r < list_.length(); ++r) {
      if (plan_.rules[rule].kind == PINTLE_RULE_RUN) {
        uint32_t end = r;
        while (end < list_.length() && entry(end).levels[target] > 0) ++end;
        if (end - r > longest) longest = end - r;
        continue;
      }
      const FamilyValues& own = entry(r).families[target];
      for (uint32_t i = 0; i < own.count; ++i) {
        uint32_t end = r;
        while (end < list_.length() && has_value(end, target, problem_.values[own.first + i])) ++end;
        if (end - r > longest) longest = end - r;
      }
    }
    return longest;
  }

  const ListPlan& plan_;
  const WishedList& list_;
  const ListProblem& problem_;
};

}  // namespace

void find_rule_results(const ListPlan& plan, const WishedList& list, pintle_rule_result* results) {
  const RuleResults all(plan, list);
  for (uint32_t i = 0; i < plan.rule_count; ++i) results[i] = all.of(i);
}

}  // namespace pintle::internal
