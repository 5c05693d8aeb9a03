// SPDX-License-Identifier: Apache-2.0
//
// What a call does to the states that hooks pass: edits of the sparse features, the caller's set,
// checked; or one shift.
#ifndef PINTLE_RUNTIME_NETWORK_STEERING_H_
#define PINTLE_RUNTIME_NETWORK_STEERING_H_

#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// Hooks in the order in which the network passes them.
using Stage = uint32_t;
inline Stage mlp_stage(uint32_t layer) { return 2 * layer; }
inline Stage block_stage(uint32_t layer) { return 2 * layer + 1; }
inline Stage last_stage(const Model& model) { return 2 * model.layer_count; }
inline Stage stage_of(const Model& model, const SaeView& sae) {
  if (sae.hook == fb::HookKind_Last) return last_stage(model);
  return sae.hook == fb::HookKind_Mlp ? mlp_stage(sae.layer) : block_stage(sae.layer);
}

class Steering {
 public:
  // set: null for none; outlives this.
  Steering(const Model& model, const pintle_steering* set)
      : model_(model),
        edits_(set == nullptr ? nullptr : set->edits),
        size_(set == nullptr ? 0 : set->edit_count),
        flags_(set == nullptr ? 0 : set->flags) {}
  // The newest position's state at `stage` moved by `shift` [dim], which outlives this.
  Steering(const Model& model, Stage stage, const float* shift)
      : model_(model), shift_(shift), shift_stage_(stage) {}
  // PINTLE_OK if every edit is valid; the statuses are pintle_recommend's. REQUIRED before any use
  // of a set that came from outside.
  static Status check(const Model& model, const pintle_steering* set, const Fault& fault);

  // Whether no state can change: no edits, or none that does anything.
  bool leaves_states() const;
  bool all_positions() const { return (flags_ & PINTLE_STEER_ALL_POSITIONS) != 0; }
  // The first stage that an edit touches. REQUIRES: !leaves_states().
  Stage first_stage() const;
  // Whether any edit touches this stage.
  bool touches(Stage stage) const;
  // Edits `state` [dim], in place, by every SAE of the stage.
  void edit(Stage stage, ProductScratch* product, SaeScratch* scratch, Span<float> state) const;

  // Calls visit(its place among the edits, knob, strength) for every knob edit.
  template <typename Visit>
  void for_each_knob(const Visit& visit) const {
    for (size_t i = 0; i < size_; ++i) {
      const pintle_edit& edit = edits_[i];
      if (edit.kind != PINTLE_EDIT_KNOB) continue;
      visit(static_cast<uint32_t>(i), model_.knobs[edit.target], edit.value);
    }
  }

 private:
  bool replaces() const { return (flags_ & PINTLE_STEER_REPLACE) != 0; }
  // Calls visit(kind, feature, value, flags) for every edit of a feature of the SAE, in order;
  // a knob is an ADD on each of its features.
  template <typename Visit>
  void for_each_edit(uint32_t sae, const Visit& visit) const;
  bool touches_sae(uint32_t sae) const;
  void edit_by(uint32_t sae_index, ProductScratch* product, SaeScratch* scratch,
               Span<float> state) const;

  const Model& model_;
  const pintle_edit* edits_ = nullptr;
  size_t size_ = 0;
  uint32_t flags_ = 0;
  const float* shift_ = nullptr;  // null: edits
  Stage shift_stage_ = 0;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_STEERING_H_
