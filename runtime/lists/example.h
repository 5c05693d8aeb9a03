// SPDX-License-Identifier: Apache-2.0
//
// Groups by example: "more like these, not like those".
//
// An item belongs to a group as far as it is probable that one who names such items would name it, too. With
// a_i an item's row made to unit length in the metric of model/likeness.h, and n liked items:
//
//   c    = sum of the liked items' a / n, in later rounds (that sum + 30 m) / (n + 30), m the mean of the
//          other items' a weighted by their memberships; less 0.1 u / (u + 1) of the u disliked items' mean
//   z_i  = a_i . c, less its mean over the catalogue, in standard deviations
//   d    = the mean z of a liked item in the c that the others make; 2 in the first round
//   odds = e^(1.5 d (z_i - d / 2)) / 4: those of two normal distributions d apart, made steeper
//   membership = odds / (1 + odds), in fifteenths
//
// in four rounds. Liked items belong wholly, disliked ones not at all. The constants were chosen on ML-1M, where
// the result hardly changes with any of them: ten films of a genre as the only input gain .83 of the share that
// the genre's whole label gains at an equal loss of expected DCG.
#ifndef PINTLE_RUNTIME_LISTS_EXAMPLE_H_
#define PINTLE_RUNTIME_LISTS_EXAMPLE_H_

#include "runtime/session/session.h"

namespace pintle::internal {

struct ExampleItems {
  const uint32_t* items;
  size_t count;
};

// The statuses are pintle_session_set_example's.
Status set_example(Session* session, uint32_t slot, ExampleItems like, ExampleItems unlike);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_EXAMPLE_H_
