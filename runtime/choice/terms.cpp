// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/terms.h"

#include <string.h>

namespace pintle::internal {
namespace {

// Levels, compared as two words.
struct LevelWords {
  uint64_t first, second;
  bool operator==(const LevelWords& other) const {
    return first == other.first && second == other.second;
  }
};
static_assert(sizeof(Candidate::levels) == sizeof(LevelWords));
LevelWords levels_of(const Candidate& candidate) {
  LevelWords words;
  memcpy(&words, candidate.levels, sizeof(words));
  return words;
}

void find_kinds(const ListProblem& problem, ChooseScratch* scratch, ListTerms* terms) {
  Kinds& kinds = terms->kinds;
  kinds = scratch->kinds.start();
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    const Candidate& candidate = problem.candidates[c];
    const LevelWords words = levels_of(candidate);
    const uint32_t kind = kinds.find([&](uint32_t other) {
      return levels_of(problem.candidates[other]) == words &&
             problem.candidates[other].value == candidate.value;
    });
    if (kind == kinds.count) {
      uint32_t groups = 0;
      for (uint32_t g = 0; g < problem.group_count; ++g) {
        const uint8_t level = candidate.levels[g];
        if (level != 0 && level != kWhole) terms->whole_groups &= ~(1u << g);
        if (level != 0) groups |= 1u << g;
      }
      kinds.groups[kind] = groups;
      if ((groups & (groups - 1)) != 0 || candidate.value != 0) terms->is_partition = false;
    }
    kinds.add(c, kind);
  }
}

bool has_single_values(const ListProblem& problem, uint32_t family) {
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    if (problem.candidates[c].families[family].count > 1) return false;
  }
  return true;
}

void collect_rules(const ListProblem& problem, ListTerms* terms) {
  memcpy(terms->ranges, problem.ranges, problem.range_count * sizeof(RangeRule));
  memcpy(terms->eaches, problem.eaches, problem.each_count * sizeof(EachRule));
  terms->range_count = problem.range_count;
  terms->each_count = problem.each_count;
  for (uint32_t i = 0; i < problem.run_count; ++i) {
    const RunRule& run = problem.runs[i];
    const uint64_t most = uint64_t{run.count} * (problem.length + 1) / (uint64_t{run.count} + 1);
    if (most >= problem.length) continue;
    const uint32_t count = static_cast<uint32_t>(most);
    if (run.is_family) {
      terms->eaches[terms->each_count++] = {run.index, count, run.rule};
    } else if ((terms->whole_groups >> run.index & 1) != 0) {
      terms->ranges[terms->range_count++] = {run.index, 0, static_cast<int32_t>(kWhole * count),
                                             run.rule};
    }
  }
}

double largest_sum(const ListProblem& problem) {
  double sum = 0, value = 0;
  for (uint32_t r = 0; r < problem.length; ++r) {
    sum += problem.candidates[r].probability * problem.discounts[r];
  }
  for (uint32_t g = 0; g < problem.group_count; ++g) sum += fabs(problem.groups[g].reward);
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    value = fmax(value, fabs(static_cast<double>(problem.candidates[c].value)));
  }
  return sum + value + problem.diversity * problem.length * problem.length;
}

}  // namespace

ListTerms::ListTerms(const ListProblem& of, ChooseScratch* scratch)
    : problem(&of), free_count(of.length - of.pin_count) {
  double* discounts_of = scratch->discounts;
  double* steps_of = scratch->steps;
  uint32_t free_rank = 0, pin = 0;
  for (uint32_t r = 0; r < of.length; ++r) {
    if (pin < of.pin_count && of.pins[pin].rank == r) {
      ++pin;
    } else {
      discounts_of[free_rank++] = of.discounts[r];
    }
  }
  steps_of[0] = steps_of[free_count] = 0;
  for (uint32_t r = 1; r < free_count; ++r) {
    steps_of[r] = discounts_of[r - 1] - discounts_of[r];
  }
  discounts = discounts_of;
  steps = steps_of;

  whole_groups = (1u << of.group_count) - 1;
  is_partition = of.diversity == 0;
  find_kinds(of, scratch, this);
  collect_rules(of, this);
  if (whole_groups != (1u << of.group_count) - 1) is_partition = false;
  if (each_count != 0) {
    // One family alone divides the candidates, too.
    const uint32_t family = eaches[0].family;
    for (uint32_t i = 1; i < each_count; ++i) {
      if (eaches[i].family != family) is_partition = false;
    }
    if (of.group_count != 0 || !has_single_values(of, family)) {
      is_partition = false;
    }
  }
  largest = largest_sum(of);
  tolerance = 1e-14 * largest + 2e-6 * of.diversity * of.length;
}

void find_free_entries(const ListProblem& problem, const uint32_t* list, uint32_t* entries) {
  uint32_t count = 0;
  for (uint32_t r = 0; r < problem.length; ++r) {
    bool is_pinned = false;
    for (uint32_t i = 0; i < problem.pin_count; ++i) {
      is_pinned = is_pinned || problem.pins[i].candidate == list[r];
    }
    if (is_pinned) continue;
    uint32_t hole = count++;
    for (; hole > 0 && entries[hole - 1] > list[r]; --hole) entries[hole] = entries[hole - 1];
    entries[hole] = list[r];
  }
}

}  // namespace pintle::internal
