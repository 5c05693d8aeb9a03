// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>

#include "runtime/choice/choose.h"
#include "tests/unit/random_lists.h"

namespace pintle {
using namespace pintle::test;
namespace {

// Every list must be as good as the best of all, and hold what it must.
void check_against_all_lists(const ListMix& mix, int cases, uint32_t seed) {
  std::mt19937 random(seed);
  Chooser chooser;
  int proven = 0, worse = 0, unfit = 0, violated = 0;
  for (int round = 0; round < cases; ++round) {
    const RandomList question(mix, &random);
    const ListProblem& problem = question.problem;
    const std::vector<uint32_t> list = chooser.choose(problem);
    if (std::set<uint32_t>(list.begin(), list.end()).size() != problem.length) ++unfit;
    for (uint32_t i = 0; i < problem.pin_count; ++i) {
      if (list[problem.pins[i].rank] != problem.pins[i].candidate) ++unfit;
    }
    const Merit merit = merit_of(problem, list), best = best_merit(problem);
    if (chooser.violation != static_cast<double>(merit.misses) / 15 / 1024) ++unfit;
    if (best.is_better(merit, rounding(problem))) {
      if (worse++ == 0)
        MESSAGE("first worse at round " << round << ", misses " << merit.misses << " for "
                                        << best.misses << ", worth " << merit.worth << " for "
                                        << best.worth);
    }
    proven += chooser.is_proven;
    violated += best.misses != 0;
  }
  CHECK(unfit == 0);
  CHECK(worse == 0);
  // So small, every one is searched to the end.
  CHECK(proven == cases);
  MESSAGE(violated << " of " << cases << " cannot keep their rules");
}

TEST_CASE("one group") {
  ListMix mix;
  mix.groups = 1;
  check_against_all_lists(mix, 10000, 1);
}

TEST_CASE("groups that share no candidate") {
  ListMix mix;
  mix.groups = 4;
  mix.is_disjoint = true;
  mix.ranges = 2;
  check_against_all_lists(mix, 10000, 2);
}

TEST_CASE("overlapping groups, for and against") {
  ListMix mix;
  for (mix.groups = 2; mix.groups <= 4; ++mix.groups) {
    check_against_all_lists(mix, 4000, 10 + mix.groups);
  }
}

TEST_CASE("soft groups") {
  ListMix mix;
  mix.groups = 2;
  mix.is_soft = true;
  check_against_all_lists(mix, 10000, 3);
  mix.ranges = 3;
  check_against_all_lists(mix, 5000, 4);
}

TEST_CASE("a soft group alone: freshness") {
  ListMix mix;
  mix.groups = 1;
  mix.is_soft = true;
  check_against_all_lists(mix, 10000, 5);
}

TEST_CASE("items of a value") {
  ListMix mix;
  mix.groups = 2;
  mix.has_values = true;
  check_against_all_lists(mix, 10000, 6);
}

TEST_CASE("ranges of overlapping groups, some of which cannot hold") {
  ListMix mix;
  mix.groups = 3;
  mix.ranges = 4;
  check_against_all_lists(mix, 10000, 7);
  mix.has_wishes = false;
  check_against_all_lists(mix, 10000, 8);
}

TEST_CASE("caps of each attribute, one or several an item") {
  ListMix mix;
  mix.eaches = 1;
  check_against_all_lists(mix, 10000, 9);
  mix.eaches = 2;
  mix.values_each = 3;
  mix.family_size = 6;
  check_against_all_lists(mix, 10000, 20);
  mix.groups = 2;
  check_against_all_lists(mix, 10000, 21);
}

TEST_CASE("pins") {
  ListMix mix;
  mix.groups = 2;
  mix.ranges = 2;
  mix.pins = 3;
  check_against_all_lists(mix, 10000, 22);
}

TEST_CASE("runs") {
  ListMix mix;
  mix.candidates = 8;
  mix.length = 4;
  mix.groups = 2;
  mix.runs = 2;
  check_against_all_lists(mix, 10000, 23);
  mix.values_each = 2;
  mix.family_size = 4;
  mix.pins = 2;
  check_against_all_lists(mix, 5000, 24);
  mix.candidates = 12;
  mix.length = 5;
  check_against_all_lists(mix, 100, 25);
}

TEST_CASE("diversity") {
  ListMix mix;
  mix.groups = 1;
  mix.is_diverse = true;
  check_against_all_lists(mix, 10000, 26);
}

TEST_CASE("everything at once") {
  ListMix mix;
  mix.candidates = 8;
  mix.length = 4;
  mix.groups = 3;
  mix.is_soft = true;
  mix.has_values = true;
  mix.ranges = mix.eaches = mix.runs = mix.pins = 2;
  mix.values_each = 2;
  mix.family_size = 4;
  check_against_all_lists(mix, 5000, 27);
  mix.is_diverse = true;
  check_against_all_lists(mix, 5000, 28);
}

}  // namespace
}  // namespace pintle
