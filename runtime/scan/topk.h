// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SCAN_TOPK_H_
#define PINTLE_RUNTIME_SCAN_TOPK_H_

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "pintle/pintle.h"

namespace pintle::internal {

// The best k of a stream of scored items, kept as a heap (worst on top) in the caller's array.
// Better: the higher score; of equal scores the lower item. NaN ranks as minus infinity.
class TopK {
 public:
  TopK() = default;  // keeps nothing: to be assigned to
  // entries: room for capacity >= 1.
  TopK(pintle_recommendation* entries, size_t capacity) : entries_(entries), capacity_(capacity) {}

  // False: `score` cannot enter, whatever its item, if items come in ascending order.
  bool may_enter(float score) const { return count_ < capacity_ || score > entries_[0].score; }
  // What may_enter compares with; NaN while there is room.
  float threshold() const { return count_ < capacity_ ? NAN : entries_[0].score; }
  void offer(uint32_t item, float score);
  // Offers all that `other` holds.
  void offer_all(const TopK& other) {
    for (size_t i = 0; i < other.count_; ++i) {
      offer(other.entries_[i].item, other.entries_[i].score);
    }
  }
  // Sorts the entries, best first, and returns their number. The heap is used up.
  size_t finish();

 private:
  static bool is_better(const pintle_recommendation& a, const pintle_recommendation& b) {
    return a.score > b.score || (a.score == b.score && a.item < b.item);
  }
  void sift_down(size_t hole, size_t count, const pintle_recommendation& entry);

  pintle_recommendation* entries_ = nullptr;
  size_t capacity_ = 0;
  size_t count_ = 0;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_TOPK_H_
