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
  const float* hidden = session->buffers.hidden;
  if (edits.leaves_states()) {
    update_hidden(session);
  } else {
    steered_hidden(session, edits, session->buffers.steered);
    hidden = session->buffers.steered;
  }
  prepare_knob_scores(session, edits);
  return top_items(*session, hidden, edits, request, out, count);
}

}  // namespace pintle::internal
