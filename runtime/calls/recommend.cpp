// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/recommend.h"

#include "runtime/network/steering.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/knob_scores.h"
#include "runtime/scan/scoring.h"

namespace pintle::internal {

Status recommend(Session* session, const pintle_request& request, const pintle_edit* last,
                 pintle_recommendation* out, size_t* count) {
  PINTLE_TRY(check_history(*session));
  PINTLE_TRY(Steering::check(*session->model, request.steering, last, session->fault()));
  const Steering edits(*session->model, request.steering, last);
  const bool is_steered = !edits.leaves_states();
  const Span<float> steered = session->call.steered.part(0, session->model->dim);
  if (is_steered) {
    steered_hidden(session, edits, steered);
  } else {
    update_hidden(session);
  }
  prepare_knob_scores(session, edits);
  const float* hidden = is_steered ? steered.front(session->model->dim) : session->hidden();
  return top_items(session, hidden, edits, request, out, count);
}

Status score(Session* session, const uint32_t* items, size_t count, float* scores) {
  PINTLE_TRY(check_history(*session));
  update_hidden(session);
  return score_items(session, session->hidden(), items, count, scores);
}

}  // namespace pintle::internal
