// SPDX-License-Identifier: Apache-2.0
#include "runtime/scan/topk.h"

namespace pintle::internal {

// Writes `entry` where it belongs on the way down from `hole`, in a heap of `count` entries.
void TopK::sift_down(size_t hole, size_t count, const pintle_recommendation& entry) {
  for (;;) {
    size_t child = 2 * hole + 1;
    if (child >= count) break;
    if (child + 1 < count && is_better(entries_[child], entries_[child + 1])) ++child;
    if (!is_better(entry, entries_[child])) break;
    entries_[hole] = entries_[child];
    hole = child;
  }
  entries_[hole] = entry;
}

void TopK::offer(uint32_t item, float score) {
  const pintle_recommendation entry = {item, isnan(score) ? -INFINITY : score, 0, nullptr};
  if (count_ == capacity_) {
    if (is_better(entry, entries_[0])) sift_down(0, count_, entry);
    return;
  }
  size_t hole = count_++;
  while (hole > 0 && is_better(entries_[(hole - 1) / 2], entry)) {
    entries_[hole] = entries_[(hole - 1) / 2];
    hole = (hole - 1) / 2;
  }
  entries_[hole] = entry;
}

size_t TopK::finish() {
  for (size_t last = count_; last > 1; --last) {
    const pintle_recommendation entry = entries_[last - 1];
    entries_[last - 1] = entries_[0];
    sift_down(0, last - 1, entry);
  }
  return count_;
}

}  // namespace pintle::internal
