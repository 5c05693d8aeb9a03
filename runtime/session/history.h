// SPDX-License-Identifier: Apache-2.0
//
// One user's events: the window that the network reads, how many there were, and what was seen.
#ifndef PINTLE_RUNTIME_SESSION_HISTORY_H_
#define PINTLE_RUNTIME_SESSION_HISTORY_H_

#include "runtime/session/seen_items.h"

namespace pintle::internal {

// Seconds that the API takes as a time, or as none that is known.
inline bool is_time(int64_t seconds) {
  return seconds == PINTLE_NO_DATE || (seconds >= -PINTLE_LATEST && seconds <= PINTLE_LATEST);
}

class History {
 public:
  void lay_out(const Model& model, Arena* arena);
  void set_policy(const Model& model, pintle_window_policy policy) {
    policy_ = policy;
    hops_ = policy == PINTLE_WINDOW_HOP && model.is_incremental();
  }
  pintle_window_policy policy() const { return policy_; }

  void clear();
  // Returns whether the window dropped any event: then every position that stays has another number.
  // times: seconds since 1970, PINTLE_NO_DATE where it is not known; null: of none. REQUIRES: every item is below
  // item_count.
  bool append(const Model& model, const uint32_t* items, const int64_t* times, size_t count);

  // What was saved of another history, step by step after clear(): the window's events, oldest first, of which the
  // newest stay that the window has room for; the items that were seen; what else there is. REQUIRES: every
  // item is below item_count.
  void restore_event(const Model& model, uint32_t item, int64_t time);
  void restore_seen(uint32_t item, int32_t minutes) { seen_.restore(item, minutes); }
  void restore_counts(uint64_t event_count, int64_t newest_time) {
    event_count_ = event_count;
    newest_time_ = newest_time;
  }

  uint64_t event_count() const { return event_count_; }  // ever appended
  uint32_t kept() const { return kept_; }                // in the window
  // The item at a position of the window, the oldest at 0. REQUIRES: position < kept().
  uint32_t item(uint32_t position) const { return *window_.at(position, 1); }
  int64_t time(uint32_t position) const { return *times_.at(position, 1); }
  // The latest of all events ever appended; PINTLE_NO_DATE: none has a time.
  int64_t newest_time() const { return newest_time_; }
  const SeenItems& seen() const { return seen_; }

 private:
  bool keep_newest(uint32_t window, const uint32_t* items, const int64_t* times, size_t count);

  Buffer<uint32_t> window_;  // [window], oldest first
  Buffer<int64_t> times_;    // [window], theirs
  SeenItems seen_;
  uint64_t event_count_ = 0;
  int64_t newest_time_ = PINTLE_NO_DATE;
  uint32_t kept_ = 0;
  pintle_window_policy policy_ = PINTLE_WINDOW_EXACT;
  bool hops_ = false;  // PINTLE_WINDOW_HOP, of an incremental model
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_HISTORY_H_
