// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/recommend.h"

#include "runtime/calls/wished_list.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/scoring.h"

namespace pintle::internal {

Status recommend(Session* session, const pintle_request& request, pintle_recommendation* out,
                 size_t* count) {
  ListCall call;
  PINTLE_TRY(begin_list(session, request, &call));
  if (call.plan.is_plain()) {
    *count = top_items(session, call.hidden, request, out);
    return PINTLE_OK;
  }
  WishedList list;
  make_wished_list(session, request, call, &list);
  *count = list.length();
  for (uint32_t r = 0; r < list.length(); ++r) {
    const ScoredItem& entry = *session->list.items.at(list.entries[r], 1);
    out[r] = {entry.item, entry.own_score, 0, nullptr};
    session->model->catalogue.get_id(entry.item, &out[r].id, &out[r].id_text);
  }
  return PINTLE_OK;
}

Status score(Session* session, const uint32_t* items, size_t count, float* scores) {
  PINTLE_TRY(check_history(*session));
  update_hidden(session);
  return score_items(session, session->hidden(), items, count, scores);
}

}  // namespace pintle::internal
