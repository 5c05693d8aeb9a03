// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_RUN_EVALUATE_H_
#define PINTLE_CONVERTER_RUN_EVALUATE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "converter/io/interactions.h"
#include "converter/io/thread_pool.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

struct EvaluationOptions {
  uint32_t k = 10;             // length of the lists
  bool includes_seen = false;  // the history's items stay eligible: people consume again
  size_t max_users = 0;        // the first so many users of the interactions; 0: all
  // How histories beyond the window got there: every event appended on its own under this policy.
  pintle_window_policy window_policy = PINTLE_WINDOW_EXACT;
};

struct Evaluation {
  uint32_t k = 10;  // of the lists
  size_t users = 0;
  double hit_rate = 0, ndcg = 0, mrr = 0, coverage = 0;
  size_t skipped_users = 0;     // fewer than two events
  size_t unknown_targets = 0;   // users whose held-out item the model lacks: misses
  size_t repeated_targets = 0;  // users whose held-out item is in the history: misses if excluded
  size_t unknown_events = 0;    // events of the histories whose item the model lacks: left out
};

// Leave-one-out: each user's last event is held out, the history is all before it. The whole
// catalogue is ranked, the history's items excluded unless the options say otherwise, and the
// held-out item looked for in the first k. coverage: the share of the trained items that some user's
// k hold. The same for a pool of any size. Throws Error if no held-out item could be ranked at all.
Evaluation evaluate_leave_one_out(const Model& model, const Interactions& interactions,
                                  const EvaluationOptions& options, ThreadPool* pool);

// "ndcg@10" and the like, by the lists' k, in a fixed order.
std::vector<std::pair<std::string, double>> evaluation_metrics(const Evaluation& evaluation);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_EVALUATE_H_
