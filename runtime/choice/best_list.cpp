// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/best_list.h"

#include <string.h>

namespace pintle::internal {

bool BestList::offer(const uint32_t* entries) {
  const ListProblem& problem = *terms_.problem;
  uint32_t* offered = scratch_->offered;
  const Arrangement order = arrange(terms_, entries, &scratch_->arrange, offered);
  order_steps_taken_ += order.steps;
  if (!order.is_best) is_order_known_ = false;
  const int64_t misses = set_misses(problem, offered) + order.misses;
  if (!is_empty_ && misses > misses_) return false;
  const double worth = worth_of(problem, offered).sum(problem.group_count);
  if (!is_empty_ && misses == misses_ && worth <= worth_ + terms_.tolerance) return false;
  is_empty_ = false;
  misses_ = misses;
  worth_ = worth;
  is_by_score_ = order.is_by_score;
  memcpy(list_, offered, problem.length * sizeof(uint32_t));
  memcpy(scratch_->entries, entries, terms_.free_count * sizeof(uint32_t));
  return true;
}

}  // namespace pintle::internal
