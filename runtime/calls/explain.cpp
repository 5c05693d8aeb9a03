// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/explain.h"

#include <math.h>
#include <string.h>

#include "runtime/network/sae.h"
#include "runtime/network/steering.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/scoring.h"

namespace pintle::internal {
namespace {

float size_of(const pintle_feature_value& entry) { return fabsf(entry.value); }
float size_of(const pintle_event_effect& entry) { return fabsf(entry.effect); }

// Puts `entry` where it belongs among the `kept` entries of out, largest magnitude first, keeping
// at most `capacity`; equal ones in the order of their arrival. Lists are short: insertion.
template <typename Entry>
void keep_largest(const Entry& entry, size_t capacity, Entry* out, size_t* kept) {
  if (*kept == capacity) {
    if (capacity == 0 || !(size_of(entry) > size_of(out[capacity - 1]))) return;
    --*kept;
  }
  size_t place = (*kept)++;
  for (; place > 0 && size_of(entry) > size_of(out[place - 1]); --place)
    out[place] = out[place - 1];
  out[place] = entry;
}

}  // namespace

const float* hook_state(const Session& session, fb::HookKind hook, uint32_t layer) {
  switch (hook) {
    case fb::HookKind_Block:
      return session.tap(layer, kTapBlock);
    case fb::HookKind_Mlp:
      return session.tap(layer, kTapMlp);
    default:
      return session.buffers.hidden;
  }
}

void active_features(Session* session, uint32_t sae, pintle_feature_value* out, size_t capacity,
                     size_t* count) {
  update_hidden(session);
  const SaeView& view = session->model->saes[sae];
  const float* features = session->buffers.features;
  sae_encode(*session, view, hook_state(*session, view.hook, view.layer),
             session->buffers.features);
  size_t kept = 0;
  *count = 0;
  for (uint32_t feature = 0; feature < view.feature_count; ++feature) {
    if (!(features[feature] > 0)) continue;
    ++*count;
    keep_largest({feature, features[feature]}, capacity, out, &kept);
  }
}

Status explain_features(Session* session, uint32_t sae, uint32_t item, pintle_feature_value* out,
                        size_t capacity, size_t* count, float* score, float* remainder) {
  const Model& model = *session->model;
  if (item >= model.item_count) {
    return session->fault()(PINTLE_ERR_UNKNOWN_ITEM, "item %u, of a catalogue of %u", item,
                            model.item_count);
  }
  const SaeView& view = model.saes[sae];
  update_hidden(session);
  PINTLE_TRY(score_items(*session, session->buffers.hidden, &item, 1, score));
  size_t kept = 0;
  if (view.hook == fb::HookKind_Last) {
    // score = item . hidden + bias, and hidden = sum_j f_j row_j + what the SAE does not see.
    sae_encode(*session, view, session->buffers.hidden, session->buffers.features);
    float* item_row = session->buffers.steered;
    scored_row(model, item, item_row);
    *count = 0;
    for (uint32_t feature = 0; feature < view.feature_count; ++feature) {
      const float activation = session->buffers.features[feature];
      if (!(activation > 0)) continue;
      ++*count;
      gather_row(view.decoder, feature, session->buffers.decoder_row);
      const float effect =
          activation * model.kernels.dot_f32(item_row, session->buffers.decoder_row, model.dim);
      keep_largest({feature, effect}, capacity, out, &kept);
    }
  } else {
    active_features(session, sae, out, capacity, count);
    const size_t asked = *count < capacity ? *count : capacity;
    for (size_t i = 0; i < asked; ++i) {
      const pintle_edit ablation = {PINTLE_EDIT_ABLATE, out[i].feature, sae, 0, 0.0f};
      pintle_steering set = PINTLE_STEERING_INIT;
      set.edits = &ablation;
      set.edit_count = 1;
      steered_hidden(session, Steering(model, &set), session->buffers.steered);
      float without = 0;
      PINTLE_TRY(score_items(*session, session->buffers.steered, &item, 1, &without));
      // Sorted in place: the entries before i are done, those after keep their order.
      keep_largest({out[i].feature, *score - without}, i + 1, out, &kept);
    }
  }
  *remainder = *score;
  for (size_t i = 0; i < kept; ++i) *remainder -= out[i].value;
  return PINTLE_OK;
}

Status explain_events(Session* session, uint32_t item, pintle_event_effect* out, size_t capacity,
                      size_t* count) {
  float score = 0, without = 0;
  update_hidden(session);
  PINTLE_TRY(score_items(*session, session->buffers.hidden, &item, 1, &score));
  size_t kept = 0;
  const uint32_t events = session->kept;
  for (uint32_t event = 0; events > 1 && event < events; ++event) {
    hidden_without_event(session, event, session->buffers.steered);
    PINTLE_TRY(score_items(*session, session->buffers.steered, &item, 1, &without));
    keep_largest({session->buffers.window_items[event], events - 1 - event, score - without},
                 capacity, out, &kept);
  }
  *count = events > 1 ? events : 0;
  return PINTLE_OK;
}

}  // namespace pintle::internal
