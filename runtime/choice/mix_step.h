// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_CHOICE_MIX_STEP_H_
#define PINTLE_RUNTIME_CHOICE_MIX_STEP_H_

#include "runtime/choice/choose_scratch.h"
#include "runtime/choice/objective.h"

namespace pintle::internal {

// Where a mix may be off by one entry more: the swap that makes a chosen list worth the most at the price of
// one entry of one rule of the mix, and of no other rule.
struct MixStep {
  uint32_t range;  // of problem.ranges
  int32_t change;  // of its bounds, in fifteenths; 0: no such swap makes the list worth more
};
// list: [length], as chosen, missing nothing. is_mix: bit i: range i belongs to the mix.
MixStep find_mix_step(const ListProblem& problem, const uint32_t* list, uint64_t is_mix,
                      ChooseScratch* scratch);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_MIX_STEP_H_
