// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SCAN_SELECTOR_H_
#define PINTLE_RUNTIME_SCAN_SELECTOR_H_

#include "runtime/scan/eligibility.h"
#include "runtime/scan/topk.h"

namespace pintle::internal {

// The end of every scan: takes scores of the network, drops what is not eligible and keeps the best. A
// scanner, whatever its order and layout, asks threshold() as often as it likes, may leave out every
// item whose score is at or below it, and offers the rest.
class Selector {
 public:
  // Both outlive this.
  Selector(const Eligibility& eligibility, TopK* best) : eligibility_(eligibility), best_(best) {}

  // No item whose score is at or below this can enter any more, if items come in ascending order; in
  // another order a score equal to it still can. NaN: every item can, as the kernels' comparisons take
  // it. Only ever rises.
  float threshold() const { return best_->threshold(); }

  // Row r of the panel is offered if bit r of `mask` is set. REQUIRES: panels in ascending order.
  void offer_panel(size_t panel, uint32_t mask, const float* scores) {
    mask &= eligibility_.of_panel(panel);
    for (; mask != 0; mask &= mask - 1) {
      const int row = __builtin_ctz(mask);
      if (!best_->may_enter(scores[row])) continue;
      best_->offer(static_cast<uint32_t>(panel * kPanelRows) + static_cast<uint32_t>(row),
                   scores[row]);
    }
  }
  // The same for one item, in any order of items; no item twice.
  void offer(uint32_t item, float score) {
    if (eligibility_.of_item(item)) best_->offer(item, score);
  }

 private:
  const Eligibility& eligibility_;
  TopK* best_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_SELECTOR_H_
