// SPDX-License-Identifier: Apache-2.0
//
// Which rows of a block of panels are above a threshold.
#ifndef PINTLE_RUNTIME_LISTS_PANEL_MASKS_H_
#define PINTLE_RUNTIME_LISTS_PANEL_MASKS_H_

#include <string.h>

#include "runtime/model/model.h"

namespace pintle::internal {

template <size_t kBlock>
struct PanelMasks {
  uint16_t of[kBlock + 3];

  // Of panels [0, count), those above the threshold; zeros up to a whole four.
  void find(const Model& model, float* scores, size_t count, float threshold) {
    model.kernels.above_f32(scores, nullptr, count, threshold, of);
    for (size_t p = count; p % 4 != 0; ++p) of[p] = 0;
  }
  // The first panel from `panel` on that has a row above it, or one from `count` on. Most have none: four of
  // them are one word.
  size_t next(size_t panel, size_t count) const {
    for (; panel < count; ++panel) {
      if (of[panel] != 0) return panel;
      if (panel % 4 != 0) continue;
      uint64_t four;
      for (memcpy(&four, of + panel, sizeof(four)); four == 0 && panel + 4 < count;) {
        memcpy(&four, of + (panel += 4), sizeof(four));
      }
      if (of[panel] != 0) return panel;
    }
    return panel;
  }
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_PANEL_MASKS_H_
