// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_RUN_STEERED_LISTS_H_
#define PINTLE_CONVERTER_RUN_STEERED_LISTS_H_

#include <cstddef>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// One steering set to try; empty: unsteered.
struct ListVariant {
  std::vector<pintle_edit> edits;
  uint32_t flags = 0;  // PINTLE_STEER_*
};

// What it does to the top 10 of many users.
struct ListMeasure {
  double ndcg = 0, hit_rate = 0;  // of each user's held-out last event
  double coverage = 0;            // share of the trained items that some list holds
  double overlap = 0;             // mean share of the unsteered list that stays
  std::vector<double> shares;     // by attribute: mean share of the list's items that have it
  double mean_value = 0;          // of item_values over the lists' items
};

// Leave-one-out: each user's last event is held out, the history is all before it, seen items are
// left out; users with fewer than two events do not count. One measure a variant, the same for a
// pool of any size. Runs the network once a user, however many variants there are. item_values: a
// number for each item, its popularity for instance; empty: none.
std::vector<ListMeasure> measure_lists(const Model& model, const Histories& histories,
                                       const std::vector<ListVariant>& variants, ThreadPool* pool,
                                       const std::vector<float>& item_values = {});

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_STEERED_LISTS_H_
