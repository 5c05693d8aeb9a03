// SPDX-License-Identifier: Apache-2.0
#include "support/reference_steering.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/reference_forward.h"

namespace pintle::test {

using converter::Hook;
using converter::SaeActivation;
using converter::SaeWeights;
using Vector = std::vector<double>;

Vector reference_features(const SaeWeights& sae, const Vector& state) {
  Vector pre(static_cast<size_t>(sae.dict));
  for (int64_t f = 0; f < sae.dict; ++f) {
    pre[f] = sae.encoder_bias[f];
    for (int64_t c = 0; c < sae.dim; ++c) pre[f] += double{sae.encoder.row(f)[c]} * state[c];
  }
  Vector features(pre.size());
  std::vector<size_t> order(pre.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (sae.activation == SaeActivation::kTopK) {
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return pre[a] > pre[b]; });
    order.resize(static_cast<size_t>(sae.k));
  }
  for (const size_t f : order) {
    const bool jumps = sae.activation == SaeActivation::kJumpRelu && !(pre[f] > sae.threshold[f]);
    features[f] = jumps ? 0 : std::max(pre[f], 0.0);
  }
  return features;
}

namespace {

struct FeatureEdit {
  uint32_t kind, feature, flags;
  double value;
};

// The edits of one SAE, knobs spelt out and calibrated values in the feature's own units.
std::vector<FeatureEdit> edits_of(const TinyModel& model, uint32_t sae,
                                  const pintle_steering& steering) {
  std::vector<FeatureEdit> edits;
  for (size_t i = 0; i < steering.edit_count; ++i) {
    const pintle_edit& edit = steering.edits[i];
    if (edit.kind == PINTLE_EDIT_KNOB) {
      const converter::Knob& knob = model.interpretation.knobs[edit.target];
      if (knob.sae != sae) continue;
      for (const auto& [feature, weight] : knob.features) {
        edits.push_back({PINTLE_EDIT_ADD, feature, 0, double{edit.value} * weight});
      }
    } else if (edit.sae == sae) {
      const bool is_calibrated = (edit.flags & PINTLE_EDIT_CALIBRATED) != 0;
      const double unit =
          is_calibrated ? model.interpretation.saes[sae].statistics[edit.target].p95 : 1.0f;
      edits.push_back({edit.kind, edit.target, edit.flags, edit.value * unit});
    }
  }
  return edits;
}

double apply(const FeatureEdit& edit, double f) {
  switch (edit.kind) {
    case PINTLE_EDIT_ADD:
      return f + edit.value;
    case PINTLE_EDIT_SET:
      return edit.value;
    case PINTLE_EDIT_SCALE:
      return f * edit.value;
    case PINTLE_EDIT_CLAMP_MIN:
      return std::max(f, edit.value);
    case PINTLE_EDIT_CLAMP_MAX:
      return std::min(f, edit.value);
    default:
      return 0;
  }
}

Vector decode(const SaeWeights& sae, const Vector& features) {
  Vector state(sae.decoder_bias.begin(), sae.decoder_bias.end());
  for (int64_t f = 0; f < sae.dict; ++f) {
    for (int64_t c = 0; c < sae.dim; ++c) state[c] += features[f] * sae.decoder.row(f)[c];
  }
  return state;
}

void edit_state(const SaeWeights& sae, const std::vector<FeatureEdit>& edits, bool replace,
                Vector* state) {
  if (edits.empty()) return;
  const Vector original = reference_features(sae, *state);
  Vector edited = original;
  for (const FeatureEdit& edit : edits) {
    if ((edit.flags & PINTLE_EDIT_ONLY_ACTIVE) != 0 && original[edit.feature] == 0) continue;
    edited[edit.feature] = apply(edit, edited[edit.feature]);
  }
  const Vector after = decode(sae, edited), before = decode(sae, original);
  for (size_t c = 0; c < state->size(); ++c) {
    (*state)[c] = replace ? after[c] : (*state)[c] + after[c] - before[c];
  }
}

converter::HookVisitor steer_with(const TinyModel& model, const pintle_steering& steering) {
  return [&model, &steering](const Hook& hook, bool is_newest, Vector* state) {
    if (!is_newest && (steering.flags & PINTLE_STEER_ALL_POSITIONS) == 0) return;
    for (uint32_t i = 0; i < model.interpretation.saes.size(); ++i) {
      const SaeWeights& sae = model.interpretation.saes[i].weights;
      if (sae.hook == hook) {
        edit_state(sae, edits_of(model, i, steering), (steering.flags & PINTLE_STEER_REPLACE) != 0,
                   state);
      }
    }
  };
}

}  // namespace

Vector reference_steered_state(const TinyModel& model, const std::vector<uint32_t>& history,
                               const pintle_steering& steering) {
  return converter::reference_state(model.network, wide(history), steer_with(model, steering));
}

Vector reference_steered_scores(const TinyModel& model, const std::vector<uint32_t>& history,
                                const pintle_steering& steering) {
  return converter::reference_scores(model.network, wide(history), steer_with(model, steering));
}

Vector reference_hook_state(const TinyModel& model, const std::vector<uint32_t>& history,
                            const Hook& hook) {
  Vector found;
  converter::reference_state(model.network, wide(history),
                             [&](const Hook& passed, bool is_newest, Vector* state) {
                               if (is_newest && passed == hook) found = *state;
                             });
  return found;
}

}  // namespace pintle::test
