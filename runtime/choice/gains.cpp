// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/gains.h"

#include <string.h>

#include "runtime/choice/arrange.h"

namespace pintle::internal {
namespace {

static_assert(PINTLE_LIST_RULES <= 32, "a bit for each rule");

bool holds(const uint32_t* entries, uint32_t count, uint32_t candidate) {
  for (uint32_t i = 0; i < count; ++i) {
    if (entries[i] == candidate) return true;
  }
  return false;
}

// Entries of one list that the other lacks, of those that come before `candidate`.
uint32_t count_apart(const uint32_t* list, const uint32_t* other, uint32_t length,
                     uint32_t candidate) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < length; ++i) {
    if (list[i] < candidate && !holds(other, length, list[i])) ++count;
  }
  return count;
}

uint32_t find_replaced(const ListProblem& problem, const uint32_t* list, uint32_t entry) {
  if (holds(problem.plain, problem.length, entry)) return kNoCandidate;
  const uint32_t place = count_apart(list, problem.plain, problem.length, entry);
  for (uint32_t i = 0; i < problem.length; ++i) {
    const uint32_t left = problem.plain[i];
    if (!holds(list, problem.length, left) &&
        count_apart(problem.plain, list, problem.length, left) == place) {
      return left;
    }
  }
  return kNoCandidate;
}

void find_misses(const ListProblem& problem, const uint32_t* list,
                 int64_t misses[PINTLE_LIST_RULES]) {
  memset(misses, 0, PINTLE_LIST_RULES * sizeof(int64_t));
  for (uint32_t i = 0; i < problem.range_count; ++i) {
    const RangeRule& rule = problem.ranges[i];
    misses[rule.rule] += rule.misses(fifteenths_of(problem, list, rule.group));
  }
  for (uint32_t i = 0; i < problem.each_count; ++i) {
    misses[problem.eaches[i].rule] += each_misses(problem, list, problem.eaches[i]);
  }
  for (uint32_t i = 0; i < problem.run_count; ++i) {
    for (uint32_t r = 0; r < problem.length; ++r) {
      misses[problem.runs[i].rule] += run_misses_at(problem, list, r, problem.runs[i]);
    }
  }
  for (uint32_t i = 0; i < problem.pin_count; ++i) {
    const Pin& pin = problem.pins[i];
    if (list[pin.rank] != pin.candidate) misses[pin.rule] += kWhole * misses_of_fifteenth(pin.rule);
  }
}

// The list with `replaced` for `entry`, in its best order.
void put_back(const ListProblem& problem, const uint32_t* list, uint32_t entry, uint32_t replaced,
              ChooseScratch* scratch, uint32_t* other) {
  ListProblem without = problem;
  without.pin_count = 0;
  for (uint32_t i = 0; i < problem.pin_count; ++i) {
    if (problem.pins[i].candidate != entry) without.pins[without.pin_count++] = problem.pins[i];
  }
  const ListTerms terms(without, scratch);
  uint32_t* entries = scratch->entries;
  for (uint32_t r = 0; r < problem.length; ++r) other[r] = list[r] == entry ? replaced : list[r];
  find_free_entries(without, other, entries);
  arrange(terms, entries, &scratch->arrange, other);
}

}  // namespace

EntryGain gain_of(const ListProblem& problem, const uint32_t* list, uint32_t rank,
                  ChooseScratch* scratch) {
  EntryGain gain = {find_replaced(problem, list, list[rank]), {}, 0, nullptr};
  if (gain.replaced == kNoCandidate) return gain;
  uint32_t* other = scratch->offered;
  put_back(problem, list, list[rank], gain.replaced, scratch, other);
  gain.other = other;
  gain.worth = worth_of(problem, list);
  const ListWorth less = worth_of(problem, other);
  gain.worth.expected_dcg -= less.expected_dcg;
  gain.worth.values -= less.values;
  gain.worth.diversity -= less.diversity;
  for (uint32_t g = 0; g < problem.group_count; ++g) gain.worth.groups[g] -= less.groups[g];
  int64_t now[PINTLE_LIST_RULES], then[PINTLE_LIST_RULES];
  find_misses(problem, list, now);
  find_misses(problem, other, then);
  for (uint32_t rule = 0; rule < PINTLE_LIST_RULES; ++rule) {
    if (then[rule] > now[rule]) gain.broken_rules |= 1u << rule;
  }
  return gain;
}

void find_got(const ListProblem& problem, const uint32_t* list, double got[PINTLE_LIST_RULES]) {
  for (uint32_t i = 0; i < problem.range_count; ++i) got[problem.ranges[i].rule] = 0;
  for (uint32_t i = 0; i < problem.range_count; ++i) {
    const RangeRule& rule = problem.ranges[i];
    const double entries = fifteenths_of(problem, list, rule.group) / static_cast<double>(kWhole);
    if (entries > got[rule.rule]) got[rule.rule] = entries;
  }
  for (uint32_t i = 0; i < problem.each_count; ++i) {
    // The smallest count that the list would keep.
    EachRule rule = problem.eaches[i];
    rule.count = 0;
    while (each_misses(problem, list, rule) != 0) ++rule.count;
    got[rule.rule] = rule.count;
  }
  for (uint32_t i = 0; i < problem.run_count; ++i) {
    RunRule rule = problem.runs[i];
    rule.count = 0;
    for (uint32_t r = 0; r < problem.length; ++r) {
      while (run_misses_at(problem, list, r, rule) != 0) ++rule.count;
    }
    got[rule.rule] = rule.count;
  }
  for (uint32_t i = 0; i < problem.pin_count; ++i) {
    const Pin& pin = problem.pins[i];
    got[pin.rule] = list[pin.rank] == pin.candidate ? pin.rank + 1 : 0;
  }
}

}  // namespace pintle::internal
