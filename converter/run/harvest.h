// SPDX-License-Identifier: Apache-2.0
//
// States of a running model: what SAEs are trained on and features are measured on.
#ifndef PINTLE_CONVERTER_RUN_HARVEST_H_
#define PINTLE_CONVERTER_RUN_HARVEST_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/network/hook.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// The states of one user: row t is the model's state at the hook right after event t.
struct UserStates {
  size_t user = 0;              // index into the histories
  std::vector<uint32_t> items;  // the newest events, at most the model's window, oldest first
  std::vector<float> states;    // [items.size()][dim]
};

// Runs the model, quantized as it ships, over the newest `window` events of every history and calls
// visit for one user after the other, in their order, from the calling thread. A state is what the
// runtime steers: that of the newest position when so much of the history is known. (In a causal
// model with positions from the oldest item that is also the state inside any longer run.)
// Throws Error if the hook does not exist.
void harvest_states(const Model& model, const Histories& histories, const Hook& hook,
                    ThreadPool* pool, const std::function<void(const UserStates&)>& visit);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_HARVEST_H_
