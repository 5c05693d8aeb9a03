// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_CHOOSE_HOOK_H_
#define PINTLE_CONVERTER_SAE_TRAINING_CHOOSE_HOOK_H_

#include <string>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/network/hook.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// How much of the variance of the states at a hook lies between newest items: what their items' mean states
// explain. Features of such states are about items; the rest is about the histories before.
struct HookFigure {
  Hook hook;
  double share = 0;           // of the users whose states make the means
  double held_out_share = 0;  // of other users, by the same means
};

// Of every hook of the model, on a sample of the users that have events. Rare items' means are drawn towards
// the mean of all, as ItemMeans does.
std::vector<HookFigure> measure_hooks(const Model& model, const Histories& train,
                                      const Histories& held_out, ThreadPool* pool);

// The block whose held-out share is largest; the largest of the other hooks only if no block has half of its
// share: what follows a block can still answer to an edit of its states. REQUIRES: not empty.
Hook choose_hook(const std::vector<HookFigure>& figures);

// "block:0 0.62 (others 0.55), ...": for people.
std::string hook_figures_text(const std::vector<HookFigure>& figures);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_CHOOSE_HOOK_H_
