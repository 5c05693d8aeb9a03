// SPDX-License-Identifier: Apache-2.0
//
// The forward pass that schema/pintle.fbs describes, in double precision and without any shortcut:
// every slot of the window is computed, pads included. Slow; the oracle for recipes and runtime.
#ifndef PINTLE_TESTS_SUPPORT_REFERENCE_FORWARD_H_
#define PINTLE_TESTS_SUPPORT_REFERENCE_FORWARD_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "converter/network/hook.h"
#include "converter/network/network.h"

namespace pintle::converter {

// Called with the state of every slot but pads where the network passes a hook (kLast: of the
// newest alone); may change it. Slots come oldest first.
using HookVisitor =
    std::function<void(const Hook& hook, bool is_newest, std::vector<double>* state)>;

// The vector that items are scored against. `item_indices` are rows of network.items, oldest first,
// the whole history; REQUIRES: at least one.
std::vector<double> reference_state(const Network& network,
                                    const std::vector<int64_t>& item_indices,
                                    const HookVisitor& visit = {});

// One score a row of network.items.
std::vector<double> reference_scores(const Network& network,
                                     const std::vector<int64_t>& item_indices,
                                     const HookVisitor& visit = {});

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_SUPPORT_REFERENCE_FORWARD_H_
