// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/wished_list.h"

#include "runtime/lists/classes.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/scoring.h"

namespace pintle::internal {

Status begin_list(Session* session, const pintle_request& request, ListCall* call) {
  const Model& model = *session->model;
  PINTLE_TRY(check_history(*session));
  PINTLE_TRY(Steering::check(model, request.steering, session->fault()));
  PINTLE_TRY(check_items(*session, "allow", request.allow, request.allow_count));
  PINTLE_TRY(check_items(*session, "deny", request.deny, request.deny_count));
  const Steering edits(model, request.steering);
  PINTLE_TRY(make_plan(*session, edits, request.wishes, request.k, &call->plan));
  call->is_steered = !edits.leaves_states();
  if (call->is_steered) {
    const Span<float> steered = session->call.steered.part(0, model.dim);
    steered_hidden(session, edits, steered);
    call->hidden = steered.front(model.dim);
  } else {
    update_hidden(session);
    call->hidden = session->hidden();
  }
  return PINTLE_OK;
}

void make_wished_list(Session* session, const pintle_request& request, const ListCall& call,
                      WishedList* list) {
  update_classes(session, call.plan);
  session->exact_counts = {};
  const Eligibility eligibility(session, request);
  scan_for_list(session, call.hidden, call.is_steered, eligibility, call.plan,
                static_cast<uint32_t>(request.k), &list->scan);
  pose_list(session, call.hidden, eligibility, call.plan, list->scan, &list->posed);
  ListChoice choice = {list->entries, false, 0};
  choose_list(list->posed.problem, &session->list.choose, &choice);
  list->is_proven = choice.is_proven;
  list->violation = choice.violation;
}

}  // namespace pintle::internal
