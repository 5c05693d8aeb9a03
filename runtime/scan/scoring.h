// SPDX-License-Identifier: Apache-2.0
//
// From a hidden state to scored items: the catalogue scan, its filters, and single items.
#ifndef PINTLE_RUNTIME_SCAN_SCORING_H_
#define PINTLE_RUNTIME_SCAN_SCORING_H_

#include "runtime/scan/audience.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// PINTLE_ERR_UNKNOWN_ITEM if one of the items does not exist. list: what they are called in words.
Status check_items(const Session& session, const char* list, const uint32_t* items, size_t count);

// The best request.k eligible items for `hidden` [dim], null: by the prior, into `out`, with external ids and the
// network's scores; returns how many there are. REQUIRES: the items of allow and deny exist; the profile is
// learned, where it has a part.
size_t top_items(Session* session, const float* hidden, const pintle_request& request,
                 const Audience& audience, pintle_recommendation* out);

// scores[i] of items[i], with the same bits as top_items. hidden: null for the prior's.
Status score_items(Session* session, const float* hidden, const uint32_t* items, size_t count,
                   float* scores);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_SCORING_H_
