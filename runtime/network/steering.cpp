// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/steering.h"

#include <math.h>
#include <string.h>

#include "runtime/network/sae.h"

namespace pintle::internal {
namespace {

constexpr uint32_t kSetFlags = PINTLE_STEER_REPLACE | PINTLE_STEER_ALL_POSITIONS;
constexpr uint32_t kEditFlags = PINTLE_EDIT_ONLY_ACTIVE | PINTLE_EDIT_CALIBRATED;

float apply(uint32_t kind, float activation, float value) {
  switch (kind) {
    case PINTLE_EDIT_ADD:
      return activation + value;
    case PINTLE_EDIT_SET:
      return value;
    case PINTLE_EDIT_SCALE:
      return activation * value;
    case PINTLE_EDIT_CLAMP_MIN:
      return activation < value ? value : activation;
    case PINTLE_EDIT_CLAMP_MAX:
      return activation > value ? value : activation;
    default:  // PINTLE_EDIT_ABLATE
      return 0;
  }
}

Status check_knob_edit(const Model& model, const pintle_edit& edit, size_t index,
                       const Fault& fault) {
  if (edit.sae != 0 || edit.flags != 0) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "edit %zu: a knob's edit has no SAE and no flags",
                 index);
  }
  if (edit.target >= model.knob_count) {
    return fault(PINTLE_ERR_UNKNOWN_NAME, "edit %zu: knob %u, of a model with %u", index,
                 edit.target, model.knob_count);
  }
  const fb::Knob& knob = *model.knobs[edit.target].table;
  if (edit.value >= knob.min_strength() && edit.value <= knob.max_strength()) return PINTLE_OK;
  return fault(PINTLE_ERR_OUT_OF_RANGE,
               "edit %zu: strength %g of the knob %s, whose range is %g to %g", index,
               static_cast<double>(edit.value), knob.name()->c_str(),
               static_cast<double>(knob.min_strength()), static_cast<double>(knob.max_strength()));
}

// index: the edit's in its set, for the words.
Status check_edit(const Model& model, const pintle_edit& edit, size_t index, const Fault& fault) {
  if (edit.kind > PINTLE_EDIT_CLAMP_MAX || (edit.flags & ~kEditFlags) != 0) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "edit %zu: unknown kind %u or flags 0x%x", index,
                 edit.kind, edit.flags);
  }
  if (edit.kind != PINTLE_EDIT_ABLATE && !isfinite(edit.value)) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "edit %zu: the value is not finite", index);
  }
  if (edit.kind == PINTLE_EDIT_KNOB) return check_knob_edit(model, edit, index, fault);
  if (edit.sae >= model.sae_count) {
    return fault(PINTLE_ERR_UNKNOWN_NAME, "edit %zu: SAE %u, of a model with %u", index, edit.sae,
                 model.sae_count);
  }
  const SaeView& sae = model.saes[edit.sae];
  if (edit.target >= sae.feature_count) {
    return fault(PINTLE_ERR_UNKNOWN_NAME, "edit %zu: feature %u, of an SAE with %u", index,
                 edit.target, sae.feature_count);
  }
  if ((edit.flags & PINTLE_EDIT_CALIBRATED) != 0 &&
      (edit.kind == PINTLE_EDIT_SCALE || sae.statistics == nullptr)) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT,
                 "edit %zu: CALIBRATED goes with no SCALE, and needs the SAE's statistics", index);
  }
  return PINTLE_OK;
}

float raw_value(const SaeView& sae, const pintle_edit& edit) {
  if ((edit.flags & PINTLE_EDIT_CALIBRATED) == 0) return edit.value;
  return edit.value * sae.statistics[edit.target * kStatistics + 2];  // the 95th percentile
}

}  // namespace

Status Steering::check(const Model& model, const pintle_steering* set, const Fault& fault) {
  if (set == nullptr) return PINTLE_OK;
  if ((set->flags & ~kSetFlags) != 0 || (set->edits == nullptr && set->edit_count > 0)) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT,
                 "the steering has unknown flags (0x%x), or %zu edits at a null pointer",
                 set->flags, set->edit_count);
  }
  for (size_t i = 0; i < set->edit_count; ++i) {
    PINTLE_TRY(check_edit(model, set->edits[i], i, fault));
  }
  return PINTLE_OK;
}

template <typename Visit>
void Steering::for_each_edit(uint32_t sae, const Visit& visit) const {
  for (size_t i = 0; i < size_; ++i) {
    const pintle_edit& edit = edits_[i];
    if (edit.kind != PINTLE_EDIT_KNOB) {
      if (edit.sae == sae) {
        visit(edit.kind, edit.target, raw_value(model_.saes[sae], edit), edit.flags);
      }
      continue;
    }
    const KnobView& knob = model_.knobs[edit.target];
    if (knob.feature_count == 0 || knob.table->sae() != sae) continue;
    for (uint32_t f = 0; f < knob.feature_count; ++f) {
      visit(static_cast<uint32_t>(PINTLE_EDIT_ADD), knob.features[f], edit.value * knob.weights[f],
            0u);
    }
  }
}

bool Steering::leaves_states() const {
  bool idle = shift_ == nullptr;
  for (uint32_t sae = 0; idle && sae < model_.sae_count; ++sae) {
    for_each_edit(sae, [&](uint32_t kind, uint32_t, float value, uint32_t) {
      const bool no_op =
          (kind == PINTLE_EDIT_ADD && value == 0) || (kind == PINTLE_EDIT_SCALE && value == 1);
      idle = idle && no_op && !replaces();
    });
  }
  return idle;
}

bool Steering::touches_sae(uint32_t sae) const {
  bool found = false;
  for_each_edit(sae, [&](uint32_t, uint32_t, float, uint32_t) { found = true; });
  return found;
}

Stage Steering::first_stage() const {
  if (shift_ != nullptr) return shift_stage_;
  Stage first = last_stage(model_);
  for (uint32_t sae = 0; sae < model_.sae_count; ++sae) {
    const Stage stage = stage_of(model_, model_.saes[sae]);
    if (stage < first && touches_sae(sae)) first = stage;
  }
  return first;
}

bool Steering::touches(Stage stage) const {
  if (shift_ != nullptr) return stage == shift_stage_;
  for (uint32_t sae = 0; sae < model_.sae_count; ++sae) {
    if (stage_of(model_, model_.saes[sae]) == stage && touches_sae(sae)) return true;
  }
  return false;
}

void Steering::edit(Stage stage, ProductScratch* product, SaeScratch* scratch,
                    Span<float> state) const {
  if (shift_ != nullptr) {
    return model_.kernels.axpy_f32(1, shift_, model_.dim, state.front(model_.dim));
  }
  for (uint32_t sae = 0; sae < model_.sae_count; ++sae) {
    if (stage_of(model_, model_.saes[sae]) == stage && touches_sae(sae)) {
      edit_by(sae, product, scratch, state);
    }
  }
}

void Steering::edit_by(uint32_t sae_index, ProductScratch* product, SaeScratch* scratch,
                       Span<float> state) const {
  const SaeView& sae = model_.saes[sae_index];
  const KernelTable& kernels = model_.kernels;
  const size_t count = sae.feature_count, padded = sae.encoder.weight.panel_count() * kPanelRows;
  bool reads_activations = replaces();
  for_each_edit(sae_index, [&](uint32_t kind, uint32_t, float, uint32_t flags) {
    reads_activations = reads_activations || kind != PINTLE_EDIT_ADD || flags != 0;
  });
  // Plain ADDs need no encoder; the other edits need the rows that they touch, or all of them.
  const bool encodes_all = replaces() || (reads_activations && !sae_is_separable(sae));
  const Span<float> features = scratch->features.part(0, padded);
  float* original = features.front(count);
  float* edited = scratch->edited.front(count);
  if (encodes_all) {
    sae_encode(kernels, sae, state.front(model_.dim), product, scratch, features);
  }

  uint32_t touched_count = 0;
  uint32_t* touched = scratch->order.front(count);            // a feature is marked once
  uint64_t* marks = scratch->marks.front((count + 63) / 64);  // all zero between calls
  for_each_edit(sae_index, [&](uint32_t, uint32_t feature, float, uint32_t) {
    const uint64_t bit = uint64_t{1} << (feature % 64);
    if ((marks[feature / 64] & bit) != 0) return;
    marks[feature / 64] |= bit;
    touched[touched_count++] = feature;
  });
  if (!encodes_all && reads_activations) {
    sae_encode_rows(kernels, sae, touched, touched_count, state.front(model_.dim), product,
                    features);
  }
  for (uint32_t i = 0; i < touched_count; ++i) {
    float& activation = original[touched[i]];
    if (!reads_activations) activation = 0;
    edited[touched[i]] = activation;
  }
  for_each_edit(sae_index, [&](uint32_t kind, uint32_t feature, float value, uint32_t flags) {
    if ((flags & PINTLE_EDIT_ONLY_ACTIVE) != 0 && !(original[feature] > 0)) return;
    edited[feature] = apply(kind, edited[feature], value);
  });

  if (replaces()) {
    memcpy(state.front(model_.dim), sae.decoder_bias, model_.dim * sizeof(float));
    for (uint32_t i = 0; i < touched_count; ++i) original[touched[i]] = edited[touched[i]];
    for (uint32_t feature = 0; feature < sae.feature_count; ++feature) {
      if (original[feature] != 0) {
        sae_add_row(kernels, sae, feature, original[feature], scratch, state);
      }
    }
  } else {
    for (uint32_t i = 0; i < touched_count; ++i) {
      const float delta = edited[touched[i]] - original[touched[i]];
      if (delta != 0) sae_add_row(kernels, sae, touched[i], delta, scratch, state);
    }
  }
  for (uint32_t i = 0; i < touched_count; ++i) marks[touched[i] / 64] = 0;
}

}  // namespace pintle::internal
