// SPDX-License-Identifier: Apache-2.0
//
// What a person told the app (pintle_profile_*), and what was learned of it. The log is all that is remembered:
// what was learned is a function of it, which profile/learn.cpp writes.
#ifndef PINTLE_RUNTIME_SESSION_PROFILE_STATE_H_
#define PINTLE_RUNTIME_SESSION_PROFILE_STATE_H_

#include "runtime/model/model.h"
#include "runtime/support/arena.h"

namespace pintle::internal {

// A list that a person was shown: its first entries.
inline constexpr uint32_t kShownItems = 10;
struct ShownList {
  uint32_t count;
  uint32_t items[kShownItems];
};
// A feedback, and the list that was there when it came.
struct FeedbackEntry {
  pintle_feedback feedback;
  ShownList shown;
};

// The items nearest to that of one feedback, by the cosine of their vectors.
inline constexpr uint32_t kNearItems = 16;
struct NearItem {
  uint32_t item;
  float cosine;  // above 0
};
inline float magnitude(const NearItem& near) { return near.cosine; }
struct NearItems {
  uint64_t number;  // the feedback's; 0: none
  double weight;    // that its items have in the terms; 0: they are not there
  uint32_t count;
  NearItem items[kNearItems];  // the nearest first
};
// Of so many MORE_LIKE and LESS_LIKE, the newest by number.
inline constexpr uint32_t kNearFeedback = 32;

// Fixed point: so many of the heaviest feedbacks as a log has stay far inside 63 bits.
inline constexpr double kFixedOne = 0x1p40;

// An item's own part of its offset, besides its attributes'; none is 0.
struct ItemTerm {
  uint32_t item;
  int64_t weight;  // nats, in fixed point
};
inline constexpr uint32_t kMaxItemTerms = kNearFeedback * kNearItems;

// Weights of feedback, faded, in fixed point: sums are exact, so that a feedback is added and taken back without a
// trace. [0]: for, [1]: against.
struct AttributeSums {
  int64_t items[2];   // on items, by membership
  int64_t itself[2];  // on the attribute
  int64_t preferred;  // PREFERS
  int64_t shown;      // of feedback on items, by the attribute's share of the list that was shown
  bool is_empty() const {
    return (items[0] | items[1] | itself[0] | itself[1] | preferred | shown) == 0;
  }
};
struct FeedbackSums {
  int64_t items[2];  // of all feedback on items
  int64_t shown;     // of that which came with a list
  bool operator==(const FeedbackSums& other) const {
    return items[0] == other.items[0] && items[1] == other.items[1] && shown == other.shown;
  }
};

class FeedbackLog {
 public:
  void lay_out(const Model& model, Arena* arena);
  void clear();

  uint32_t count() const { return count_; }
  // By ascending number.
  const FeedbackEntry& entry(uint32_t i) const { return *entries_.at(i, 1); }
  const pintle_feedback& at(uint32_t i) const { return entry(i).feedback; }
  bool is_full() const { return count_ == PINTLE_FEEDBACK_EVENTS; }
  uint64_t last_number() const { return last_number_; }
  // The latest of all; PINTLE_NO_DATE: none has a time.
  int64_t newest_time() const { return newest_time_; }
  // Items that feedback keeps out of lists: bitmap.
  const uint64_t* excluded() const { return excluded_.front(word_count_); }
  bool has_excluded() const { return has_excluded_; }

  // Adds it under the next number. REQUIRES: it is checked, and the log is not full.
  void add(const FeedbackEntry& added);
  // Takes the one of the oldest time out, of equal ones the lowest number, those without a time last; the item that it
  // kept out stays out. REQUIRES: there is one.
  FeedbackEntry drop_oldest();
  // Adds one under a number above all others, as it was saved. REQUIRES: there is room.
  void restore(const FeedbackEntry& saved);
  void restore_number(uint64_t last_number) { last_number_ = last_number; }
  // An item that feedback of before keeps out.
  void restore_excluded(uint32_t item);
  // Items that only feedback of before keeps out: bitmap.
  const uint64_t* dropped() const { return dropped_.front(word_count_); }
  // Takes one out to *removed. False: there is none of that number.
  bool remove(uint64_t number, FeedbackEntry* removed);

 private:
  void remove_at(uint32_t place);
  void find_excluded();

  Buffer<FeedbackEntry> entries_;  // [PINTLE_FEEDBACK_EVENTS]
  Buffer<uint64_t> excluded_, dropped_;
  size_t word_count_ = 0;
  uint32_t count_ = 0;
  uint64_t last_number_ = 0;
  int64_t newest_time_ = PINTLE_NO_DATE;
  bool has_excluded_ = false, has_dropped_ = false;
};

// Empty where the model has no profiles.
struct ProfileState {
  FeedbackLog log;
  pintle_profile_options options;
  ShownList last_list = {};  // that the session recommended
  // What was learned of the log and options, as they are at `step` of time (profile/learn.cpp):
  int64_t step = 0;
  bool is_handed_over = false;  // the network knows the person: group_posterior.h
  bool is_summed = false;       // `sums` and `total` are the log's
  bool is_weighed = false;      // and the rest is what follows from them
  FeedbackSums total = {};
  FeedbackSums weighed_total = {};  // that the odds were found with
  Buffer<AttributeSums> sums;       // [attributes]
  Buffer<uint8_t>
      is_touched;  // [attributes]: in `touched`; the others' sums are empty, their weights 0
  Buffer<uint32_t> touched;              // [attributes], touched_count of them
  Buffer<double> avoid_odds, want_odds;  // [attributes], of the touched ones: group_posterior.h
  Buffer<float> weights;                 // [attributes], nats of a whole membership
  Buffer<float> means;     // [attributes]: their share of the catalogue; below 0: not counted yet
  Buffer<NearItems> near;  // [kNearFeedback]
  Buffer<ItemTerm> terms;  // [kMaxItemTerms], by ascending item, term_count of them
  uint32_t touched_count = 0, term_count = 0;
  // And of these, where has_offsets (profile/offsets.h):
  bool has_offsets = false;
  Buffer<float> offsets;  // [items padded to 16], nats of odds
  float most = 0;         // the largest of them, or 0

  bool present() const { return is_present_; }
  void lay_out(const Model& model, Arena* arena);
  // REQUIRES: laid out.
  void start(const Model& model);
  // The log and options are other ones: nothing that was learned holds.
  void replaced();

 private:
  bool is_present_ = false;
};

// Whether feedback of this kind names an attribute, not an item, and whether it takes its item out of lists.
inline bool names_attribute(uint32_t kind) {
  return kind >= PINTLE_FEEDBACK_MORE_OF && kind <= PINTLE_FEEDBACK_PREFERS;
}
inline bool excludes_item(uint32_t kind) {
  return kind == PINTLE_FEEDBACK_DISLIKE || kind == PINTLE_FEEDBACK_NOT_INTERESTED ||
         kind == PINTLE_FEEDBACK_SEEN_ELSEWHERE || kind == PINTLE_FEEDBACK_LESS_LIKE;
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_PROFILE_STATE_H_
