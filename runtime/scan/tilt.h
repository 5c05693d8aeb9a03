// SPDX-License-Identifier: Apache-2.0
//
// What a profile adds to the scores of one call: temperature * u, u the item's offset in nats of odds
// (profile/learn.h). Offsets are not stored item by item: a scan asks for those of the few items that could
// enter the list with the largest one.
#ifndef PINTLE_RUNTIME_SCAN_TILT_H_
#define PINTLE_RUNTIME_SCAN_TILT_H_

#include <math.h>

#include "runtime/session/session.h"

namespace pintle::internal {

// No item's |u| is above it: odds change by a factor of 150 at most, whatever feedback a profile holds.
inline constexpr float kLargestOffset = 5;

class Tilt {
 public:
  // None.
  Tilt() = default;
  // part: what the offsets are multiplied by, >= 0; 0: none. REQUIRES: the profile is learned (profile/learn.h), or absent.
  Tilt(const Session& session, float part) {
    const ProfileState& profile = session.profile;
    if (!profile.present() || profile.touched_count + profile.term_count == 0) return;
    scale_ = part * session.model->temperature;
    if (!(scale_ > 0)) return;
    profile_ = &profile;
    catalogue_ = &session.model->catalogue;
    most_ = scale_ * profile.most;
  }

  bool is_active() const { return profile_ != nullptr; }
  // Every item's is at or below it; at least 0.
  float most() const { return most_; }
  float of(uint32_t item) const {
    return is_active() ? scale_ * offset(*profile_, *catalogue_, item) : 0;
  }

  // An item's u.
  static float offset(const ProfileState& profile, const Catalogue& catalogue, uint32_t item) {
    float sum = 0;
    const uint32_t* attributes = nullptr;
    size_t count = 0;
    if (catalogue.get_attributes(item, &attributes, &count) == PINTLE_OK) {
      const uint8_t* memberships = catalogue.memberships_of(item);
      for (size_t i = 0; i < count; ++i) {
        const float weight = *profile.weights.at(attributes[i], 1);
        sum += memberships == nullptr ? weight
                                      : weight * static_cast<float>(memberships[i]) * (1 / 15.0f);
      }
    }
    if ((*profile.has_term.at(item / 64, 1) >> item % 64 & 1) != 0) sum += term(profile, item);
    return fminf(fmaxf(sum, -kLargestOffset), kLargestOffset);
  }

 private:
  static float term(const ProfileState& profile, uint32_t item) {
    const ItemTerm* terms = profile.terms.front(profile.term_count);
    uint32_t low = 0, high = profile.term_count;
    while (low + 1 < high) {
      const uint32_t middle = (low + high) / 2;
      (terms[middle].item <= item ? low : high) = middle;
    }
    return static_cast<float>(static_cast<double>(terms[low].weight) / kFixedOne);
  }

  const ProfileState* profile_ = nullptr;
  const Catalogue* catalogue_ = nullptr;
  float scale_ = 0, most_ = 0;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_TILT_H_
