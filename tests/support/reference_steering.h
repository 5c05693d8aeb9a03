// SPDX-License-Identifier: Apache-2.0
//
// SAEs, edits and knobs as schema/pintle.fbs and pintle.h describe them, in double precision and
// word for word: the oracle for steering and explaining.
#ifndef PINTLE_TESTS_SUPPORT_REFERENCE_STEERING_H_
#define PINTLE_TESTS_SUPPORT_REFERENCE_STEERING_H_

#include <cstdint>
#include <vector>

#include "support/tiny_models.h"

namespace pintle::test {

// f [dict] of a state.
std::vector<double> reference_features(const converter::SaeWeights& sae,
                                       const std::vector<double>& state);

// The state that items are scored against, and every item's score, under a steering set.
std::vector<double> reference_steered_state(const TinyModel& model,
                                            const std::vector<uint32_t>& history,
                                            const pintle_steering& steering);
std::vector<double> reference_steered_scores(const TinyModel& model,
                                             const std::vector<uint32_t>& history,
                                             const pintle_steering& steering);

// The state that a hook passes for the newest event, unsteered.
std::vector<double> reference_hook_state(const TinyModel& model,
                                         const std::vector<uint32_t>& history,
                                         const converter::Hook& hook);

inline std::vector<int64_t> wide(const std::vector<uint32_t>& history) {
  return {history.begin(), history.end()};
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_REFERENCE_STEERING_H_
