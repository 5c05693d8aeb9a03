// SPDX-License-Identifier: Apache-2.0
//
// What every event gave an item's score: the score, less that of the history without the event.
#include "runtime/calls/explain.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/scoring.h"
#include "runtime/support/strongest.h"

namespace pintle::internal {

Status explain_events(Session* session, uint32_t item, pintle_event_effect* out, size_t capacity,
                      size_t* count) {
  const Span<float> state = session->call.steered.part(0, session->model->dim);
  float score = 0, without = 0;
  update_hidden(session);
  PINTLE_TRY(score_items(session, session->hidden(), &item, 1, &score));
  size_t kept = 0;
  const uint32_t events = session->history.kept();
  for (uint32_t event = 0; events > 1 && event < events; ++event) {
    leave_one_out_hidden(session, event, state);
    PINTLE_TRY(score_items(session, state.front(session->model->dim), &item, 1, &without));
    insert_by_magnitude({session->history.item(event), events - 1 - event, score - without},
                        capacity, out, &kept);
  }
  *count = events > 1 ? events : 0;
  return PINTLE_OK;
}

}  // namespace pintle::internal
