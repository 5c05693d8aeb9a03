// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/objective.h"

namespace pintle::internal {

int32_t fifteenths_of(const ListProblem& problem, const uint32_t* entries, uint32_t group) {
  int32_t sum = 0;
  for (uint32_t r = 0; r < problem.length; ++r) {
    sum += problem.candidates[entries[r]].levels[group];
  }
  return sum;
}

ListWorth worth_of(const ListProblem& problem, const uint32_t* entries) {
  ListWorth worth = {};
  for (uint32_t r = 0; r < problem.length; ++r) {
    const Candidate& entry = problem.candidates[entries[r]];
    worth.expected_dcg += entry.probability * problem.discounts[r];
    worth.values += static_cast<double>(entry.value);
  }
  for (uint32_t g = 0; g < problem.group_count; ++g) {
    worth.groups[g] = group_reward(problem.groups[g], fifteenths_of(problem, entries, g));
  }
  if (problem.diversity == 0) return worth;
  double distances = 0;
  for (uint32_t r = 1; r < problem.length; ++r) {
    for (uint32_t s = 0; s < r; ++s) {
      distances += 1 - static_cast<double>(problem.cosine(entries[r], entries[s]));
    }
  }
  worth.diversity = problem.diversity * distances;
  return worth;
}

int64_t each_misses(const ListProblem& problem, const uint32_t* entries, const EachRule& rule) {
  int64_t misses = 0;
  for (uint32_t r = 0; r < problem.length; ++r) {
    const FamilyValues& own = problem.candidates[entries[r]].families[rule.family];
    for (uint32_t v = 0; v < own.count; ++v) {
      uint32_t before = 0;
      for (uint32_t s = 0; s < r; ++s) {
        if (has_value(problem, entries[s], rule.family, problem.values_of(own)[v])) ++before;
      }
      if (before >= rule.count) misses += kWhole * misses_of_fifteenth(rule.rule);
    }
  }
  return misses;
}

int64_t set_misses(const ListProblem& problem, const uint32_t* entries) {
  int64_t misses = 0;
  for (uint32_t i = 0; i < problem.range_count; ++i) {
    const RangeRule& rule = problem.ranges[i];
    misses += rule.misses(fifteenths_of(problem, entries, rule.group));
  }
  for (uint32_t i = 0; i < problem.each_count; ++i) {
    misses += each_misses(problem, entries, problem.eaches[i]);
  }
  return misses;
}

int64_t run_misses_at(const ListProblem& problem, const uint32_t* entries, uint32_t rank,
                      const RunRule& rule) {
  if (rank < rule.count) return 0;
  int64_t misses = 0;
  const Candidate& entry = problem.candidates[entries[rank]];
  const FamilyValues own =
      rule.is_family ? entry.families[rule.index] : FamilyValues{0, entry.levels[rule.index] > 0};
  for (uint32_t v = 0; v < own.count; ++v) {
    uint32_t s = rank - rule.count;
    if (rule.is_family) {
      const uint32_t value = problem.values_of(own)[v];
      while (s < rank && has_value(problem, entries[s], rule.index, value)) ++s;
    } else {
      while (s < rank && problem.candidates[entries[s]].levels[rule.index] > 0) ++s;
    }
    if (s == rank) misses += kWhole * misses_of_fifteenth(rule.rule);
  }
  return misses;
}

int64_t run_misses_at(const ListProblem& problem, const uint32_t* entries, uint32_t rank) {
  int64_t misses = 0;
  for (uint32_t i = 0; i < problem.run_count; ++i) {
    misses += run_misses_at(problem, entries, rank, problem.runs[i]);
  }
  return misses;
}

int64_t run_misses(const ListProblem& problem, const uint32_t* entries) {
  int64_t misses = 0;
  for (uint32_t r = 0; r < problem.length; ++r) misses += run_misses_at(problem, entries, r);
  return misses;
}

}  // namespace pintle::internal
