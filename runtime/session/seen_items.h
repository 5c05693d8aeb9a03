// SPDX-License-Identifier: Apache-2.0
//
// The items that a user has seen: of all events ever appended, not of the window alone. Lists leave
// them out (scan/eligibility.h).
#ifndef PINTLE_RUNTIME_SESSION_SEEN_ITEMS_H_
#define PINTLE_RUNTIME_SESSION_SEEN_ITEMS_H_

#include <stdint.h>
#include <string.h>

#include "runtime/model/model.h"
#include "runtime/support/arena.h"

namespace pintle::internal {

// A bitmap of the catalogue, in words of four panels.
class SeenItems {
 public:
  static constexpr uint32_t kBits = 64;
  static size_t word_count(uint32_t item_count) {
    return static_cast<size_t>(format::round_up(item_count, kBits) / kBits);
  }

  void lay_out(const Model& model, Arena* arena) {
    word_count_ = word_count(model.item_count);
    words_ = arena->buffer<uint64_t>(word_count_);
  }
  void clear() { memset(words_.front(word_count_), 0, word_count_ * sizeof(uint64_t)); }
  // REQUIRES: every item is below item_count.
  void add(const uint32_t* items, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      *words_.at(items[i] / kBits, 1) |= uint64_t{1} << (items[i] % kBits);
    }
  }
  const uint64_t* words() const { return words_.front(word_count_); }

 private:
  Buffer<uint64_t> words_;
  size_t word_count_ = 0;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_SEEN_ITEMS_H_
