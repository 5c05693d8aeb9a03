// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/history.h"

namespace pintle::internal {

void History::lay_out(const Model& model, Arena* arena) {
  window_ = arena->buffer<uint32_t>(model.window);
  seen_.lay_out(model, arena);
}

void History::clear() {
  seen_.clear();
  event_count_ = 0;
  kept_ = 0;
}

// REQUIRES: count <= 1 if the window hops, so that a bulk append leaves the window that single ones
// do.
bool History::keep_newest(uint32_t window, const uint32_t* items, size_t count) {
  const size_t added = count < window ? count : window;
  const size_t left = hops_ && window >= 4 ? window - window / 4 : window;
  const size_t stay = kept_ + added <= window ? kept_ : left - added;
  const size_t dropped = kept_ - stay;
  if (dropped > 0) {
    memmove(window_.front(stay), window_.at(dropped, stay), stay * sizeof(uint32_t));
  }
  memcpy(window_.at(stay, added), items + (count - added), added * sizeof(uint32_t));
  kept_ = static_cast<uint32_t>(stay + added);
  return dropped > 0 || added < count;
}

bool History::append(const Model& model, const uint32_t* items, size_t count) {
  seen_.add(items, count);
  const size_t to_skip =
      event_count_ >= model.skip_oldest ? 0 : static_cast<size_t>(model.skip_oldest - event_count_);
  const size_t skipped = to_skip < count ? to_skip : count;
  const size_t at_once = hops_ ? 1 : count - skipped;
  bool is_renumbered = false;
  for (size_t i = skipped; i < count; i += at_once) {
    is_renumbered = keep_newest(model.window, items + i, at_once) || is_renumbered;
  }
  event_count_ += count;
  return is_renumbered;
}

}  // namespace pintle::internal
