// SPDX-License-Identifier: Apache-2.0
//
// Random questions for choose_list, and the answer by trying every list, straight from the formulas of
// runtime/choice/objective.h.
#ifndef PINTLE_TESTS_UNIT_RANDOM_LISTS_H_
#define PINTLE_TESTS_UNIT_RANDOM_LISTS_H_

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "runtime/choice/choose.h"

namespace pintle::test {
using namespace pintle::internal;

// What a random question may have; counts are the most of each.
struct ListMix {
  uint32_t least_candidates = 1, candidates = 12, length = 5;
  uint32_t groups = 0;  // exactly so many
  bool is_disjoint = false, is_soft = false, has_wishes = true, has_values = false;
  uint32_t ranges = 0, eaches = 0, runs = 0, pins = 0;
  uint32_t values_each = 1;  // of an item within a family, at most
  uint32_t family_size = 3;  // values in all
  uint32_t least_each = 0;
  bool is_diverse = false;
  double spread = 2;  // of scores
};

// A ListProblem and its arrays.
struct RandomList {
  RandomList(const ListMix& mix, std::mt19937* random);
  RandomList(const RandomList&) = delete;

  std::vector<Candidate> candidates;
  std::vector<uint32_t> values, plain;
  std::vector<double> discounts;
  static constexpr uint32_t kVectorDim = 5;
  std::vector<float> vectors, inverse_norms, vector_sum;
  internal::KernelTable kernels = {};
  ListProblem problem = {};
};

inline RandomList::RandomList(const ListMix& mix, std::mt19937* random) {
  const auto below = [random](uint32_t n) { return static_cast<uint32_t>((*random)() % n); };
  const auto unit = [random] { return static_cast<double>((*random)() % (1u << 24)) / (1u << 24); };
  const uint32_t n = mix.least_candidates + below(mix.candidates - mix.least_candidates + 1);
  const uint32_t k =
      mix.least_candidates == mix.candidates ? mix.length : 1 + below(std::min(mix.length, n));
  for (uint32_t c = 0; c < n; ++c) {
    Candidate candidate = {};
    candidate.item = 3 * c + below(3);
    // Some scores are equal.
    candidate.score = static_cast<float>(mix.spread * (below(8) == 0 ? 0.5 : unit()));
    candidate.probability = std::exp(static_cast<double>(candidate.score)) / 100;
    if (mix.has_values && below(3) == 0) {
      candidate.value = static_cast<float>((unit() - 0.5) * 0.1);
    }
    for (uint32_t g = 0; g < mix.groups; ++g) {
      if (mix.is_disjoint) continue;
      if (below(3) == 0) {
        candidate.levels[g] = static_cast<uint8_t>(mix.is_soft ? 1 + below(kWhole) : kWhole);
      }
    }
    if (mix.is_disjoint && below(3) != 0) candidate.levels[below(mix.groups)] = kWhole;
    for (FamilyValues& own : candidate.families) {
      own.first = static_cast<uint32_t>(values.size());
      if (below(8) == 0) continue;
      std::set<uint32_t> drawn;
      for (uint32_t v = 1 + below(mix.values_each); v > 0; --v)
        drawn.insert(below(mix.family_size));
      own.count = static_cast<uint32_t>(drawn.size());
      values.insert(values.end(), drawn.begin(), drawn.end());
    }
    candidates.push_back(candidate);
  }
  std::sort(candidates.begin(), candidates.end(), ranks_before);
  for (uint32_t r = 0; r < k; ++r) {
    discounts.push_back(1 / std::log2(r + 2));
    plain.push_back(r);
  }
  problem.candidates = candidates.data();
  problem.candidate_count = n;
  problem.values = values.data();
  problem.value_count = static_cast<uint32_t>(values.size());
  problem.length = k;
  problem.discounts = discounts.data();
  problem.plain = plain.data();
  problem.group_count = mix.groups;
  for (uint32_t g = 0; g < mix.groups; ++g) {
    for (const uint32_t c : plain) problem.groups[g].plain += candidates[c].levels[g];
    if (mix.has_wishes && below(4) != 0) {
      problem.groups[g].reward = (unit() - 0.5) * 0.1 * (below(4) == 0 ? 10 : 1);
    }
  }
  uint32_t rule = 0;
  while (problem.range_count < mix.ranges && below(8) != 0) {
    const int32_t a = kWhole * static_cast<int32_t>(below(k + 1));
    const int32_t b = kWhole * static_cast<int32_t>(below(k + 1));
    const int32_t all = kWhole * static_cast<int32_t>(k);
    const uint32_t kind = below(4);
    const RangeRule range = {below(mix.groups), kind == 0 ? 0 : std::min(a, b),
                             kind == 0   ? b
                             : kind == 1 ? all
                             : kind == 2 ? std::min(a, b)
                                         : std::max(a, b),
                             rule++};
    problem.ranges[problem.range_count++] = range;
  }
  while (problem.each_count < mix.eaches && below(8) != 0) {
    problem.eaches[problem.each_count++] = {below(kMaxFamilies), mix.least_each + below(3), rule++};
  }
  while (problem.run_count < mix.runs && below(8) != 0) {
    const bool is_family = mix.groups == 0 || below(2) == 0;
    problem.runs[problem.run_count++] = {is_family, below(is_family ? kMaxFamilies : mix.groups),
                                         1 + below(2), rule++};
  }
  for (uint32_t rank = 0; rank < k && problem.pin_count < mix.pins; ++rank) {
    if (below(3) != 0) continue;
    const uint32_t c = below(n);
    bool is_pinned = false;
    for (uint32_t i = 0; i < problem.pin_count; ++i) {
      if (problem.pins[i].candidate == c) is_pinned = true;
    }
    if (!is_pinned) problem.pins[problem.pin_count++] = {c, rank, rule++};
  }
  if (mix.is_diverse) {
    problem.diversity = unit() * 0.05;
    for (uint32_t c = 0; c < n; ++c) {
      double square = 0;
      const bool is_zero = below(12) == 0;
      for (uint32_t d = 0; d < kVectorDim; ++d) {
        vectors.push_back(is_zero ? 0.0f : static_cast<float>(2 * unit() - 1));
        square += double{vectors.back()} * vectors.back();
      }
      inverse_norms.push_back(is_zero ? 0.0f : static_cast<float>(1 / std::sqrt(square)));
    }
    vector_sum.resize(kVectorDim);
    internal::init_scalar(&kernels);
    problem.vectors = vectors.data();
    problem.inverse_norms = inverse_norms.data();
    problem.vector_sum = vector_sum.data();
    problem.dim = kVectorDim;
    problem.kernels = &kernels;
  }
  problem.has_all_candidates = true;
}

// A list's merit, by the formulas.
struct Merit {
  int64_t misses = 0;  // fifteenths * (1024 + rules - rule)
  double worth = 0;
  bool is_better(const Merit& other, double tolerance = 0) const {
    return misses < other.misses || (misses == other.misses && worth > other.worth + tolerance);
  }
};
inline double cosine_of(const ListProblem& problem, uint32_t a, uint32_t b) {
  double product = 0, a_square = 0, b_square = 0;
  for (uint32_t d = 0; d < problem.dim; ++d) {
    const double x = static_cast<double>(problem.vector(a)[d]);
    const double y = static_cast<double>(problem.vector(b)[d]);
    product += x * y;
    a_square += x * x;
    b_square += y * y;
  }
  return product == 0 ? 0 : product / std::sqrt(a_square * b_square);
}
inline Merit merit_of(const ListProblem& problem, const std::vector<uint32_t>& list) {
  Merit merit;
  const auto weight = [](uint32_t rule) {
    return int64_t{1024} + int64_t{PINTLE_LIST_RULES} - rule;
  };
  const auto levels = [&](uint32_t group) {
    int32_t sum = 0;
    for (const uint32_t c : list) sum += problem.candidates[c].levels[group];
    return sum;
  };
  for (size_t r = 0; r < list.size(); ++r) {
    const Candidate& entry = problem.candidates[list[r]];
    merit.worth += entry.probability / std::log2(static_cast<double>(r) + 2) +
                   static_cast<double>(entry.value);
    for (size_t s = 0; s < r && problem.diversity != 0; ++s) {
      merit.worth += problem.diversity * (1 - cosine_of(problem, list[r], list[s]));
    }
  }
  for (uint32_t g = 0; g < problem.group_count; ++g) {
    const double reward = problem.groups[g].reward;
    const double gain = (levels(g) - problem.groups[g].plain) / 15.0 * (reward < 0 ? -1 : 1);
    merit.worth += std::abs(reward) * (gain <= 1 ? gain : std::sqrt(gain));
  }
  for (uint32_t i = 0; i < problem.range_count; ++i) {
    const RangeRule& rule = problem.ranges[i];
    const int32_t sum = levels(rule.group);
    merit.misses +=
        weight(rule.rule) * (std::max(0, rule.lowest - sum) + std::max(0, sum - rule.highest));
  }
  for (uint32_t i = 0; i < problem.each_count; ++i) {
    std::map<uint32_t, int64_t> counts;
    for (const uint32_t c : list) {
      const FamilyValues& own = problem.candidates[c].families[problem.eaches[i].family];
      for (uint32_t v = 0; v < own.count; ++v) ++counts[problem.values[own.first + v]];
    }
    for (const auto& value : counts) {
      merit.misses += 15 * weight(problem.eaches[i].rule) *
                      std::max<int64_t>(0, value.second - problem.eaches[i].count);
    }
  }
  for (uint32_t i = 0; i < problem.run_count; ++i) {
    const RunRule& rule = problem.runs[i];
    std::map<uint32_t, int64_t> now;  // entries in a row so far, of each value
    for (const uint32_t c : list) {
      std::map<uint32_t, int64_t> next;
      const Candidate& entry = problem.candidates[c];
      if (!rule.is_family) {
        if (entry.levels[rule.index] > 0) next[0] = now[0] + 1;
      } else {
        const FamilyValues& own = entry.families[rule.index];
        for (uint32_t v = 0; v < own.count; ++v) {
          const uint32_t value = problem.values[own.first + v];
          next[value] = now[value] + 1;
        }
      }
      for (const auto& value : next) {
        if (value.second > rule.count) merit.misses += 15 * weight(rule.rule);
      }
      now = next;
    }
  }
  return merit;
}

// The best merit of all lists: every set with the pins, in order of score or, under runs, in every order.
inline Merit best_merit(const ListProblem& problem) {
  std::vector<uint32_t> others;
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    bool is_pinned = false;
    for (uint32_t i = 0; i < problem.pin_count; ++i) {
      if (problem.pins[i].candidate == c) is_pinned = true;
    }
    if (!is_pinned) others.push_back(c);
  }
  const uint32_t free_count = problem.length - problem.pin_count;
  std::vector<bool> is_in(others.size(), false);
  std::fill_n(is_in.begin(), free_count, true);
  Merit best = {INT64_MAX, 0};
  do {
    std::vector<uint32_t> set;
    for (size_t i = 0; i < others.size(); ++i) {
      if (is_in[i]) set.push_back(others[i]);
    }
    do {
      std::vector<uint32_t> list = set;
      for (uint32_t i = 0; i < problem.pin_count; ++i) {  // ascending ranks
        list.insert(list.begin() + problem.pins[i].rank, problem.pins[i].candidate);
      }
      const Merit merit = merit_of(problem, list);
      if (merit.is_better(best)) best = merit;
    } while (problem.run_count != 0 && std::next_permutation(set.begin(), set.end()));
  } while (std::prev_permutation(is_in.begin(), is_in.end()));
  return best;
}

// choose_list with scratch of its own.
class Chooser {
 public:
  std::vector<uint32_t> choose(const ListProblem& problem) {
    std::vector<uint32_t> entries(problem.length);
    ListChoice choice = {entries.data(), false, 0};
    choose_list(problem, scratch_.get(), &choice);
    is_proven = choice.is_proven;
    violation = choice.violation;
    return entries;
  }
  ChooseScratch* scratch() { return scratch_.get(); }

  bool is_proven = false;
  double violation = 0;

 private:
  // Filled with what nothing may rely on: zeros would hide what is read before it is written.
  static std::unique_ptr<ChooseScratch> filled() {
    auto scratch = std::make_unique<ChooseScratch>();
    std::memset(static_cast<void*>(scratch.get()), 0xa5, sizeof(ChooseScratch));
    return scratch;
  }
  std::unique_ptr<ChooseScratch> scratch_ = filled();
};

// What rounding may change of a worth: of its largest parts.
inline double rounding(const ListProblem& problem) {
  double sum = problem.candidates[0].probability * problem.length;
  for (uint32_t g = 0; g < problem.group_count; ++g) sum += std::abs(problem.groups[g].reward);
  // Diversity is summed up in f32.
  return 1e-12 * sum + 4e-6 * problem.diversity * problem.length;
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_UNIT_RANDOM_LISTS_H_
