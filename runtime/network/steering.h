// SPDX-License-Identifier: Apache-2.0
//
// Edits of the sparse features, per call. A Steering is the caller's set, checked.
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
  // set: null for none. last: one more edit, after the set's; null for none. Both outlive this.
  Steering(const Model& model, const pintle_steering* set, const pintle_edit* last = nullptr)
      : model_(model),
        edits_(set == nullptr ? nullptr : set->edits),
        set_size_(set == nullptr ? 0 : set->edit_count),
        flags_(set == nullptr ? 0 : set->flags),
        last_(last) {}
  // PINTLE_OK if every edit is valid; the statuses are pintle_recommend's. REQUIRED before any use
  // of a set that came from outside.
  static Status check(const Model& model, const pintle_steering* set, const pintle_edit* last,
                      const Fault& fault);

  // Whether no state can change: no edits, or none that does anything.
  bool leaves_states() const;
  bool all_positions() const { return (flags_ & PINTLE_STEER_ALL_POSITIONS) != 0; }
  // The first stage that an edit touches. REQUIRES: !leaves_states().
  Stage first_stage() const;
  // Whether any edit touches this stage.
  bool touches(Stage stage) const;
  // Edits `state` [dim], in place, by every SAE of the stage.
  void edit(Stage stage, ProductScratch* product, SaeScratch* scratch, Span<float> state) const;

  // Calls visit(knob, strength) for every knob edit.
  template <typename Visit>
  void for_each_knob(const Visit& visit) const {
    for (size_t i = 0; i < size(); ++i) {
      const pintle_edit& edit = at(i);
      if (edit.kind == PINTLE_EDIT_KNOB) visit(model_.knobs[edit.target], edit.value);
    }
  }
  // The same, last edit first.
  template <typename Visit>
  void for_each_knob_backwards(const Visit& visit) const {
    for (size_t i = size(); i-- > 0;) {
      const pintle_edit& edit = at(i);
      if (edit.kind == PINTLE_EDIT_KNOB) visit(model_.knobs[edit.target], edit.value);
    }
  }

 private:
  size_t size() const { return set_size_ + (last_ == nullptr ? 0 : 1); }
  const pintle_edit& at(size_t i) const { return i < set_size_ ? edits_[i] : *last_; }
  bool replaces() const { return (flags_ & PINTLE_STEER_REPLACE) != 0; }
  // Calls visit(kind, feature, value, flags) for every edit of a feature of the SAE, in order;
  // a knob is an ADD on each of its features.
  template <typename Visit>
  void for_each_edit(uint32_t sae, const Visit& visit) const;
  bool touches_sae(uint32_t sae) const;
  void edit_by(uint32_t sae_index, ProductScratch* product, SaeScratch* scratch,
               Span<float> state) const;

  const Model& model_;
  const pintle_edit* edits_;
  size_t set_size_;
  uint32_t flags_;
  const pintle_edit* last_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_STEERING_H_
