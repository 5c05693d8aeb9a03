// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/recommend.h"

#include "runtime/calls/wished_list.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/scoring.h"

namespace pintle::internal {

namespace {

// What feedback that comes next is compared with.
void note_list(Session* session, const ListCall& call, const pintle_recommendation* list,
               size_t count) {
  if (!call.audience.has_profile) return;
  ShownList& last = session->profile.last_list;
  last.count = static_cast<uint32_t>(count < kShownItems ? count : kShownItems);
  for (uint32_t i = 0; i < last.count; ++i) last.items[i] = list[i].item;
}

}  // namespace

Status recommend(Session* session, const pintle_request& request, pintle_recommendation* out,
                 size_t* count, bool has_profile) {
  ListCall call;
  PINTLE_TRY(begin_list(session, request, has_profile, &call));
  if (call.plan.is_plain()) {
    *count = top_items(session, call.hidden, request, call.audience, out);
    note_list(session, call, out, *count);
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
  note_list(session, call, out, *count);
  return PINTLE_OK;
}

Status score(Session* session, const uint32_t* items, size_t count, float* scores) {
  PINTLE_TRY(check_history(*session));
  update_hidden(session);
  return score_items(session, session->hidden(), items, count, scores);
}

}  // namespace pintle::internal
