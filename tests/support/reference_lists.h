// SPDX-License-Identifier: Apache-2.0
//
// Lists under wishes and rules as pintle.h describes them, in double precision and from scores alone: what
// any list is worth, what it misses, and the best of all lists by trying each. The oracle for lists.
#ifndef PINTLE_TESTS_SUPPORT_REFERENCE_LISTS_H_
#define PINTLE_TESTS_SUPPORT_REFERENCE_LISTS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "support/tiny_models.h"

namespace pintle::test {

// Of a list. misses: fifteenths of an entry, those of rule i times 1024 + PINTLE_LIST_RULES - i.
struct ListMerit {
  int64_t misses = 0;
  double worth = 0;  // its objective

  bool is_better(const ListMerit& other, double tolerance = 0) const {
    return misses < other.misses || (misses == other.misses && worth > other.worth + tolerance);
  }
};

// The parts of the objective by what pintle_reason.source calls them; and of expected DCG both, by the
// network's own probabilities and with exploration's noise.
struct ListParts {
  double own_dcg = 0, noisy_dcg = 0;
  std::map<uint32_t, double> by_source;  // of wishes alone

  double rewards() const {
    double sum = 0;
    for (const auto& part : by_source) sum += part.second;
    return sum;
  }
};

using ItemList = std::vector<uint32_t>;

// One request. Lists are of items.
class ReferenceLists {
 public:
  // scores: of every item, by the state that the request's feature edits leave.
  ReferenceLists(const TinyModel& tiny, const OpenModel& model, const std::vector<float>& scores,
                 const std::vector<uint32_t>& history, const pintle_request& request);

  size_t length() const { return length_; }
  // Best first, with exploration's noise; and the list without wishes and rules.
  const ItemList& eligible() const { return eligible_; }
  const ItemList& plain() const { return plain_; }
  bool is_pinned(uint32_t item) const;
  double probability(uint32_t item) const { return items_[item].own_probability; }
  // Fifteenths; attribute kFresh: of the wish for freshness.
  static constexpr uint32_t kFresh = UINT32_MAX;
  int32_t level(uint32_t item, uint32_t attribute) const;

  ListParts parts(const ItemList& list) const;
  double worth(const ItemList& list) const;
  // By rule; a pin that is not kept misses one entry.
  std::vector<int64_t> misses_by_rule(const ItemList& list) const;
  ListMerit merit(const ItemList& list) const;
  // What rounding to f32 may change of a worth: 1e-6 of its parts.
  double tolerance() const;

  bool has_runs() const;
  // The best order of a set that holds the pinned items; by score without runs. unpinned: this one's pin
  // does not count.
  ItemList in_best_order(ItemList set, uint32_t unpinned = PINTLE_NO_ITEM) const;
  // The best of all lists.
  ListMerit best() const;
  // Intra-list diversity: mean of 1 - cosine over all pairs.
  double diversity(const ItemList& list) const;

 private:
  struct Item {
    float score = 0;  // with noise
    double probability = 0, own_probability = 0;
    double value = 0;                           // of wishes for the item
    std::vector<int32_t> levels;                // by groups_
    std::vector<std::vector<uint32_t>> values;  // its attributes, by groups of attributes
  };
  struct Group {
    uint32_t attribute, source;
    double reward;
    int32_t plain;
  };
  struct ItemWish {
    uint32_t item, source;
    double reward;
  };
  struct Range {
    size_t group;
    int32_t lowest, highest;
  };
  struct Pin {
    uint32_t item, rank, rule;  // rank from 0
  };

  void add_wishes(const pintle_wishes& wishes);
  void add_knobs(const pintle_steering& steering);
  void add_rules(const pintle_wishes& wishes);
  void find_eligible(const std::vector<uint32_t>& history, const pintle_request& request);
  size_t group_of(uint32_t attribute);
  void add_reward(uint32_t attribute, double reward, uint32_t source);
  bool is_soft(uint32_t attribute) const;
  int32_t sum_of(const ItemList& list, size_t group) const;
  void add_values(uint32_t item);
  double diversity_part(const ItemList& list) const;
  double group_part(const ItemList& list, const Group& group) const;
  bool has_value(uint32_t item, const pintle_rule& rule, uint32_t value) const;
  int64_t run_misses(const ItemList& list, size_t rule) const;
  int64_t each_misses(const ItemList& list, const pintle_rule& rule) const;
  int64_t misses_of(const ItemList& list, size_t rule) const;
  static bool is_run(const pintle_rule& rule) {
    return rule.kind == PINTLE_RULE_RUN || rule.kind == PINTLE_RULE_RUN_EACH;
  }
  void find_ranges();
  void find_distances();
  ItemList with_pins(ItemList others, uint32_t unpinned) const;

  const TinyModel& tiny_;
  const OpenModel& model_;
  std::vector<Item> items_;
  std::vector<Group> groups_;
  std::vector<ItemWish> item_wishes_;
  std::vector<pintle_rule> rules_;
  std::vector<size_t> rule_groups_;
  std::vector<Range> ranges_;  // by rule
  std::vector<Pin> pins_;      // by rank
  ItemList eligible_, plain_;
  size_t length_ = 0;
  std::vector<double> discounts_;
  double log_z_ = 0;
  double diverse_ = 0, diverse_weight_ = 0;
  uint32_t diverse_source_ = 0;
  double explore_ = 0;
  uint32_t explore_source_ = 0;
  uint64_t seed_ = 0;
  int64_t now_ = 0;
  double half_life_ = 0;
  std::vector<std::vector<double>> distances_;  // of eligible items, with a wish for diversity
};

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_REFERENCE_LISTS_H_
