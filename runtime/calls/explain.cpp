// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/explain.h"

#include <string.h>

#include "runtime/calls/strongest.h"
#include "runtime/network/sae.h"
#include "runtime/network/steering.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/scoring.h"

namespace pintle::internal {
const float* hook_state(const Session& session, fb::HookKind hook, uint32_t layer) {
  switch (hook) {
    case fb::HookKind_Block:
      return session.network.tap(layer, kTapBlock);
    case fb::HookKind_Mlp:
      return session.network.tap(layer, kTapMlp);
    default:
      return session.hidden();
  }
}

namespace {

// The activations of the SAE's features on `state`, in the session's sae.features.
const float* encode(Session* session, const SaeView& sae, const float* state) {
  const size_t padded = sae.encoder.weight.panel_count() * kPanelRows;
  const Span<float> features = session->sae.features.part(0, padded);
  sae_encode(session->model->kernels, sae, state, &session->product, &session->sae, features);
  return features.front(sae.feature_count);
}

// The row that the item is scored with, as f32.
const float* item_row(Session* session, uint32_t item) {
  float* row = session->call.item_row.front(session->model->dim);
  scored_row(*session->model, item, row);
  return row;
}

}  // namespace

void active_features(Session* session, uint32_t sae, pintle_feature_value* out, size_t capacity,
                     size_t* count) {
  update_hidden(session);
  const SaeView& view = session->model->saes[sae];
  const float* features = encode(session, view, hook_state(*session, view.hook, view.layer));
  size_t kept = 0;
  *count = 0;
  for (uint32_t feature = 0; feature < view.feature_count; ++feature) {
    if (!(features[feature] > 0)) continue;
    ++*count;
    insert_by_magnitude({feature, features[feature]}, capacity, out, &kept);
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
  PINTLE_TRY(score_items(session, session->hidden(), &item, 1, score));
  size_t kept = 0;
  if (view.hook == fb::HookKind_Last) {
    // score = item . hidden + bias, and hidden = sum_j f_j row_j + what the SAE does not see.
    const float* features = encode(session, view, session->hidden());
    const float* row = item_row(session, item);
    float* decoder_row = session->sae.decoder_row.front(model.dim);
    *count = 0;
    for (uint32_t feature = 0; feature < view.feature_count; ++feature) {
      const float activation = features[feature];
      if (!(activation > 0)) continue;
      ++*count;
      gather_row(view.decoder, feature, decoder_row);
      const float effect = activation * model.kernels.dot_f32(row, decoder_row, model.dim);
      insert_by_magnitude({feature, effect}, capacity, out, &kept);
    }
  } else {
    active_features(session, sae, out, capacity, count);
    const Span<float> state = session->call.steered.part(0, model.dim);
    const size_t asked = *count < capacity ? *count : capacity;
    for (size_t i = 0; i < asked; ++i) {
      const pintle_edit ablation = {PINTLE_EDIT_ABLATE, out[i].feature, sae, 0, 0.0f};
      pintle_steering set = PINTLE_STEERING_INIT;
      set.edits = &ablation;
      set.edit_count = 1;
      steered_hidden(session, Steering(model, &set), state);
      float without = 0;
      PINTLE_TRY(score_items(session, state.front(model.dim), &item, 1, &without));
      // Sorted in place: the entries before i are done, those after keep their order.
      insert_by_magnitude({out[i].feature, *score - without}, i + 1, out, &kept);
    }
  }
  *remainder = *score;
  for (size_t i = 0; i < kept; ++i) *remainder -= out[i].value;
  return PINTLE_OK;
}

}  // namespace pintle::internal
