// SPDX-License-Identifier: Apache-2.0
//
// Lists too large to try all: against a dynamic program over the candidates in order of score, whose state
// is the entries taken so far and the counts of the groups.
#include <doctest/doctest.h>

#include "runtime/choice/swap_search.h"
#include "tests/unit/random_lists.h"

namespace pintle {
using namespace pintle::test;
namespace {

// Whole groups, ranges and wishes alone.
Merit best_merit_by_counts(const ListProblem& problem) {
  const uint32_t k = problem.length, groups = problem.group_count;
  size_t states = 1;
  std::vector<size_t> strides;
  for (uint32_t g = 0; g < groups; ++g) {
    strides.push_back(states);
    states *= k + 1;
  }
  // dcg[r][counts]: the largest of r entries.
  std::vector<std::vector<double>> dcg(k + 1, std::vector<double>(states, -INFINITY));
  dcg[0][0] = 0;
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    const Candidate& candidate = problem.candidates[c];
    size_t step = 0;
    for (uint32_t g = 0; g < groups; ++g) step += candidate.levels[g] / 15 * strides[g];
    for (uint32_t r = std::min(c, k - 1) + 1; r-- > 0;) {
      const double gain = candidate.probability / std::log2(r + 2.0);
      for (size_t s = 0; s + step < states; ++s) {
        dcg[r + 1][s + step] = std::max(dcg[r + 1][s + step], dcg[r][s] + gain);
      }
    }
  }
  Merit best = {INT64_MAX, 0};
  for (size_t s = 0; s < states; ++s) {
    if (dcg[k][s] == -INFINITY) continue;
    Merit merit = {0, dcg[k][s]};
    std::vector<int32_t> levels;
    for (uint32_t g = 0; g < groups; ++g) {
      levels.push_back(static_cast<int32_t>(s / strides[g] % (k + 1)) * 15);
      const double reward = problem.groups[g].reward;
      const double gain = (levels[g] - problem.groups[g].plain) / 15.0 * (reward < 0 ? -1 : 1);
      merit.worth += std::abs(reward) * (gain <= 1 ? gain : std::sqrt(gain));
    }
    for (uint32_t i = 0; i < problem.range_count; ++i) {
      const RangeRule& rule = problem.ranges[i];
      merit.misses += (1024 + int64_t{PINTLE_LIST_RULES} - rule.rule) *
                      (std::max(0, rule.lowest - levels[rule.group]) +
                       std::max(0, levels[rule.group] - rule.highest));
    }
    if (merit.is_better(best)) best = merit;
  }
  return best;
}

struct Gaps {
  int proven = 0, worse = 0, missed_rules = 0, false_proofs = 0;
  int swaps_worse = 0, swaps_missed_rules = 0;  // of swaps alone
  double largest = 0, swaps_largest = 0;        // parts of the best worth lost
};

Gaps measure_gaps(const ListMix& mix, int cases, uint32_t seed,
                  Merit (*find_best)(const ListProblem&) = best_merit_by_counts) {
  std::mt19937 random(seed);
  Chooser chooser;
  Gaps gaps;
  for (int round = 0; round < cases; ++round) {
    const RandomList question(mix, &random);
    const ListProblem& problem = question.problem;
    const Merit best = find_best(problem);
    const Merit merit = merit_of(problem, chooser.choose(problem));
    gaps.proven += chooser.is_proven;
    if (best.is_better(merit, rounding(problem))) {
      ++gaps.worse;
      gaps.false_proofs += chooser.is_proven;
      if (best.misses < merit.misses) ++gaps.missed_rules;
      if (best.misses == merit.misses) {
        gaps.largest = std::max(gaps.largest, (best.worth - merit.worth) / best.worth);
      }
    }
    CHECK(!merit.is_better(best, rounding(problem)));

    if (find_best != best_merit_by_counts) continue;
    const ListTerms terms(problem, chooser.scratch());
    EntrySet set(terms, &chooser.scratch()->chosen, &chooser.scratch()->pairs);
    set.assign(question.plain.data());
    CHECK(SwapSearch(terms, &chooser.scratch()->swaps).climb(&set));
    const Merit by_swaps =
        merit_of(problem, std::vector<uint32_t>(set.entries(), set.entries() + problem.length));
    if (best.is_better(by_swaps, rounding(problem))) {
      ++gaps.swaps_worse;
      if (best.misses < by_swaps.misses) ++gaps.swaps_missed_rules;
      if (best.misses == by_swaps.misses) {
        gaps.swaps_largest =
            std::max(gaps.swaps_largest, (best.worth - by_swaps.worth) / best.worth);
      }
    }
  }
  MESSAGE("of " << cases << " lists of " << mix.length << " out of " << mix.candidates << ", "
                << mix.groups << " groups, " << mix.ranges << " ranges: " << gaps.proven
                << " proven, " << gaps.worse << " worse than the best, by " << 100 * gaps.largest
                << " % at most, " << gaps.missed_rules << " of them by rules; by swaps alone "
                << gaps.swaps_worse << ", " << 100 * gaps.swaps_largest << " %, "
                << gaps.swaps_missed_rules);
  return gaps;
}

ListMix ten_of(uint32_t candidates, uint32_t groups, uint32_t ranges) {
  ListMix mix;
  mix.least_candidates = mix.candidates = candidates;
  mix.length = 10;
  mix.groups = groups;
  mix.ranges = ranges;
  mix.spread = 4;
  return mix;
}

TEST_CASE("ten entries, overlapping groups: wishes") {
  for (uint32_t groups = 1; groups <= 3; ++groups) {
    const Gaps gaps = measure_gaps(ten_of(40, groups, 0), 300, 30 + groups);
    CHECK(gaps.false_proofs == 0);
    CHECK(gaps.worse == 0);
  }
  const Gaps gaps = measure_gaps(ten_of(40, 4, 0), 40, 34);
  CHECK(gaps.false_proofs == 0);
  CHECK(gaps.worse == 0);
}

TEST_CASE("ten entries, overlapping groups: wishes and ranges") {
  for (uint32_t groups = 1; groups <= 3; ++groups) {
    const Gaps gaps = measure_gaps(ten_of(40, groups, groups), 300, 40 + groups);
    CHECK(gaps.false_proofs == 0);
    CHECK(gaps.worse == 0);
  }
  const Gaps gaps = measure_gaps(ten_of(60, 4, 4), 40, 44);
  CHECK(gaps.false_proofs == 0);
  CHECK(gaps.worse == 0);
}

// More lists than are all gone through, few enough to be tried here.
TEST_CASE("caps, runs, diversity: against every list") {
  ListMix mix = ten_of(18, 2, 0);
  mix.length = 5;
  mix.eaches = 1;
  mix.least_each = 1;
  mix.family_size = 6;
  Gaps gaps = measure_gaps(mix, 60, 60, best_merit);
  CHECK(gaps.false_proofs == 0);
  CHECK(gaps.worse == 0);
  mix.ranges = 2;
  mix.values_each = 2;
  gaps = measure_gaps(mix, 60, 61, best_merit);
  CHECK(gaps.false_proofs == 0);
  CHECK(gaps.worse == 0);

  mix = ten_of(18, 1, 0);
  mix.length = 5;
  mix.is_diverse = true;
  gaps = measure_gaps(mix, 100, 62, best_merit);
  CHECK(gaps.false_proofs == 0);
  CHECK(gaps.worse <= 2);

  mix = ten_of(14, 2, 0);
  mix.length = 4;
  mix.runs = 2;
  gaps = measure_gaps(mix, 30, 63, best_merit);
  CHECK(gaps.false_proofs == 0);
  CHECK(gaps.worse == 0);
}

}  // namespace
}  // namespace pintle
