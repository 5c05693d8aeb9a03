// SPDX-License-Identifier: Apache-2.0
#include "converter/features/model_overlay.h"

#include <algorithm>
#include <limits>

namespace pintle::converter {
namespace {

constexpr float kNoLimit = std::numeric_limits<float>::max();

// What a knob adds to scores, and its range.
flatbuffers::DetachedBuffer knob_table(const char* name, int32_t attribute, uint32_t sae,
                                       float bias, float bonus, float temperature) {
  flatbuffers::FlatBufferBuilder builder;
  const auto text = builder.CreateString(name);
  fb::KnobBuilder knob(builder);
  knob.add_name(text);
  knob.add_attribute(attribute);
  knob.add_sae(sae);
  knob.add_attribute_bias(bias);
  knob.add_attribute_bonus(bonus);
  knob.add_temperature(temperature);
  knob.add_min_strength(-kNoLimit);
  knob.add_max_strength(kNoLimit);
  builder.Finish(knob.Finish());
  return builder.Release();
}

}  // namespace

ModelOverlay::ModelOverlay(const pintle_model* model)
    : overlay_(*model),
      saes_(model->saes, model->saes + model->sae_count),
      knobs_(model->knobs, model->knobs + model->knob_count) {
  overlay_.saes = saes_.data();
  overlay_.knobs = knobs_.data();
}

pintle_edit ModelOverlay::add_knob(const internal::KnobView& knob) {
  knobs_.push_back(knob);
  knobs_.back().table = flatbuffers::GetRoot<fb::Knob>(tables_.back().data());
  overlay_.knobs = knobs_.data();
  overlay_.knob_count = static_cast<uint32_t>(knobs_.size());
  return {PINTLE_EDIT_KNOB, overlay_.knob_count - 1, 0, 0, 1};
}

pintle_edit ModelOverlay::add_unbounded(uint32_t knob) {
  const internal::KnobView original = knobs_[knob];
  const fb::Knob& table = *original.table;
  tables_.push_back(knob_table(table.name()->c_str(), table.attribute(), table.sae(),
                               table.attribute_bias(), table.attribute_bonus(),
                               table.temperature()));
  return add_knob(original);
}

pintle_edit ModelOverlay::add_reweighting(uint32_t attribute) {
  tables_.push_back(knob_table("reweight", static_cast<int32_t>(attribute), 0, 1, 0, 1));
  return add_knob({});
}

pintle_edit ModelOverlay::add_direction(const Hook& hook, const std::vector<float>& direction) {
  rows_.push_back(direction);
  internal::SaeView sae{};
  sae.hook = hook_kind(hook.place);
  sae.layer = static_cast<uint32_t>(hook.index);
  sae.feature_count = 1;
  sae.activation = fb::SaeActivation_Relu;
  sae.name = "direction";
  // Only ADD may be used: there is no encoder.
  sae.decoder.data = reinterpret_cast<const uint8_t*>(rows_.back().data());
  sae.decoder.rows = 1;
  sae.decoder.cols = overlay_.dim;
  sae.decoder.dtype = fb::DType_F32;
  sae.decoder.layout = fb::Layout_Rows;
  saes_.push_back(sae);
  overlay_.saes = saes_.data();
  overlay_.sae_count = static_cast<uint32_t>(saes_.size());
  overlay_.max_feature_count = std::max(overlay_.max_feature_count, 1u);
  return {PINTLE_EDIT_ADD, 0, overlay_.sae_count - 1, 0, 1};
}

}  // namespace pintle::converter
