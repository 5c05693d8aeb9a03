// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/history.h"

namespace pintle::internal {

void History::lay_out(const Model& model, Arena* arena) {
  window_ = arena->buffer<uint32_t>(model.window);
  times_ = arena->buffer<int64_t>(model.window);
  seen_.lay_out(model, arena);
}

void History::clear() {
  seen_.clear();
  event_count_ = 0;
  newest_time_ = PINTLE_NO_DATE;
  kept_ = 0;
}

// REQUIRES: count <= 1 if the window hops, so that a bulk append leaves the window that single ones
// do.
bool History::keep_newest(uint32_t window, const uint32_t* items, const int64_t* times,
                          size_t count) {
  const size_t added = count < window ? count : window;
  const size_t left = hops_ && window >= 4 ? window - window / 4 : window;
  const size_t stay = kept_ + added <= window ? kept_ : left - added;
  const size_t dropped = kept_ - stay;
  if (dropped > 0) {
    memmove(window_.front(stay), window_.at(dropped, stay), stay * sizeof(uint32_t));
    memmove(times_.front(stay), times_.at(dropped, stay), stay * sizeof(int64_t));
  }
  memcpy(window_.at(stay, added), items + (count - added), added * sizeof(uint32_t));
  int64_t* added_times = times_.at(stay, added);
  for (size_t i = 0; i < added; ++i) {
    added_times[i] = times == nullptr ? PINTLE_NO_DATE : times[count - added + i];
  }
  kept_ = static_cast<uint32_t>(stay + added);
  return dropped > 0 || added < count;
}

bool History::append(const Model& model, const uint32_t* items, const int64_t* times,
                     size_t count) {
  seen_.add(items, times, count);
  for (size_t i = 0; times != nullptr && i < count; ++i) {
    if (times[i] > newest_time_) newest_time_ = times[i];
  }
  const size_t to_skip =
      event_count_ >= model.skip_oldest ? 0 : static_cast<size_t>(model.skip_oldest - event_count_);
  const size_t skipped = to_skip < count ? to_skip : count;
  const size_t at_once = hops_ ? 1 : count - skipped;
  bool is_renumbered = false;
  for (size_t i = skipped; i < count; i += at_once) {
    is_renumbered =
        keep_newest(model.window, items + i, times == nullptr ? nullptr : times + i, at_once) ||
        is_renumbered;
  }
  event_count_ += count;
  return is_renumbered;
}

void History::restore_event(const Model& model, uint32_t item, int64_t time) {
  const uint32_t room = model.window;
  if (kept_ == room) {
    --kept_;
    memmove(window_.front(kept_), window_.at(1, kept_), kept_ * sizeof(uint32_t));
    memmove(times_.front(kept_), times_.at(1, kept_), kept_ * sizeof(int64_t));
  }
  *window_.at(kept_, 1) = item;
  *times_.at(kept_, 1) = time;
  ++kept_;
}

}  // namespace pintle::internal
