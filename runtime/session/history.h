// SPDX-License-Identifier: Apache-2.0
//
// One user's events: the window that the network reads, how many there were, and what was seen.
#ifndef PINTLE_RUNTIME_SESSION_HISTORY_H_
#define PINTLE_RUNTIME_SESSION_HISTORY_H_

#include "runtime/session/seen_items.h"

namespace pintle::internal {

class History {
 public:
  void lay_out(const Model& model, Arena* arena);
  void set_policy(const Model& model, pintle_window_policy policy) {
    hops_ = policy == PINTLE_WINDOW_HOP && model.is_incremental();
  }

  void clear();
  // Returns whether the window dropped any event: then every position that stays has another number.
  // REQUIRES: every item is below item_count.
  bool append(const Model& model, const uint32_t* items, size_t count);

  uint64_t event_count() const { return event_count_; }  // ever appended
  uint32_t kept() const { return kept_; }                // in the window
  // The item at a position of the window, the oldest at 0. REQUIRES: position < kept().
  uint32_t item(uint32_t position) const { return *window_.at(position, 1); }
  const SeenItems& seen() const { return seen_; }

 private:
  bool keep_newest(uint32_t window, const uint32_t* items, size_t count);

  Buffer<uint32_t> window_;  // [window], oldest first
  SeenItems seen_;
  uint64_t event_count_ = 0;
  uint32_t kept_ = 0;
  bool hops_ = false;  // PINTLE_WINDOW_HOP, of an incremental model
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_HISTORY_H_
