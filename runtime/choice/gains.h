// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_CHOICE_GAINS_H_
#define PINTLE_RUNTIME_CHOICE_GAINS_H_

#include <algorithm>

#include "runtime/choice/choose.h"

namespace pintle::internal {

struct EntryGain {
  uint32_t replaced;
  double expected_dcg, groups[kMaxGroups], value, diversity;
  uint32_t broken_rules;
};

inline EntryGain entry_gain(const ListProblem& problem, const uint32_t* entries, uint32_t rank,
                            ChooseScratch*, uint32_t* swapped) {
  const auto inside = [&](const uint32_t* list, uint32_t candidate) {
    return std::find(list, list + problem.length, candidate) != list + problem.length;
  };
  uint32_t place = 0, left = 0;
  for (uint32_t r = 0; r < rank; ++r) place += inside(problem.plain, entries[r]) ? 0 : 1;
  while (inside(entries, problem.plain[left]) || place-- > 0) ++left;
  EntryGain gain = {};
  gain.replaced = problem.plain[left];
  std::copy(entries, entries + problem.length, swapped);
  swapped[rank] = gain.replaced;
  std::sort(swapped, swapped + problem.length);
  const ListWorth a = worth_of(problem, entries), b = worth_of(problem, swapped);
  gain.expected_dcg = a.expected_dcg - b.expected_dcg;
  for (uint32_t g = 0; g < problem.group_count; ++g) gain.groups[g] = a.groups[g] - b.groups[g];
  gain.value = a.values - b.values;
  gain.diversity = a.diversity - b.diversity;
  for (uint32_t i = 0; i < problem.range_count; ++i) {
    ListProblem one = problem;
    one.range_count = 1;
    one.ranges[0] = problem.ranges[i];
    if (set_violation(one, swapped) > set_violation(one, entries)) {
      gain.broken_rules |= 1u << problem.ranges[i].rule;
    }
  }
  return gain;
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_GAINS_H_
