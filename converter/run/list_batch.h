// SPDX-License-Identifier: Apache-2.0
//
// Many searches that measure lists of the same people share every run of the network over their histories.
#ifndef PINTLE_CONVERTER_RUN_LIST_BATCH_H_
#define PINTLE_CONVERTER_RUN_LIST_BATCH_H_

#include <cstddef>
#include <functional>

#include "converter/io/thread_pool.h"
#include "converter/run/steered_lists.h"

namespace pintle::converter {

// A search is plain sequential code that asks `measure` for lists, again and again, and runs in a thread
// of its own; one runs only while it decides what to ask next. `measure` returns what measure_lists would.
using ListSearch = std::function<void(size_t number, const MeasureLists& measure)>;

// Told from the calling thread: searches that have ended, and lists that were made.
using ListReport = std::function<void(size_t searches, size_t lists)>;

// Searches that are under way at once, at most.
inline constexpr size_t kSearchesAtOnce = 32;
// What the variants of one call of measure_lists may keep, by its costs, where more than one search
// asks; the rest waits for the next call.
inline constexpr size_t kBatchBytes = size_t{256} << 20;

// Runs search(i, measure) for every i < count. Whenever all that are under way wait for lists, those
// that ask for the same model, histories and item_values (the same objects, or no values) get them from one call of
// measure_lists. Every search gets what it would get alone, bit for bit. Where searches throw, the
// others are broken off at their next lists, and the lowest one's exception is thrown on here; so is
// measure_lists's. The pool is free for others only afterwards.
void run_searches(size_t count, ThreadPool* pool, const ListSearch& search,
                  const ListReport& report, size_t at_once = kSearchesAtOnce);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_LIST_BATCH_H_
