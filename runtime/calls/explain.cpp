// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/explain.h"

#include <string.h>

#include "runtime/network/sae.h"
#include "runtime/network/steering.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/scoring.h"
#include "runtime/support/strongest.h"

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

// At `last` the score is linear: item . hidden + bias, and hidden = sum_j f_j row_j + what the SAE does
// not see.
void direct_effects(Session* session, const SaeView& sae, uint32_t item, const float* features,
                    float* effects) {
  const Model& model = *session->model;
  float* row = session->call.vector.front(model.dim);
  scored_row(model, item, row);
  float* decoder_row = session->sae.decoder_row.front(model.dim);
  for (uint32_t feature = 0; feature < sae.feature_count; ++feature) {
    if (!(features[feature] > 0)) continue;
    gather_row(sae.decoder, feature, decoder_row);
    effects[feature] = features[feature] * model.kernels.dot_f32(row, decoder_row, model.dim);
  }
}

// Elsewhere the features share what they change together. They are switched off one after the other, then
// on again in the same order, and what a switch changes is its feature's: so the first saw all others on
// when it went and none when it came back, and what two do only together is halved between them. Those in
// the middle saw half of the others both times; a second round begins there. On ML-1M's GPT-2 (block 0, 32
// features, 200 people) ranks correlate with those of Shapley's values at .95, at .92 after one round;
// ablating one at a time gives .77.
void shared_effects(Session* session, const SaeView& sae, uint32_t item, float score,
                    const float* features, float* effects) {
  constexpr uint32_t kWalks = 4;
  const Model& model = *session->model;
  const Span<float> hidden = session->call.steered.part(0, model.dim);
  const Span<float> shift = session->call.vector.part(0, model.dim);
  const Steering steering(model, stage_of(model, sae), shift.front(model.dim));
  memset(shift.front(model.dim), 0, model.dim * sizeof(float));
  memset(effects, 0, sae.feature_count * sizeof(float));
  for (uint32_t walk = 0; walk < kWalks; ++walk) {
    const float sign = walk % 2 == 0 ? -1.0f : 1.0f;
    for (uint32_t i = 0; i < sae.feature_count; ++i) {
      const uint32_t feature = (i + walk / 2 * (sae.feature_count / 2)) % sae.feature_count;
      if (!(features[feature] > 0)) continue;
      sae_add_row(model.kernels, sae, feature, sign * features[feature], &session->sae, shift);
      steered_hidden(session, steering, hidden);
      const float before = score;
      (void)score_items(session, hidden.front(model.dim), &item, 1, &score);  // the item exists
      effects[feature] += sign / kWalks * (score - before);
    }
  }
}

// The features that are active in `features`, by their `values`: the largest to out, their whole number
// to *count. Returns how many out got.
size_t list_active(const SaeView& sae, const float* features, const float* values,
                   pintle_feature_value* out, size_t capacity, size_t* count) {
  size_t kept = 0;
  *count = 0;
  for (uint32_t feature = 0; feature < sae.feature_count; ++feature) {
    if (!(features[feature] > 0)) continue;
    ++*count;
    insert_by_magnitude({feature, values[feature]}, capacity, out, &kept);
  }
  return kept;
}

}  // namespace

void active_features(Session* session, uint32_t sae, pintle_feature_value* out, size_t capacity,
                     size_t* count) {
  update_hidden(session);
  const SaeView& view = session->model->saes[sae];
  const float* features = encode(session, view, hook_state(*session, view.hook, view.layer));
  list_active(view, features, features, out, capacity, count);
}

Status explain_features(Session* session, uint32_t sae, uint32_t item, pintle_feature_value* out,
                        size_t capacity, size_t* count, float* score, float* remainder) {
  const Model& model = *session->model;
  if (!model.catalogue.has(item)) {
    return session->fault()(PINTLE_ERR_UNKNOWN_ITEM, "item %u, of a catalogue of %u", item,
                            model.item_count);
  }
  const SaeView& view = model.saes[sae];
  update_hidden(session);
  PINTLE_TRY(score_items(session, session->hidden(), &item, 1, score));
  const float* features = encode(session, view, hook_state(*session, view.hook, view.layer));
  float* effects = session->sae.edited.front(view.feature_count);
  if (view.hook == fb::HookKind_Last) {
    direct_effects(session, view, item, features, effects);
  } else {
    shared_effects(session, view, item, *score, features, effects);
  }
  const size_t kept = list_active(view, features, effects, out, capacity, count);
  *remainder = *score;
  for (size_t i = 0; i < kept; ++i) *remainder -= out[i].value;
  return PINTLE_OK;
}

}  // namespace pintle::internal
