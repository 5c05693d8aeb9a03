// SPDX-License-Identifier: Apache-2.0
//
// read_model's part for SAEs, knobs and presets.
#include <math.h>

#include <new>

#include "runtime/model/read_model.h"
#include "runtime/model/table_reader.h"
#include "schema/hooks.h"
#include "schema/network_hash.h"

namespace pintle::internal {
namespace {

template <typename T>
Status allocate(const Allocator& allocator, uint32_t count, const Fault& fault, T** array) {
  if (count == 0) return PINTLE_OK;
  *array = allocator.allocate_zeroed<T>(count);
  if (*array == nullptr) return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for %u entries", count);
  for (uint32_t i = 0; i < count; ++i) new (&(*array)[i]) T();
  return PINTLE_OK;
}

Status read_sae(const fb::Sae& table, const TableReader& reader, const format::Sizes& sizes,
                const format::TensorName& name, const Fault& fault, const Model& model,
                SaeView* view) {
  const uint32_t features = table.feature_count();
  view->name = table.name() == nullptr ? "" : table.name()->c_str();
  view->hook = table.hook();
  view->layer = table.layer();
  view->activation = table.activation();
  view->feature_count = features;
  view->k = table.k();
  if (features == 0 || features > kMaxFeatures || view->hook > fb::HookKind_MAX ||
      view->activation > fb::SaeActivation_MAX ||
      (view->hook != fb::HookKind_Last && view->layer >= model.layer_count) ||
      (view->activation == fb::SaeActivation_TopK && (view->k == 0 || view->k > features))) {
    return fault(PINTLE_ERR_CORRUPT, "SAE %s: %u features, hook %d of block %u, k %u are not valid",
                 view->name, features, static_cast<int>(view->hook), view->layer, view->k);
  }
  format::print_hook(view->hook, view->layer, view->hook_name);
  PINTLE_TRY(reader.tensors<format::Sae>(table, sizes, name, view));
  if (table.labels() == nullptr) return PINTLE_OK;
  return reader.strings(table.labels(), features, name.child("labels"), &view->labels);
}

// Points of a curve: strengths ascending, rewards not negative, and nothing at 0.
Status read_rewards(const fb::Knob& table, const char* name, const Fault& fault, KnobView* view) {
  const uint32_t strengths =
      table.reward_strength() == nullptr ? 0 : table.reward_strength()->size();
  const uint32_t rewards = table.reward() == nullptr ? 0 : table.reward()->size();
  if (strengths == 0 && rewards == 0) return PINTLE_OK;
  bool valid = strengths == rewards && table.attribute() >= 0 && strengths > 1;
  bool has_zero = false;
  for (uint32_t i = 0; valid && i < strengths; ++i) {
    const float strength = table.reward_strength()->Get(i), reward = table.reward()->Get(i);
    valid = isfinite(strength) && isfinite(reward) && reward >= 0 &&
            (i == 0 || strength > table.reward_strength()->Get(i - 1)) &&
            (strength != 0 || reward == 0);
    has_zero = has_zero || strength == 0;
  }
  if (!valid || !has_zero) {
    return fault(PINTLE_ERR_CORRUPT,
                 "knob \"%s\": its rewards are no curve through 0 over ascending strengths", name);
  }
  view->reward_count = rewards;
  view->reward_strengths = table.reward_strength()->data();
  view->rewards = table.reward()->data();
  return PINTLE_OK;
}

Status read_knob(const fb::Knob& table, const Fault& fault, const Model& model, KnobView* view) {
  const char* name = table.name() == nullptr ? "" : table.name()->c_str();
  view->table = &table;
  view->feature_count = table.features() == nullptr ? 0 : table.features()->size();
  const uint32_t weights = table.weights() == nullptr ? 0 : table.weights()->size();
  const bool attribute_exists =
      table.attribute() >= -1 &&
      table.attribute() < static_cast<int64_t>(model.catalogue.attribute_count);
  if (name[0] == '\0' || weights != view->feature_count || !attribute_exists ||
      (view->feature_count > 0 && table.sae() >= model.sae_count)) {
    return fault(PINTLE_ERR_CORRUPT, "knob \"%s\": its SAE, features or attribute do not exist",
                 name);
  }
  bool finite = isfinite(table.attribute_bonus()) && isfinite(table.temperature()) &&
                table.temperature() > 0 && isfinite(table.min_strength()) &&
                isfinite(table.max_strength()) && table.min_strength() <= 0 &&
                table.max_strength() >= 0;
  for (uint32_t i = 0; i < view->feature_count; ++i) {
    if (table.features()->Get(i) >= model.saes[table.sae()].feature_count) {
      return fault(PINTLE_ERR_CORRUPT, "knob \"%s\": feature %u does not exist", name,
                   table.features()->Get(i));
    }
    finite = finite && isfinite(table.weights()->Get(i));
  }
  if (!finite) {
    return fault(PINTLE_ERR_CORRUPT, "knob \"%s\": a weight or its range is not valid", name);
  }
  if (view->feature_count > 0) {
    view->features = table.features()->data();
    view->weights = table.weights()->data();
  }
  if (table.attribute_bias() != 0) {
    return fault(PINTLE_ERR_UNSUPPORTED,
                 "knob \"%s\" re-weights scores, which no list does: label and convert again",
                 name);
  }
  return read_rewards(table, name, fault, view);
}

// Probabilities' temperature and the unit of wishes.
Status read_wishes(const fb::Model& root, const Fault& fault, Model* model) {
  model->temperature = root.temperature();
  if (model->temperature == 0) {
    model->temperature = model->knob_count > 0 ? model->knobs[0].table->temperature() : 1;
  }
  model->wish_unit = root.wish_unit() == 0 ? 0.01f : root.wish_unit();
  if (isfinite(model->temperature) && model->temperature > 0 && isfinite(model->wish_unit) &&
      model->wish_unit > 0) {
    return PINTLE_OK;
  }
  return fault(PINTLE_ERR_CORRUPT, "temperature %g or wish_unit %g is not above 0",
               static_cast<double>(model->temperature), static_cast<double>(model->wish_unit));
}

Status check_preset(const fb::Preset& table, const Fault& fault, const Model& model) {
  const uint32_t knobs = table.knobs() == nullptr ? 0 : table.knobs()->size();
  const uint32_t strengths = table.strengths() == nullptr ? 0 : table.strengths()->size();
  bool valid = table.name() != nullptr && knobs == strengths;
  for (uint32_t i = 0; valid && i < knobs; ++i) {
    valid = table.knobs()->Get(i) < model.knob_count && isfinite(table.strengths()->Get(i));
  }
  if (!valid) return fault(PINTLE_ERR_CORRUPT, "a preset names a knob that does not exist");
  return PINTLE_OK;
}

}  // namespace

Status read_saes(const fb::Model& root, const TableReader& reader, const Fault& fault,
                 Model* model) {
  const uint32_t saes = root.saes() == nullptr ? 0 : root.saes()->size();
  const uint32_t knobs = root.knobs() == nullptr ? 0 : root.knobs()->size();
  if (saes > kMaxSaes || knobs > kMaxKnobs) {
    return fault(PINTLE_ERR_UNSUPPORTED, "%u SAEs, %u knobs: the limits are %u, %u", saes, knobs,
                 kMaxSaes, kMaxKnobs);
  }
  PINTLE_TRY(allocate(model->allocator, saes, fault, &model->saes));
  model->sae_count = saes;
  const uint32_t hash = format::network_hash(root);
  model->network_hash = hash;
  const format::Sizes sizes = format::sizes_of(root);
  const format::TensorName name = format::TensorName().child("saes");
  for (uint32_t i = 0; i < saes; ++i) {
    const fb::Sae& table = *root.saes()->Get(i);
    PINTLE_TRY(read_sae(table, reader, format::sizes_of(sizes, table), name.child(i), fault, *model,
                        &model->saes[i]));
    if (table.network_hash() != hash) {
      return fault(PINTLE_ERR_OTHER_NETWORK,
                   "SAE %s was trained on network %08x, this file holds %08x: train it again",
                   model->saes[i].name, table.network_hash(), hash);
    }
    const uint32_t features = model->saes[i].feature_count;
    if (features > model->max_feature_count) model->max_feature_count = features;
  }
  PINTLE_TRY(allocate(model->allocator, knobs, fault, &model->knobs));
  model->knob_count = knobs;
  for (uint32_t i = 0; i < knobs; ++i) {
    PINTLE_TRY(read_knob(*root.knobs()->Get(i), fault, *model, &model->knobs[i]));
  }
  PINTLE_TRY(read_wishes(root, fault, model));
  model->presets = root.presets();
  for (uint32_t i = 0; model->presets != nullptr && i < model->presets->size(); ++i) {
    PINTLE_TRY(check_preset(*model->presets->Get(i), fault, *model));
  }
  return PINTLE_OK;
}

}  // namespace pintle::internal
