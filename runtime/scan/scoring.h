// SPDX-License-Identifier: Apache-2.0
//
// From a hidden state to scored items: the catalogue scan, its filters, and single items.
#ifndef PINTLE_RUNTIME_SCAN_SCORING_H_
#define PINTLE_RUNTIME_SCAN_SCORING_H_

#include "runtime/network/steering.h"
#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// The best request.k eligible items for `hidden` [dim] into `out`, with external ids. `steering`'s
// knobs may favour items by attribute; `hidden` carries its edits of states already.
// PINTLE_ERR_UNKNOWN_ITEM if allow or deny names an item that is none; then `out` is untouched.
Status top_items(Session* session, const float* hidden, const Steering& steering,
                 const pintle_request& request, pintle_recommendation* out, size_t* count);

// scores[i] of items[i], with the same bits as top_items.
Status score_items(Session* session, const float* hidden, const uint32_t* items, size_t count,
                   float* scores);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_SCORING_H_
