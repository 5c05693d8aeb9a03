// SPDX-License-Identifier: Apache-2.0
//
// A set of free entries, and what makes the change by a swap (one entry out, one candidate in) O(1).
//
// With the entries e_0, e_1, ... in order of score, probabilities p and discounts d, an entry of rank a that
// leaves for a candidate that comes before the entry e_j shifts those between them by one rank:
//   j > a    p_new d_(j-1) - p_a d_a + sum over a < i < j of p_i (d_(i-1) - d_i)
//   j <= a   p_new d_j - p_a d_a - sum over j <= i < a of p_i (d_i - d_(i+1))
// which are differences of the prefix sums `rises` and `falls`.
#ifndef PINTLE_RUNTIME_CHOICE_ENTRY_SET_H_
#define PINTLE_RUNTIME_CHOICE_ENTRY_SET_H_

#include "runtime/choice/terms.h"

namespace pintle::internal {

enum Place : uint8_t { kOutside, kInside, kPinned };

class EntrySet {
 public:
  // pairs: to keep what eaches need, too, and diversity if told to; or null.
  EntrySet(const ListTerms& terms, EntryBuffers* buffers, PairBuffers* pairs);

  // entries: [free_count] candidates, ascending, none of them pinned.
  void assign(const uint32_t* entries);
  // From now on swaps know of diversity.
  void count_distances();
  bool has_distances() const { return has_distances_; }
  // The entry of rank `leaver` leaves, `enterer` comes in before the entry of rank `position`.
  void swap(uint32_t leaver, uint32_t enterer, uint32_t position);

  const uint32_t* entries() const { return entries_; }
  // Entries that come before a candidate.
  uint32_t rank_of(uint32_t candidate) const {
    uint32_t low = 0, high = terms_.free_count;
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (entries_[middle] < candidate) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  Place place(uint32_t candidate) const { return static_cast<Place>(places_[candidate]); }
  // With pins.
  int32_t fifteenths(uint32_t group) const { return fifteenths_[group]; }
  int64_t range_misses() const {
    int64_t misses = 0;
    for (uint32_t i = 0; i < terms_.range_count; ++i) {
      misses += terms_.ranges[i].misses(fifteenths_[terms_.ranges[i].group]);
    }
    return misses;
  }

  double swap_dcg(uint32_t leaver, double probability, uint32_t position) const {
    const double out = terms_.candidate(entries_[leaver]).probability * terms_.discounts[leaver];
    return position > leaver ? probability * terms_.discounts[position - 1] - out +
                                   (rises_[position] - rises_[leaver + 1])
                             : probability * terms_.discounts[position] - out -
                                   (falls_[leaver] - falls_[position]);
  }
  // Misses of eaches that a candidate outside would add, or one inside saves by leaving.
  int64_t each_misses(uint32_t candidate) const { return has_costs() ? costs_[candidate] : 0; }
  // The same of a swap: less than the two alone, where they share a value.
  int64_t swap_each_misses(uint32_t leaver, uint32_t enterer) const {
    if (!has_costs()) return 0;
    const int64_t saved = costs_[entries_[leaver]];
    return costs_[enterer] == 0 ? -saved : swap_costs(leaver, enterer) - saved;
  }
  // Whether the two have a value in common that an each counts.
  bool share_values(uint32_t leaver, uint32_t enterer) const {
    return do_share_values(entries_[leaver], enterer);
  }
  // What a swap adds to the sum over pairs of 1 - cosine, and a bound of it that needs no cosine.
  double swap_distance(uint32_t leaver, uint32_t enterer) const {
    const float cosine = terms_.problem->cosine(entries_[leaver], enterer);
    return most_distance(leaver, enterer) - (1 - static_cast<double>(cosine));
  }
  double most_distance(uint32_t leaver, uint32_t enterer) const {
    return distances_[enterer] - distances_[entries_[leaver]];
  }

  // A value of which the set has as many entries as an each allows (but for 0), or more.
  struct FullValue {
    uint32_t each, value, count;
  };
  // Those found, [full_count()]; of a set that counts pairs.
  const FullValue* full_values() const { return full_; }
  uint32_t full_count() const { return full_count_; }

 private:
  // Of the whole list: free entries, then pins.
  uint32_t member(uint32_t m) const {
    return m < terms_.free_count ? entries_[m]
                                 : terms_.problem->pins[m - terms_.free_count].candidate;
  }
  bool has_costs() const { return costs_ != nullptr && terms_.each_count != 0; }
  bool do_share_values(uint32_t a, uint32_t b) const;
  // Entries of a value if the set has as many as rule `each` allows, or more; else 0. Not for a rule of 0.
  uint32_t count_if_full(uint32_t each, uint32_t value) const;
  void find_full();
  void find_full(uint32_t each, uint32_t value, uint32_t place);
  int64_t find_each_misses(uint32_t candidate) const;
  // What the enterer costs, less what it does not where it takes a leaver's place of the same value.
  int64_t swap_costs(uint32_t leaver, uint32_t enterer) const;
  void find_sums();
  void find_costs();

  const ListTerms& terms_;
  bool has_distances_ = false;
  uint8_t* places_;
  uint32_t* entries_;
  double *rises_, *falls_;
  int64_t* costs_;
  // Where there are more full values, they are counted each time.
  static constexpr uint32_t kMaxFull = 64;
  FullValue full_[kMaxFull];
  uint32_t full_count_ = 0;
  bool has_all_full_ = true;
  double* distances_;
  int32_t fifteenths_[kMaxGroups];
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_ENTRY_SET_H_
