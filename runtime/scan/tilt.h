// SPDX-License-Identifier: Apache-2.0
//
// What a profile adds to the scores of one call: temperature * u, u the item's offset in nats of odds.
#ifndef PINTLE_RUNTIME_SCAN_TILT_H_
#define PINTLE_RUNTIME_SCAN_TILT_H_

#include <string.h>

#include "runtime/session/session.h"

namespace pintle::internal {

class Tilt {
 public:
  // None.
  Tilt() = default;
  // part: what the offsets are multiplied by, >= 0; 0: none. REQUIRES: the profile has its offsets (profile/offsets.h),
  // or is absent.
  Tilt(const Session& session, float part) {
    const ProfileState& profile = session.profile;
    if (!profile.present() || profile.touched_count + profile.term_count == 0) return;
    scale_ = part * session.model->temperature;
    if (!(scale_ > 0)) return;
    profile_ = &profile;
    most_ = scale_ * profile.most;
  }

  bool is_active() const { return profile_ != nullptr; }
  // Every item's is at or below it; at least 0.
  float most() const { return most_; }
  float of(uint32_t item) const {
    return is_active() ? scale_ * *profile_->offsets.at(item, 1) : 0;
  }
  // Of the panel_count panels from first_panel on, item by item, to out. REQUIRES: it is active.
  void of_panels(size_t first_panel, size_t panel_count, float* out) const {
    // Four at once, as compilers do it themselves only at -O3.
    typedef float Four __attribute__((vector_size(16)));
    const size_t count = panel_count * kPanelRows;
    const float* offsets = profile_->offsets.at(first_panel * kPanelRows, count);
    for (size_t i = 0; i < count; i += 4) {
      Four values;
      memcpy(&values, offsets + i, sizeof(values));
      values *= scale_;
      memcpy(out + i, &values, sizeof(values));
    }
  }

 private:
  const ProfileState* profile_ = nullptr;
  float scale_ = 0, most_ = 0;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_TILT_H_
