// SPDX-License-Identifier: Apache-2.0
//
// The best list that was offered.
#ifndef PINTLE_RUNTIME_CHOICE_BEST_LIST_H_
#define PINTLE_RUNTIME_CHOICE_BEST_LIST_H_

#include "runtime/choice/arrange.h"

namespace pintle::internal {

class BestList {
 public:
  // order_steps: that putting sets in order may take before may_order() says no.
  BestList(const ListTerms& terms, uint64_t order_steps, ChooseScratch* scratch, uint32_t* list)
      : terms_(terms), scratch_(scratch), list_(list), order_steps_(order_steps) {}

  // entries: [free_count] candidates, ascending. Puts them in order; true: the best so far.
  bool offer(const uint32_t* entries);
  // The entries of the best, [free_count]. Good until the next offer.
  const uint32_t* entries() const { return scratch_->entries; }

  int64_t misses() const { return misses_; }
  double worth() const { return worth_; }
  bool may_order() const { return order_steps_taken_ < order_steps_; }
  // It stands in order of score: what it is worth does not depend on runs.
  bool is_by_score() const { return is_by_score_; }
  // Every set offered was put in its best order.
  bool is_order_known() const { return is_order_known_; }

 private:
  const ListTerms& terms_;
  ChooseScratch* scratch_;
  uint32_t* list_;
  bool is_empty_ = true, is_by_score_ = false, is_order_known_ = true;
  int64_t misses_ = 0;
  double worth_ = 0;
  uint64_t order_steps_, order_steps_taken_ = 0;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_BEST_LIST_H_
