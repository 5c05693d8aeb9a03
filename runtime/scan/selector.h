// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SCAN_SELECTOR_H_
#define PINTLE_RUNTIME_SCAN_SELECTOR_H_

#include "runtime/scan/eligibility.h"
#include "runtime/scan/tilt.h"
#include "runtime/scan/topk.h"

namespace pintle::internal {

// The end of every scan: takes scores of the network, drops what is not eligible and keeps the best. A
// scanner, whatever its order and layout, asks threshold() as often as it likes, may leave out every
// item whose score is at or below it, and offers the rest.
//
// With a tilt it keeps two lists: the best by score plus tilt, and the best by score alone, which says what the
// first one costs.
class Selector {
 public:
  // All outlive this. own: of an active tilt, else not looked at.
  Selector(const Eligibility& eligibility, TopK* best) : eligibility_(eligibility), best_(best) {}
  Selector(const Eligibility& eligibility, const Tilt& tilt, TopK* best, TopK* own)
      : eligibility_(eligibility),
        best_(best),
        tilt_(tilt.is_active() ? &tilt : nullptr),
        own_(tilt.is_active() ? own : nullptr) {}

  // No item whose score is at or below this can enter any more, if items come in ascending order; in
  // another order a score equal to it still can. NaN: every item can, as the kernels' comparisons take
  // it. Only ever rises.
  float threshold() const {
    const float best = best_->threshold();
    if (tilt_ == nullptr) return best;
    // Rounded so that what it leaves out stays out with its tilt, whose sum is rounded, too.
    const float tilted = best - tilt_->most() - kRounding * (fabsf(best) + tilt_->most());
    const float own = own_->threshold();
    return own < tilted || isnan(own) ? own : tilted;
  }
  bool has_tilt() const { return tilt_ != nullptr; }

  // Row r of the panel is offered if bit r of `mask` is set. REQUIRES: panels in ascending order.
  void offer_panel(size_t panel, uint32_t mask, const float* scores) {
    mask &= eligibility_.of_panel(panel);
    const uint32_t first = static_cast<uint32_t>(panel * kPanelRows);
    if (tilt_ != nullptr) return offer_tilted(first, mask, scores);
    for (; mask != 0; mask &= mask - 1) {
      const uint32_t row = static_cast<uint32_t>(__builtin_ctz(mask));
      if (best_->may_enter(scores[row])) best_->offer(first + row, scores[row]);
    }
  }
  // The same for one item, in any order of items; no item twice.
  void offer(uint32_t item, float score) {
    if (!eligibility_.of_item(item)) return;
    if (tilt_ != nullptr) {
      own_->offer(item, score);
      best_->offer(item, score + tilt_->of(item));
    } else {
      best_->offer(item, score);
    }
  }

 private:
  static constexpr float kRounding = 0x1p-22f;

  void offer_tilted(uint32_t first, uint32_t mask, const float* scores) {
    for (; mask != 0; mask &= mask - 1) {
      const uint32_t row = static_cast<uint32_t>(__builtin_ctz(mask));
      const uint32_t item = first + row;
      if (own_->may_enter(scores[row])) own_->offer(item, scores[row]);
      const float tilted = scores[row] + tilt_->of(item);
      if (best_->may_enter(tilted)) best_->offer(item, tilted);
    }
  }

  const Eligibility& eligibility_;
  TopK* best_;
  const Tilt* tilt_ = nullptr;
  TopK* own_ = nullptr;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_SELECTOR_H_
