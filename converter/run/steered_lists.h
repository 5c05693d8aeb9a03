// SPDX-License-Identifier: Apache-2.0
//
// What steering and wishes do to the lists of many users, by the runtime.
#ifndef PINTLE_CONVERTER_RUN_STEERED_LISTS_H_
#define PINTLE_CONVERTER_RUN_STEERED_LISTS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/run/histories.h"
#include "converter/run/list_tally.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// What a user gets under a variant: nothing, and is not counted; the list; or, known to be the same, the
// unsteered list, which costs no search.
enum class Gets : uint8_t { kNothing, kList, kPlainList };

// One way to make lists; without edits and wishes: unsteered.
struct ListVariant {
  std::vector<pintle_edit> edits;
  uint32_t flags = 0;  // PINTLE_STEER_*
  std::vector<pintle_wish> wishes = {};
  std::optional<uint32_t> attribute = {};  // whose levels each user's figures tell
  std::vector<Gets> who = {};              // by user of the histories; empty: everybody gets a list
};

// Whether measure_lists shows a bar of its own while it works.
enum class ListBar { kShown, kNone };

// Seen items are left out. One measure a variant, the same for a pool of any size. Runs the network
// once a user, however many variants there are. item_values: a number for each item, its popularity
// for instance; empty: none. Of each variant 3 bytes a user, with item_values 11, and of every worker a
// bit an item and 8 bytes an attribute are kept.
std::vector<ListMeasure> measure_lists(const Model& model, const Histories& histories,
                                       const std::vector<ListVariant>& variants, ThreadPool* pool,
                                       const std::vector<float>& item_values = {},
                                       ListBar bar = ListBar::kShown);

// What a search through variants gets its measures from: measure_lists, or a batch of many searches that
// share the network's work (list_batch.h).
using MeasureLists = std::function<std::vector<ListMeasure>(
    const Model& model, const Histories& histories, const std::vector<ListVariant>& variants,
    const std::vector<float>& item_values)>;

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_STEERED_LISTS_H_
