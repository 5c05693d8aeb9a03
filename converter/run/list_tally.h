// SPDX-License-Identifier: Apache-2.0
//
// What many people's top 10 hold and what they are worth, added up: one row of figures for each
// variant of the lists, and each person's own, for what compares people (bootstraps, medians).
#ifndef PINTLE_CONVERTER_RUN_LIST_TALLY_H_
#define PINTLE_CONVERTER_RUN_LIST_TALLY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Entries of every list that is measured.
inline constexpr size_t kTopTen = 10;
// A whole membership of an attribute (pintle_item_info.memberships).
inline constexpr uint32_t kWholeLevel = 15;

// A variant's lists, one entry a user who was counted, in the histories' order.
struct UserLists {
  std::vector<uint8_t> rank;  // of the held-out item, from 1; 0: not in the list
  std::vector<uint8_t>
      level;  // of the variant's attribute: the entries' memberships, in fifteenths
  std::vector<uint8_t> is_same;  // 1: the unsteered list, in its order
};

// The means over the lists of one variant.
struct ListMeasure {
  double ndcg = 0, hit_rate = 0;  // of each user's held-out last event
  double coverage = 0;            // share of the trained items that some list holds
  double overlap = 0;             // mean share of the unsteered list that stays
  std::vector<double> shares;     // by attribute: mean membership of the lists' entries
  double mean_value = 0;          // of item_values over the lists' items
  UserLists users;
};

// NDCG@10 of one held-out item: 1 / log2(rank + 1), 0 if the list lacks it.
double ndcg_of(uint8_t rank);

// An item's membership of an attribute in fifteenths, 0 to kWholeLevel.
uint32_t membership_of(const pintle_item_info& item, uint32_t attribute);

// Whether some item belongs to the attribute only in part. In a file where one attribute is so, all have
// memberships.
bool is_soft(const Model& model, uint32_t attribute);

// Leave-one-out: each user's last event is held out; users with fewer than two events do not count.
inline bool is_measured(const std::vector<uint32_t>& events) { return events.size() >= 2; }

class ListTally {
 public:
  // attributes: one a variant, whose levels UserLists tells; none: no levels. item_values: a number an
  // item, or empty. Both vectors and the histories outlive the tally.
  ListTally(const Model& model, const Histories& histories,
            const std::vector<std::optional<uint32_t>>& attributes,
            const std::vector<float>& item_values, size_t workers);

  // Items of a user's list under one variant, best first, and of the unsteered one. Of different
  // workers at once; each user and variant once at most. The means are over the users who were counted.
  void count(size_t variant, size_t user, size_t worker, const std::vector<uint32_t>& list,
             const std::vector<uint32_t>& base);

  // One measure a variant, the same whatever worker counted whom.
  std::vector<ListMeasure> result() const;

 private:
  // Sums over one worker's users.
  struct Sums {
    size_t kept = 0, base_items = 0, list_items = 0;
    std::vector<size_t> levels;     // by attribute, in fifteenths
    std::vector<bool> recommended;  // by item
  };
  ListMeasure measure(size_t variant, size_t trained) const;

  const Model model_;
  const pintle_model_info info_;
  const Histories& histories_;
  const std::vector<std::optional<uint32_t>>& attributes_;
  const std::vector<float>& item_values_;
  std::vector<UserLists> users_;             // [variant]; of all users, counted or not
  std::vector<std::vector<double>> values_;  // [variant][user]: sums of item_values
  std::vector<std::vector<Sums>> sums_;      // [worker][variant]
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_LIST_TALLY_H_
