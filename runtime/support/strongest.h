// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SUPPORT_STRONGEST_H_
#define PINTLE_RUNTIME_SUPPORT_STRONGEST_H_

#include <math.h>
#include <stddef.h>

#include "pintle/pintle.h"

namespace pintle::internal {

inline float magnitude(const pintle_feature_value& entry) { return fabsf(entry.value); }
inline float magnitude(const pintle_event_effect& entry) { return fabsf(entry.effect); }
inline float magnitude(const pintle_profile_part& entry) { return fabsf(entry.weight); }

// Puts `entry` where it belongs among the `kept` entries of out, largest magnitude first, keeping
// at most `capacity`; equal ones in the order of their arrival. Lists are short: insertion.
template <typename Entry>
void insert_by_magnitude(const Entry& entry, size_t capacity, Entry* out, size_t* kept) {
  if (*kept == capacity) {
    if (capacity == 0 || !(magnitude(entry) > magnitude(out[capacity - 1]))) return;
    --*kept;
  }
  size_t place = (*kept)++;
  for (; place > 0 && magnitude(entry) > magnitude(out[place - 1]); --place) {
    out[place] = out[place - 1];
  }
  out[place] = entry;
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SUPPORT_STRONGEST_H_
