// SPDX-License-Identifier: Apache-2.0
//
// One run of the network over a session's window. Whether its results may be kept is transformer.h's.
// A run writes the session's network, block, product and, if steered, sae, and its result to `hidden`
// [dim], which is the session's own for an unsteered run alone.
#ifndef PINTLE_RUNTIME_NETWORK_FORWARD_H_
#define PINTLE_RUNTIME_NETWORK_FORWARD_H_

#include "runtime/network/steering.h"
#include "runtime/session/session.h"

namespace pintle::internal {

inline constexpr uint32_t kNoEvent = UINT32_MAX;

// The positions [first, count) of a window: of `items` items, and the mask token if there is one.
struct Run {
  uint32_t first, items;
  uint32_t left_out = kNoEvent;        // the event of the window that does not take part
  const Steering* steering = nullptr;  // null: none

  uint32_t count(const Model& model) const { return items + (model.has_mask_token() ? 1 : 0); }
  // Whether its products are matrix products.
  bool is_dense(const Model& model) const { return count(model) - first >= kDenseRows; }
  // Whether the last block needs no keys and values.
  bool is_keyless(const Model& model) const {
    return first == 0 && is_dense(model) && can_be_keyless(model);
  }
};

// The whole network.
void run_network(Session* session, const Run& run, Span<float> hidden);
// All that other positions and later events can see.
void run_to_last_block(Session* session, const Run& run);
// What run_to_last_block leaves to be done, from the tap that it left.
// REQUIRES: first == count - 1; the block before the last has one.
void run_last_block(Session* session, const Run& run, Span<float> hidden);
// Only what lies behind `stage`, from the taps that an unsteered run left, which is edited there.
// REQUIRES: first == count - 1; a steering; no earlier position sees the newest one behind `stage`.
void run_behind(Session* session, const Run& run, Stage stage, Span<float> hidden);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_FORWARD_H_
