// SPDX-License-Identifier: Apache-2.0
//
// The trust region of a profile: how much of the list without it a list with it keeps.
#ifndef PINTLE_RUNTIME_SCAN_TRUST_H_
#define PINTLE_RUNTIME_SCAN_TRUST_H_

#include "runtime/scan/scoring.h"
#include "runtime/scan/tilt.h"

namespace pintle::internal {

// Tries whole offsets, then smaller and smaller parts of them, at last none, until the list that they make is
// inside the region:
//
//   sum over ranks r <= n of exp(s_r / T) / log2(r + 1)  >=  trust * the same of the list without offsets,
//
// s the network's scores, T its temperature, n = min(k, PINTLE_LIST_K): expected DCG but for a factor. It holds
// for every list, whatever the profile has in it.
class TrustRegion {
 public:
  TrustRegion(Session* session, const Audience& audience)
      : session_(session), part_(audience.has_profile ? 1.0f : 0.0f), tilt_(make()) {}

  const Tilt& tilt() const { return tilt_; }
  // Whether the list found with tilt() is inside; else tilt() is a smaller one, and the list is to be found again.
  // own, tilted: [count], best first, the network's scores.
  bool holds(const pintle_recommendation* own, const pintle_recommendation* tilted, size_t count) {
    if (!tilt_.is_active()) return true;
    const double trust = static_cast<double>(session_->profile.options.trust);
    if (own_worth_ < 0) own_worth_ = worth(own, own, count);
    if (worth(tilted, own, count) >= trust * own_worth_) return true;
    part_ = part_ > kLeastPart ? part_ / 2 : 0;
    tilt_ = make();
    return false;
  }

 private:
  static constexpr float kLeastPart = 0.1f;

  Tilt make() const {
    return part_ > 0 ? Tilt(*session_, part_ * session_->profile.options.strength) : Tilt();
  }
  double worth(const pintle_recommendation* list, const pintle_recommendation* own,
               size_t count) const {
    double sum = 0;
    for (size_t r = 0; r < count && r < PINTLE_LIST_K; ++r) {
      const float part = expf((list[r].score - own[0].score) / session_->model->temperature);
      sum += static_cast<double>(part) * *session_->list.discounts.at(r, 1);
    }
    return sum;
  }

  Session* const session_;
  double own_worth_ = -1;  // not known yet
  float part_;
  Tilt tilt_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_TRUST_H_
