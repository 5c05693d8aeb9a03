// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_LISTS_CLASS_LIST_H_
#define PINTLE_RUNTIME_LISTS_CLASS_LIST_H_

#include <math.h>
#include <string.h>

#include "runtime/session/list_buffers.h"

namespace pintle::internal {

// The best items of one class, sorted, best first; of equal scores the lower item.
class ClassList {
 public:
  ClassList() {}  // to be assigned to: there are hundreds, few of them used
  ClassList(ScoredItem* items, uint32_t capacity) : items_(items), capacity_(capacity), count_(0) {}

  uint32_t count() const { return count_; }
  const ScoredItem& at(uint32_t i) const { return items_[i]; }
  // Nothing at or below it can enter, if items come in ascending order; -inf while there is room.
  float threshold() const {
    if (count_ < capacity_) return -INFINITY;
    return capacity_ == 0 ? INFINITY : items_[capacity_ - 1].score;
  }

  // REQUIRES: the item is not in it.
  void insert(const ScoredItem& added) {
    if (count_ == capacity_) {
      if (capacity_ == 0 || !is_better(added, items_[capacity_ - 1])) return;
      --count_;
    }
    uint32_t place = count_++;
    for (; place > 0 && is_better(added, items_[place - 1]); --place) {
      items_[place] = items_[place - 1];
    }
    items_[place] = added;
  }
  void erase(uint32_t i) {
    memmove(items_ + i, items_ + i + 1, (count_ - i - 1) * sizeof(ScoredItem));
    --count_;
  }

  static bool is_better(const ScoredItem& a, const ScoredItem& b) {
    return a.score > b.score || (a.score == b.score && a.item < b.item);
  }

 private:
  ScoredItem* items_;
  uint32_t capacity_, count_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_CLASS_LIST_H_
