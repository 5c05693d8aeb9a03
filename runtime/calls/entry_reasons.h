// SPDX-License-Identifier: Apache-2.0
//
// Why one entry is in a list under wishes: what the list would lose with the item that left for it.
#ifndef PINTLE_RUNTIME_CALLS_ENTRY_REASONS_H_
#define PINTLE_RUNTIME_CALLS_ENTRY_REASONS_H_

#include "runtime/calls/wished_list.h"

namespace pintle::internal {

struct EntryReasons {
  uint32_t cause = PINTLE_CAUSE_SCORE;
  uint32_t source = 0;
  uint32_t replaced = PINTLE_NO_ITEM;
  double gain = 0;  // the sum of the reasons
  uint32_t count = 0;
  // Score, profile, groups, items' own, diversity, exploration, and the rules that need the entry.
  pintle_reason
      reasons[2 + PINTLE_LIST_ATTRIBUTES + 2 * PINTLE_LIST_WISHES + 2 + PINTLE_LIST_RULES];
};

// Explains the entries of one list.
class ListReasons {
 public:
  // All outlive this.
  ListReasons(Session* session, const ListPlan& plan, const WishedList& list);

  // rank: from 0.
  void explain(uint32_t rank, EntryReasons* out);
  // From 1, in the list without wishes and rules; PINTLE_NO_RANK.
  uint32_t plain_rank(uint32_t rank) const;
  // The network's probability of a candidate, without exploration's noise.
  double own_probability(uint32_t candidate) const;
  // By those.
  double own_dcg(const uint32_t* entries) const;
  // The same with the profile's offsets.
  double tilted_dcg(const uint32_t* entries) const;

 private:
  const ScoredItem& item_of(uint32_t candidate) const { return items_[candidate]; }
  bool is_by_profile(uint32_t item) const;
  void add(EntryReasons* out, uint32_t source, double value) const;
  void add_items(EntryReasons* out, uint32_t candidate, double sign) const;
  void find_cause(uint32_t broken_rules, EntryReasons* out) const;

  Session* const session_;
  const ListPlan& plan_;
  const WishedList& list_;
  const ListProblem& problem_;
  const ScoredItem* const items_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_ENTRY_REASONS_H_
