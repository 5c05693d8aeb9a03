// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "runtime/choice/gains.h"
#include "tests/unit/random_lists.h"

namespace pintle {
using namespace pintle::test;
namespace {

bool contains(const std::vector<uint32_t>& list, uint32_t candidate) {
  return std::find(list.begin(), list.end(), candidate) != list.end();
}

// The best of the lists that have `in` for `out`, without the pin of `out`: by trying them.
Merit merit_without(const ListProblem& problem, const std::vector<uint32_t>& list, uint32_t out,
                    uint32_t in) {
  ListProblem alone = problem;
  alone.pin_count = 0;
  std::vector<uint32_t> set;
  for (const uint32_t c : list) set.push_back(c == out ? in : c);
  std::sort(set.begin(), set.end());
  for (uint32_t i = 0; i < problem.pin_count; ++i) {
    if (problem.pins[i].candidate == out) continue;
    alone.pins[alone.pin_count++] = problem.pins[i];
    set.erase(std::find(set.begin(), set.end(), problem.pins[i].candidate));
  }
  Merit best = {INT64_MAX, 0};
  do {
    std::vector<uint32_t> order = set;
    for (uint32_t i = 0; i < alone.pin_count; ++i) {
      order.insert(order.begin() + alone.pins[i].rank, alone.pins[i].candidate);
    }
    const Merit merit = merit_of(alone, order);
    if (merit.is_better(best)) best = merit;
  } while (problem.run_count != 0 && std::next_permutation(set.begin(), set.end()));
  return best;
}

TEST_CASE("what left for an entry, and what the entry gains") {
  ListMix mix;
  mix.candidates = 9;
  mix.length = 5;
  mix.groups = 2;
  mix.has_values = true;
  mix.is_diverse = true;
  mix.ranges = mix.eaches = mix.runs = 1;
  mix.pins = 2;
  std::mt19937 random(50);
  Chooser chooser;
  int entered = 0, below_zero = 0;
  for (int round = 0; round < 2000; ++round) {
    const RandomList question(mix, &random);
    const ListProblem& problem = question.problem;
    const std::vector<uint32_t> list = chooser.choose(problem);
    const Merit merit = merit_of(problem, list);
    std::vector<uint32_t> in, out;
    for (const uint32_t c : list) {
      if (!contains(question.plain, c)) in.push_back(c);
    }
    for (const uint32_t c : question.plain) {
      if (!contains(list, c)) out.push_back(c);
    }
    std::sort(in.begin(), in.end());
    for (uint32_t r = 0; r < problem.length; ++r) {
      const EntryGain gain = gain_of(problem, list.data(), r, chooser.scratch());
      const auto place = std::find(in.begin(), in.end(), list[r]) - in.begin();
      if (place == static_cast<long>(in.size())) {
        CHECK(gain.replaced == kNoCandidate);
        CHECK(gain.worth.sum(problem.group_count) == 0);
        CHECK(gain.broken_rules == 0);
        continue;
      }
      ++entered;
      REQUIRE(gain.replaced == out[static_cast<size_t>(place)]);
      const Merit without = merit_without(problem, list, list[r], gain.replaced);
      const double sum = gain.worth.sum(problem.group_count);
      // Cosines are f32: see rounding().
      const double tolerance = problem.diversity == 0 ? 1e-12 : rounding(problem);
      CHECK(std::abs(sum - (merit.worth - without.worth)) < tolerance);
      // What costs worth, a rule needs.
      const bool is_pinned = std::any_of(problem.pins, problem.pins + problem.pin_count,
                                         [&](const Pin& pin) { return pin.candidate == list[r]; });
      if (without.misses > merit.misses) CHECK(gain.broken_rules != 0);
      if (sum < -tolerance) {
        ++below_zero;
        CHECK(gain.broken_rules != 0);
      }
      for (uint32_t i = 0; i < problem.pin_count && is_pinned; ++i) {
        if (problem.pins[i].candidate == list[r]) {
          CHECK((gain.broken_rules >> problem.pins[i].rule & 1) == 1);
        }
      }
    }
  }
  CHECK(entered > 1000);
  CHECK(below_zero > 100);
}

TEST_CASE("what a list has of each rule") {
  // Two of artist 7, one of artist 8; ranks 1 and 2 of the group.
  const uint32_t values[] = {7, 7, 8};
  Candidate candidates[4] = {};
  for (uint32_t c = 0; c < 4; ++c) {
    candidates[c].item = c;
    candidates[c].score = 4.0f - static_cast<float>(c);
  }
  candidates[0].levels[0] = 15;
  candidates[1].levels[0] = 3;
  candidates[0].families[0] = {0, 1};
  candidates[2].families[0] = {1, 1};
  candidates[3].families[0] = {2, 1};
  const double discounts[] = {1, 0.6, 0.5, 0.4};
  ListProblem problem = {};
  problem.candidates = candidates;
  problem.candidate_count = problem.length = 4;
  problem.values = values;
  problem.value_count = static_cast<uint32_t>(sizeof(values) / sizeof(values[0]));
  problem.discounts = discounts;
  problem.group_count = 1;
  problem.range_count = problem.each_count = problem.pin_count = 1;
  problem.run_count = 2;
  problem.ranges[0] = {0, 15, 60, 3};
  problem.eaches[0] = {0, 1, 1};
  problem.runs[0] = {false, 0, 1, 4};
  problem.runs[1] = {true, 0, 1, 0};
  problem.pins[0] = {3, 3, 2};
  const uint32_t list[] = {0, 1, 2, 3};
  double got[PINTLE_LIST_RULES] = {};
  find_got(problem, list, got);
  CHECK(got[3] == 1.2);
  CHECK(got[1] == 2);
  CHECK(got[4] == 2);
  CHECK(got[0] == 1);
  CHECK(got[2] == 4);
  CHECK(set_misses(problem, list) == 15 * misses_of_fifteenth(1));
  CHECK(run_misses(problem, list) == 15 * misses_of_fifteenth(4));
}

}  // namespace
}  // namespace pintle
