// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SCAN_SELECTOR_H_
#define PINTLE_RUNTIME_SCAN_SELECTOR_H_

#include "runtime/scan/eligibility.h"
#include "runtime/scan/knob_scores.h"
#include "runtime/scan/topk.h"

namespace pintle::internal {

// The end of every scan: takes scores of the network, drops what is not eligible, adds what knobs add
// and keeps the best. A scanner, whatever its order and layout, asks threshold() as often as it
// likes, may leave out every item whose network score is at or below it, and offers the rest.
class Selector {
 public:
  // All outlive this.
  Selector(const Eligibility& eligibility, const KnobScores& knobs, TopK* best)
      : eligibility_(eligibility), knobs_(knobs), best_(best) {}

  // No item whose network score is at or below this can enter any more, if items come in ascending
  // order; in another order a score equal to it still can. NaN: every item can, as the kernels'
  // comparisons take it. Only ever rises.
  float threshold() {
    const float score = best_->threshold();
    if (score != threshold_) {  // so is NaN from itself: there is room
      threshold_ = score;
      bound_ = knobs_.bound(score);
    }
    return bound_;
  }

  // Row r of the panel is offered if bit r of `mask` is set. REQUIRES: panels in ascending order.
  void offer_panel(size_t panel, uint32_t mask, const float* scores) {
    mask &= eligibility_.of_panel(panel);
    if (mask == 0) return;
    const bool walks = knobs_.is_active() && knobs_.can_walk();
    const uint32_t steered = walks ? knobs_.walk_to(panel, &walk_) : 0;
    for (; mask != 0; mask &= mask - 1) {
      const int row = __builtin_ctz(mask);
      const uint32_t item = static_cast<uint32_t>(panel * kPanelRows) + static_cast<uint32_t>(row);
      float score = scores[row];
      if ((steered >> row & 1) != 0) score = knobs_.apply(walk_, row, score);
      if (!walks) score = knobs_.apply(item, score);
      if (best_->may_enter(score)) best_->offer(item, score);
    }
  }
  // The same for one item, in any order of items; no item twice.
  void offer(uint32_t item, float score) {
    if (eligibility_.of_item(item)) best_->offer(item, knobs_.apply(item, score));
  }

 private:
  const Eligibility& eligibility_;
  const KnobScores& knobs_;
  TopK* best_;
  KnobScores::Walk walk_;
  float threshold_ = NAN, bound_ = NAN;  // the latest of best_, and what it means for the network's
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_SELECTOR_H_
