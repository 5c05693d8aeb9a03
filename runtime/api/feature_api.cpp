// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of features, knobs, solving and explaining: check arguments, call the core.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/api/checks.h"
#include "runtime/calls/explain.h"
#include "runtime/calls/recommend.h"
#include "runtime/network/transformer.h"

namespace internal = pintle::internal;
using internal::is_request_valid;
using internal::is_sized;

namespace {

bool is_named(const flatbuffers::String& text, const char* name) {
  const size_t length = strlen(name);
  return text.size() == length && memcmp(text.Data(), name, length) == 0;
}

bool is_share(float value) { return value >= 0 && value <= 1; }

pintle_status check_explained(const pintle_session* session, uint32_t sae) {
  if (internal::session_event_count(*session) == 0) return PINTLE_ERR_EMPTY_HISTORY;
  return sae < session->model->sae_count ? PINTLE_OK : PINTLE_ERR_UNKNOWN_NAME;
}

}  // namespace

pintle_status pintle_model_get_sae(const pintle_model* model, uint32_t sae, pintle_sae_info* info) {
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  if (sae >= model->sae_count) return PINTLE_ERR_UNKNOWN_NAME;
  info->feature_count = model->saes[sae].feature_count;
  info->name = model->saes[sae].name;
  info->hook = model->saes[sae].hook_name;
  return PINTLE_OK;
}

pintle_status pintle_model_get_feature(const pintle_model* model, uint32_t sae, uint32_t feature,
                                       pintle_feature_info* info) {
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  if (sae >= model->sae_count || feature >= model->saes[sae].feature_count) {
    return PINTLE_ERR_UNKNOWN_NAME;
  }
  const internal::SaeView& view = model->saes[sae];
  pintle_feature_info result = PINTLE_FEATURE_INFO_INIT;
  result.label = "";
  size_t length;
  if (view.labels.present() && !view.labels.get(feature, &result.label, &length)) {
    return PINTLE_ERR_CORRUPT;
  }
  if (view.statistics != nullptr) {
    const float* row = view.statistics + static_cast<size_t>(feature) * internal::kStatistics;
    result.density = row[0];
    result.p50 = row[1];
    result.p95 = row[2];
    result.p99 = row[3];
    result.max = row[4];
  }
  *info = result;
  return PINTLE_OK;
}

pintle_status pintle_model_get_knob(const pintle_model* model, uint32_t knob,
                                    pintle_knob_info* info) {
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  if (knob >= model->knob_count) return PINTLE_ERR_UNKNOWN_NAME;
  const pintle::fb::Knob& table = *model->knobs[knob].table;
  info->attribute = table.attribute();
  info->name = table.name()->c_str();
  info->min_strength = table.min_strength();
  info->max_strength = table.max_strength();
  return PINTLE_OK;
}

pintle_status pintle_model_find_knob(const pintle_model* model, const char* name, uint32_t* knob) {
  if (model == nullptr || name == nullptr || knob == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  for (uint32_t i = 0; i < model->knob_count; ++i) {
    if (is_named(*model->knobs[i].table->name(), name)) {
      *knob = i;
      return PINTLE_OK;
    }
  }
  return PINTLE_ERR_UNKNOWN_NAME;
}

pintle_status pintle_model_find_preset(const pintle_model* model, const char* name,
                                       uint32_t* preset) {
  if (model == nullptr || name == nullptr || preset == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  const uint32_t count = model->presets == nullptr ? 0 : model->presets->size();
  for (uint32_t i = 0; i < count; ++i) {
    if (is_named(*model->presets->Get(i)->name(), name)) {
      *preset = i;
      return PINTLE_OK;
    }
  }
  return PINTLE_ERR_UNKNOWN_NAME;
}

pintle_status pintle_model_get_preset(const pintle_model* model, uint32_t preset,
                                      pintle_edit* edits, size_t capacity, size_t* count) {
  if (model == nullptr || count == nullptr || (edits == nullptr && capacity > 0)) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  if (model->presets == nullptr || preset >= model->presets->size()) {
    return PINTLE_ERR_UNKNOWN_NAME;
  }
  const pintle::fb::Preset& table = *model->presets->Get(preset);
  *count = table.knobs() == nullptr ? 0 : table.knobs()->size();
  for (uint32_t i = 0; i < *count && i < capacity; ++i) {
    edits[i] = {PINTLE_EDIT_KNOB, table.knobs()->Get(i), 0, 0, table.strengths()->Get(i)};
  }
  return PINTLE_OK;
}

pintle_status pintle_solve_share(pintle_session* session, const pintle_request* request,
                                 uint32_t knob, float target_share, float min_overlap,
                                 pintle_recommendation* scratch, pintle_recommendation* out,
                                 uint32_t* count, pintle_share_solution* solution) {
  if (session == nullptr || !is_request_valid(request) || !is_share(target_share) ||
      !is_share(min_overlap) || scratch == nullptr || out == nullptr || count == nullptr ||
      solution == nullptr) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return internal::solve_share(session, *request, knob, target_share, min_overlap, scratch, out,
                               count, solution);
}

pintle_status pintle_active_features(pintle_session* session, uint32_t sae,
                                     pintle_feature_value* out, size_t capacity, size_t* count) {
  if (session == nullptr || count == nullptr || (out == nullptr && capacity > 0)) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  PINTLE_TRY(check_explained(session, sae));
  internal::active_features(session, sae, out, capacity, count);
  return PINTLE_OK;
}

pintle_status pintle_explain_features(pintle_session* session, uint32_t sae, uint32_t item,
                                      pintle_feature_value* out, size_t capacity, size_t* count,
                                      float* score, float* remainder) {
  if (session == nullptr || count == nullptr || score == nullptr || remainder == nullptr ||
      (out == nullptr && capacity > 0)) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  PINTLE_TRY(check_explained(session, sae));
  return internal::explain_features(session, sae, item, out, capacity, count, score, remainder);
}

pintle_status pintle_explain_events(pintle_session* session, uint32_t item,
                                    pintle_event_effect* out, size_t capacity, size_t* count) {
  if (session == nullptr || count == nullptr || (out == nullptr && capacity > 0)) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  if (internal::session_event_count(*session) == 0) return PINTLE_ERR_EMPTY_HISTORY;
  return internal::explain_events(session, item, out, capacity, count);
}

pintle_status pintle_session_state(pintle_session* session, const char* hook, float* state) {
  if (session == nullptr || hook == nullptr || state == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (internal::session_event_count(*session) == 0) return PINTLE_ERR_EMPTY_HISTORY;
  const internal::Model& model = *session->model;
  pintle::fb::HookKind kind = pintle::fb::HookKind_Last;
  uint32_t layer = 0;
  if (!internal::parse_hook(hook, &kind, &layer) || layer >= model.layer_count) {
    return PINTLE_ERR_UNKNOWN_NAME;
  }
  internal::update_hidden(session);
  memcpy(state, internal::hook_state(*session, kind, layer), model.dim * sizeof(float));
  return PINTLE_OK;
}
