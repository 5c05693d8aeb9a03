// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/objective.h"

namespace pintle::internal {

ListWorth worth_of(const ListProblem& problem, const uint32_t* entries) {
  ListWorth worth = {};
  for (uint32_t r = 0; r < problem.length; ++r) {
    const Candidate& entry = problem.candidates[entries[r]];
    worth.expected_dcg += entry.probability * problem.discounts[r];
    worth.values += static_cast<double>(entry.value);
    for (uint32_t s = 0; problem.diversity != 0 && s < r; ++s) {
      worth.diversity += problem.diversity *
                         (1 - static_cast<double>(problem.cosines[entries[r] * problem.candidate_count + entries[s]]));
    }
  }
  for (uint32_t g = 0; g < problem.group_count; ++g) {
    int32_t sum = 0;
    for (uint32_t r = 0; r < problem.length; ++r) sum += problem.candidates[entries[r]].levels[g];
    worth.groups[g] = group_reward(problem.groups[g], sum);
  }
  return worth;
}

double set_violation(const ListProblem& problem, const uint32_t* entries) {
  double total = 0;
  for (uint32_t i = 0; i < problem.range_count; ++i) {
    const RangeRule& range = problem.ranges[i];
    int32_t sum = 0;
    for (uint32_t r = 0; r < problem.length; ++r) sum += problem.candidates[entries[r]].levels[range.group];
    const int32_t off = sum < range.lowest ? range.lowest - sum : sum > range.highest ? sum - range.highest : 0;
    total += off / static_cast<double>(kWhole) * rule_weight(range.rule);
  }
  return total;
}

double run_violation(const ListProblem&, const uint32_t*) { return 0; }

}  // namespace pintle::internal
