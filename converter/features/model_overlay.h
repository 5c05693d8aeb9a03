// SPDX-License-Identifier: Apache-2.0
//
// A model that shares an open file's memory and has more to steer by than the file: the baselines
// that knobs are compared with, as if they were knobs.
#ifndef PINTLE_CONVERTER_FEATURES_MODEL_OVERLAY_H_
#define PINTLE_CONVERTER_FEATURES_MODEL_OVERLAY_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "converter/network/hook.h"
#include "pintle/pintle.h"
#include "runtime/model/model.h"

namespace pintle::converter {

class ModelOverlay {
 public:
  // `model` must outlive this.
  explicit ModelOverlay(const pintle_model* model);
  ModelOverlay(const ModelOverlay&) = delete;
  ModelOverlay& operator=(const ModelOverlay&) = delete;

  // The additions give edits of strength 1, to be scaled. REQUIRES: before get() is first used.
  //
  // A knob of the file, its range as wide as numbers are.
  pintle_edit add_unbounded(uint32_t knob);
  // Adds the strength to the score of every item that has the attribute.
  pintle_edit add_reweighting(uint32_t attribute);
  // Adds strength * direction [dim] to the state at the hook. Only for delta mode.
  pintle_edit add_direction(const Hook& hook, const std::vector<float>& direction);

  const pintle_model* get() const { return &overlay_; }

 private:
  pintle_edit add_knob(const internal::KnobView& knob);

  pintle_model overlay_;
  std::vector<internal::SaeView> saes_;
  std::vector<internal::KnobView> knobs_;
  std::deque<flatbuffers::DetachedBuffer> tables_;
  std::deque<std::vector<float>> rows_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_MODEL_OVERLAY_H_
