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
    knows_times_ = model.has_profiles;
    if (knows_times_) minutes_ = arena->buffer<int32_t>(model.item_count);
  }
  void clear() { memset(words_.front(word_count_), 0, word_count_ * sizeof(uint64_t)); }
  // times: seconds, PINTLE_NO_DATE where it is not known; null: of none. REQUIRES: every item is below
  // item_count.
  void add(const uint32_t* items, const int64_t* times, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const bool was_seen = has(items[i]);
      *words_.at(items[i] / kBits, 1) |= uint64_t{1} << (items[i] % kBits);
      if (!knows_times_) continue;
      int32_t& minutes = *minutes_.at(items[i], 1);
      const int32_t added = times == nullptr ? kUnknownMinutes : minutes_of(times[i]);
      if (!was_seen || added > minutes) minutes = added;
    }
  }
  void restore(uint32_t item, int32_t minutes) {
    *words_.at(item / kBits, 1) |= uint64_t{1} << (item % kBits);
    if (knows_times_) *minutes_.at(item, 1) = minutes;
  }
  const uint64_t* words() const { return words_.front(word_count_); }
  bool has(uint32_t item) const { return (*words_.at(item / kBits, 1) >> item % kBits & 1) != 0; }

  // When items were last seen, in minutes since 1970; kUnknownMinutes, which is later than any: at a time that is
  // not known. Only where the model has profiles, and of items that were seen.
  static constexpr int32_t kUnknownMinutes = INT32_MAX;
  bool knows_times() const { return knows_times_; }
  int32_t last_minutes(uint32_t item) const { return *minutes_.at(item, 1); }
  static int32_t minutes_of(int64_t seconds) {
    if (seconds == PINTLE_NO_DATE) return kUnknownMinutes;
    const int64_t minutes = (seconds - (seconds < 0 ? 59 : 0)) / 60;
    return static_cast<int32_t>(minutes < -INT32_MAX ? -INT32_MAX : minutes);
  }

 private:
  Buffer<uint64_t> words_;
  Buffer<int32_t> minutes_;  // [items]
  bool knows_times_ = false;
  size_t word_count_ = 0;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_SEEN_ITEMS_H_
