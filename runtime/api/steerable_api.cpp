// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of what can be steered: SAEs, features, knobs, presets. Check arguments, call the
// core, nothing else.
#include "runtime/api/sized_structs.h"
#include "runtime/model/model.h"

namespace internal = pintle::internal;
using internal::is_sized;
using internal::Model;
using internal::model_of;

namespace {

// The number below `count` whose name_of is `name`.
template <typename NameOf>
pintle_status find_named(uint32_t count, const NameOf& name_of, const char* name, uint32_t* found) {
  for (uint32_t i = 0; i < count; ++i) {
    if (!internal::is_named(*name_of(i), name)) continue;
    *found = i;
    return PINTLE_OK;
  }
  return PINTLE_ERR_UNKNOWN_NAME;
}

}  // namespace

pintle_status pintle_model_get_sae(const pintle_model* handle, uint32_t sae,
                                   pintle_sae_info* info) {
  const Model* model = model_of(handle);
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  if (sae >= model->sae_count) return PINTLE_ERR_UNKNOWN_NAME;
  pintle_sae_info result = PINTLE_SAE_INFO_INIT;
  result.feature_count = model->saes[sae].feature_count;
  result.name = model->saes[sae].name;
  result.hook = model->saes[sae].hook_name;
  internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_model_get_feature(const pintle_model* handle, uint32_t sae, uint32_t feature,
                                       pintle_feature_info* info) {
  const Model* model = model_of(handle);
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
  internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_model_get_knob(const pintle_model* handle, uint32_t knob,
                                    pintle_knob_info* info) {
  const Model* model = model_of(handle);
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  if (knob >= model->knob_count) return PINTLE_ERR_UNKNOWN_NAME;
  const internal::KnobView& view = model->knobs[knob];
  pintle_knob_info result = PINTLE_KNOB_INFO_INIT;
  result.has_attribute = view.table->attribute() >= 0 ? 1 : 0;
  if (result.has_attribute != 0) {
    result.attribute = static_cast<uint32_t>(view.table->attribute());
  }
  result.sae = view.feature_count > 0 ? view.table->sae() : 0;
  result.name = view.table->name()->c_str();
  result.min_strength = view.table->min_strength();
  result.max_strength = view.table->max_strength();
  result.feature_count = view.feature_count;
  result.features = view.features;
  result.weights = view.weights;
  result.min_by_loss = view.table->min_by_loss();
  result.max_by_loss = view.table->max_by_loss();
  result.min_by_items = view.table->min_by_items();
  result.max_by_items = view.table->max_by_items();
  internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_model_find_knob(const pintle_model* handle, const char* name, uint32_t* knob) {
  const Model* model = model_of(handle);
  if (model == nullptr || name == nullptr || knob == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  return find_named(
      model->knob_count, [&](uint32_t i) { return model->knobs[i].table->name(); }, name, knob);
}

pintle_status pintle_model_get_preset(const pintle_model* handle, uint32_t preset,
                                      pintle_preset_info* info) {
  const Model* model = model_of(handle);
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  if (preset >= model->preset_count()) return PINTLE_ERR_UNKNOWN_NAME;
  const pintle::fb::Preset& table = *model->presets->Get(preset);
  pintle_preset_info result = PINTLE_PRESET_INFO_INIT;
  result.name = table.name()->c_str();
  result.edit_count = table.knobs() == nullptr ? 0 : table.knobs()->size();
  internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_model_get_preset_edits(const pintle_model* handle, uint32_t preset,
                                            pintle_edit* edits, size_t capacity) {
  const Model* model = model_of(handle);
  if (model == nullptr || (edits == nullptr && capacity > 0)) return PINTLE_ERR_INVALID_ARGUMENT;
  if (preset >= model->preset_count()) return PINTLE_ERR_UNKNOWN_NAME;
  const pintle::fb::Preset& table = *model->presets->Get(preset);
  const uint32_t count = table.knobs() == nullptr ? 0 : table.knobs()->size();
  for (uint32_t i = 0; i < count && i < capacity; ++i) {
    edits[i] = {PINTLE_EDIT_KNOB, table.knobs()->Get(i), 0, 0, table.strengths()->Get(i)};
  }
  return PINTLE_OK;
}

pintle_status pintle_model_find_preset(const pintle_model* handle, const char* name,
                                       uint32_t* preset) {
  const Model* model = model_of(handle);
  if (model == nullptr || name == nullptr || preset == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  return find_named(
      model->preset_count(), [&](uint32_t i) { return model->presets->Get(i)->name(); }, name,
      preset);
}
