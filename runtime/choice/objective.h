// SPDX-License-Identifier: Apache-2.0
//
// What makes one list better than another, once a request's wishes and rules are numbers.
//
// A list L of `length` candidates is worth
//
//   sum over its ranks r of p(L_r) d_r, d_r = 1 / log2(r + 1), r from 1      its expected DCG
//   + sum over groups of |reward| g(+-(x(L) - x(plain list)))                 wishes for (+) and against (-)
//   + sum over its entries of their own value                                wishes for items
//   + diversity * sum over its pairs of (1 - cosine)
//
// x(L) is the sum of the entries' memberships. g(x) = x up to 1 and sqrt(x) above: concave on the whole
// line (slopes 1, then 1 / (2 sqrt(x)) <= 1/2), equal to sqrt(x) on whole numbers, and without sqrt's
// infinite slope at 0, by which a membership of a fifteenth would outweigh any probability.
//
// Rules come first: of two lists the one whose violation is smaller is better, whatever they are worth.
// Entries are ordered best score first, but for pins, which have their ranks, and runs.
#ifndef PINTLE_RUNTIME_CHOICE_OBJECTIVE_H_
#define PINTLE_RUNTIME_CHOICE_OBJECTIVE_H_

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pintle/pintle.h"
#include "runtime/kernels/kernels.h"

namespace pintle::internal {

// Groups of candidates: the attributes that one call's wishes and rules name, freshness among them, and of
// capped families the attributes that the candidates have more of than the cap lets in.
inline constexpr uint32_t kMaxGroups = 16;
// Groups of attributes that rules *_EACH name.
inline constexpr uint32_t kMaxFamilies = PINTLE_LIST_GROUPS;
// Of one rule there may be several.
inline constexpr uint32_t kMaxRanges = PINTLE_LIST_RULES + kMaxGroups;
// A whole membership. Memberships are whole fifteenths, so that their sums are exact.
inline constexpr int32_t kWhole = 15;

// An item's attributes within one family: `count` of ListProblem's values from `first` on, ascending.
struct FamilyValues {
  uint32_t first, count;
};
// An order of lists of values, as memcmp's: fewer come first, then it is that of their bytes.
inline int compare_value_lists(const uint32_t* a, uint32_t a_count, const uint32_t* b,
                               uint32_t b_count) {
  if (a_count != b_count) return a_count < b_count ? -1 : 1;
  return a_count == 0 ? 0 : memcmp(a, b, a_count * sizeof(uint32_t));  // which takes no null
}

struct Candidate {
  uint32_t item;
  float score;                 // what the order goes by: the network's, and exploration's noise
  double probability;          // of that score
  float value;                 // of the item itself: PINTLE_WISH_ITEM
  uint8_t levels[kMaxGroups];  // memberships in fifteenths; 0 past group_count
  FamilyValues families[kMaxFamilies];
};

// Better: the higher score; of equal ones the lower item. As in every list.
inline bool ranks_before(const Candidate& a, const Candidate& b) {
  return a.score > b.score || (a.score == b.score && a.item < b.item);
}

inline double concave_gain(double items) { return items <= 1 ? items : sqrt(items); }

// A group's wish. reward: of the first item gained (> 0) or lost (< 0); 0: rules alone name the group.
struct GroupWish {
  double reward;
  int32_t plain;  // fifteenths in the plain list
};
inline double group_reward(const GroupWish& wish, int32_t fifteenths) {
  if (wish.reward == 0) return 0;
  const double gain = (fifteenths - wish.plain) / static_cast<double>(kWhole);
  return wish.reward > 0 ? wish.reward * concave_gain(gain) : -wish.reward * concave_gain(-gain);
}

// How far a list misses its rules, in whole numbers, so that lists compare exactly: a fifteenth of an
// entry that rule i misses counts 1024 + PINTLE_LIST_RULES - i, the earlier rule a little more.
inline int64_t misses_of_fifteenth(uint32_t rule) {
  return 1024 + static_cast<int64_t>(PINTLE_LIST_RULES) - rule;
}
// The same in entries.
inline double violation_of(int64_t misses) { return static_cast<double>(misses) / (kWhole * 1024); }

// The list's fifteenths of a group lie between the bounds. rule: its place in pintle_wishes.rules.
struct RangeRule {
  uint32_t group;
  int32_t lowest, highest;
  uint32_t rule;

  int64_t misses(int32_t fifteenths) const {
    const int32_t by = fifteenths < lowest    ? lowest - fifteenths
                       : fifteenths > highest ? fifteenths - highest
                                              : 0;
    return by * misses_of_fifteenth(rule);
  }
};
// Of each attribute of the family at most `count` entries.
struct EachRule {
  uint32_t family, count, rule;
};
// At most `count` entries in a row of the group (memberships above 0), or, with a family, of any of its
// attributes. A list whose entries cannot be put so violates it by one entry for each that is too many.
struct RunRule {
  bool is_family;
  uint32_t index;  // of the group or family
  uint32_t count, rule;
};
struct Pin {
  uint32_t candidate;
  uint32_t rank;  // from 0
  uint32_t rule;
};

// One call's question. All arrays outlive it.
struct ListProblem {
  const Candidate* candidates;  // by ranks_before; pinned ones among them
  uint32_t candidate_count;
  // The candidates' attributes in families: in two arrays, the numbers of the second beginning at value_count.
  const uint32_t* values;
  uint32_t value_count;
  const uint32_t* more_values;
  uint32_t length;          // entries, <= candidate_count
  const double* discounts;  // [length]: d_r
  const uint32_t* plain;    // [length] candidates: the list without wishes and rules, in its order
  const uint32_t*
      start;  // [length] candidates, pins among them: where to begin; null: with `plain`
  GroupWish groups[kMaxGroups];
  uint32_t group_count;
  RangeRule ranges[kMaxRanges];
  uint32_t range_count;
  EachRule eaches[PINTLE_LIST_RULES];
  uint32_t each_count;
  RunRule runs[PINTLE_LIST_RULES];
  uint32_t run_count;
  Pin pins[PINTLE_LIST_RULES];  // by ascending rank, each below length, no rank or candidate twice
  uint32_t pin_count;
  // Weight of a pair's 1 - cosine; 0: none, and no vectors.
  double diversity;
  // For it: [candidate_count][dim], and one over their lengths, 0 of a vector of zeros, which is like no other.
  const float* vectors;
  const float* inverse_norms;
  float* vector_sum;  // [dim]: written
  uint32_t dim;
  const KernelTable* kernels;
  // Whether every item that could be in a best list is a candidate.
  bool has_all_candidates;

  const uint32_t* values_of(const FamilyValues& own) const {
    return own.first < value_count ? values + own.first : more_values + (own.first - value_count);
  }
  int compare(const FamilyValues& a, const FamilyValues& b) const {
    return compare_value_lists(values_of(a), a.count, values_of(b), b.count);
  }
  const float* vector(uint32_t candidate) const { return vectors + size_t{candidate} * dim; }
  float cosine(uint32_t a, uint32_t b) const {
    const float scale = inverse_norms[a] * inverse_norms[b];
    return scale == 0 ? 0 : fminf(kernels->dot_f32(vector(a), vector(b), dim) * scale, 1.0f);
  }
};

inline bool has_value(const ListProblem& problem, uint32_t candidate, uint32_t family,
                      uint32_t value) {
  const FamilyValues& own = problem.candidates[candidate].families[family];
  for (uint32_t i = 0; i < own.count; ++i) {
    if (problem.values_of(own)[i] == value) return true;
  }
  return false;
}

// The parts of a list's worth.
struct ListWorth {
  double expected_dcg, groups[kMaxGroups], values, diversity;
  double sum(uint32_t group_count) const {
    double total = expected_dcg + values + diversity;
    for (uint32_t g = 0; g < group_count; ++g) total += groups[g];
    return total;
  }
};

// entries: [length] candidates in the list's order.
ListWorth worth_of(const ListProblem& problem, const uint32_t* entries);
// What a set misses of ranges and eaches, in any order. Pins are always kept.
int64_t each_misses(const ListProblem& problem, const uint32_t* entries, const EachRule& rule);
int64_t set_misses(const ListProblem& problem, const uint32_t* entries);
// What this order misses of runs.
int64_t run_misses(const ListProblem& problem, const uint32_t* entries);
// What entry `rank` adds to that: one entry for each run that its predecessors already fill.
int64_t run_misses_at(const ListProblem& problem, const uint32_t* entries, uint32_t rank);
int64_t run_misses_at(const ListProblem& problem, const uint32_t* entries, uint32_t rank,
                      const RunRule& rule);
// What the list has of a rule's subject.
int32_t fifteenths_of(const ListProblem& problem, const uint32_t* entries, uint32_t group);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_OBJECTIVE_H_
