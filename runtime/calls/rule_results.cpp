// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/rule_results.h"

#include "runtime/choice/gains.h"

namespace pintle::internal {
namespace {

// The most and the least fifteenths of a group that a list of the candidates can have: each class has as many
// of them as a list can hold.
void find_reach(const ListProblem& problem, uint32_t group, int32_t* least, int32_t* most) {
  uint32_t of_level[kWhole + 1] = {};
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    ++of_level[problem.candidates[c].levels[group]];
  }
  const auto sum = [&](int32_t first, int32_t step) {
    uint32_t left = problem.length;
    int32_t total = 0;
    for (int32_t level = first; level >= 0 && level <= kWhole && left > 0; level += step) {
      const uint32_t taken = of_level[level] < left ? of_level[level] : left;
      total += level * static_cast<int32_t>(taken);
      left -= taken;
    }
    return total;
  };
  *least = sum(0, 1);
  *most = sum(kWhole, -1);
}

class RuleResults {
 public:
  RuleResults(const ListPlan& plan, const WishedList& list)
      : plan_(plan), list_(list), problem_(list.posed.problem) {
    find_got(problem_, list.entries, got_);
  }

  pintle_rule_result of(uint32_t rule) const {
    const uint32_t kind = plan_.rules[rule].kind;
    if (kind == PINTLE_RULE_PIN) return of_pin(rule);
    const float wanted = static_cast<float>(plan_.rules[rule].count);
    const float got = kind == PINTLE_RULE_CAP_EACH
                          ? static_cast<float>(most_of_a_value(plan_.rule_targets[rule]))
                          : static_cast<float>(got_[rule]);
    if (kind != PINTLE_RULE_CAP_EACH && kind != PINTLE_RULE_RUN && kind != PINTLE_RULE_RUN_EACH) {
      return of_range(rule, got);
    }
    if (got <= wanted) return {PINTLE_RULE_KEPT, wanted, got};
    return {plan_.rule_count == 1 ? static_cast<uint32_t>(PINTLE_RULE_TOO_FEW) : missed(), wanted,
            got};
  }

 private:
  // Why the list does not keep a rule that it could keep alone.
  uint32_t missed() const { return list_.is_proven ? PINTLE_RULE_CONFLICT : PINTLE_RULE_NOT_FOUND; }

  pintle_rule_result of_pin(uint32_t rule) const {
    float rank = 0;
    for (uint32_t r = 0; r < list_.length(); ++r) {
      if (problem_.candidates[list_.entries[r]].item == plan_.rules[rule].target) {
        rank = static_cast<float>(r + 1);
      }
    }
    return {list_.posed.outcomes[rule], static_cast<float>(plan_.rules[rule].count), rank};
  }

  // The most entries with the same attribute of a family.
  uint32_t most_of_a_value(uint32_t family) const {
    uint32_t most = 0;
    for (uint32_t r = 0; r < list_.length(); ++r) {
      const FamilyValues& own = problem_.candidates[list_.entries[r]].families[family];
      for (uint32_t v = 0; v < own.count; ++v) {
        uint32_t count = 0;
        for (uint32_t s = 0; s < list_.length(); ++s) {
          count += has_value(problem_, list_.entries[s], family, problem_.values_of(own)[v]);
        }
        if (count > most) most = count;
      }
    }
    return most;
  }

  pintle_rule_result of_range(uint32_t rule, float got) const {
    const RangeRule* range = problem_.ranges;
    while (range->rule != rule) ++range;
    const uint32_t kind = plan_.rules[rule].kind;
    const bool is_exact = kind == PINTLE_RULE_EXACTLY || kind == PINTLE_RULE_MIX;
    const RuleRange& asked = list_.posed.asked[rule];
    const int32_t wanted = kind == PINTLE_RULE_AT_LEAST ? asked.lowest
                           : is_exact                   ? (asked.lowest + asked.highest) / 2
                                                        : asked.highest;
    const int32_t sum = fifteenths_of(problem_, list_.entries, range->group);
    pintle_rule_result result = {PINTLE_RULE_KEPT, static_cast<float>(wanted) / kWhole, got};
    if (range->misses(sum) == 0) return result;
    int32_t least = 0, most = 0;
    find_reach(problem_, range->group, &least, &most);
    const bool can = most >= range->lowest && least <= range->highest;
    result.outcome = can ? missed() : static_cast<uint32_t>(PINTLE_RULE_TOO_FEW);
    return result;
  }

  const ListPlan& plan_;
  const WishedList& list_;
  const ListProblem& problem_;
  double got_[PINTLE_LIST_RULES] = {};
};

}  // namespace

void find_rule_results(const ListPlan& plan, const WishedList& list, pintle_rule_result* results) {
  const RuleResults all(plan, list);
  for (uint32_t i = 0; i < plan.rule_count; ++i) results[i] = all.of(i);
}

}  // namespace pintle::internal
