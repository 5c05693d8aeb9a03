// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/profile_state.h"

#include <string.h>

#include "runtime/session/seen_items.h"

namespace pintle::internal {
namespace {

constexpr uint32_t kBits = SeenItems::kBits;

void set_bit(uint64_t* words, uint32_t item) { words[item / kBits] |= uint64_t{1} << item % kBits; }

// Whether `a` leaves a full log before `b`, a lower number.
bool leaves_before(const pintle_feedback& a, const pintle_feedback& b) {
  if (a.time == b.time) return false;
  return a.time != PINTLE_NO_DATE && (b.time == PINTLE_NO_DATE || a.time < b.time);
}

}  // namespace

void FeedbackLog::lay_out(const Model& model, Arena* arena) {
  word_count_ = SeenItems::word_count(model.item_count);
  entries_ = arena->buffer<FeedbackEntry>(PINTLE_FEEDBACK_EVENTS);
  excluded_ = arena->buffer<uint64_t>(word_count_);
  dropped_ = arena->buffer<uint64_t>(word_count_);
}

void FeedbackLog::clear() {
  memset(excluded_.front(word_count_), 0, word_count_ * sizeof(uint64_t));
  memset(dropped_.front(word_count_), 0, word_count_ * sizeof(uint64_t));
  count_ = 0;
  newest_time_ = PINTLE_NO_DATE;
  has_excluded_ = has_dropped_ = false;
}

void FeedbackLog::add(const FeedbackEntry& added) {
  FeedbackEntry numbered = added;
  numbered.feedback.number = ++last_number_;
  restore(numbered);
}

FeedbackEntry FeedbackLog::drop_oldest() {
  uint32_t oldest = 0;
  for (uint32_t i = 1; i < count_; ++i) {
    if (leaves_before(at(i), at(oldest))) oldest = i;
  }
  const FeedbackEntry dropped = entry(oldest);
  if (excludes_item(dropped.feedback.kind)) restore_excluded(dropped.feedback.target);
  remove_at(oldest);
  return dropped;
}

void FeedbackLog::restore(const FeedbackEntry& saved) {
  *entries_.at(count_++, 1) = saved;
  if (saved.feedback.time > newest_time_) newest_time_ = saved.feedback.time;
  if (!excludes_item(saved.feedback.kind)) return;
  has_excluded_ = true;
  set_bit(excluded_.front(word_count_), saved.feedback.target);
}

void FeedbackLog::restore_excluded(uint32_t item) {
  has_excluded_ = has_dropped_ = true;
  set_bit(dropped_.front(word_count_), item);
  set_bit(excluded_.front(word_count_), item);
}

bool FeedbackLog::remove(uint64_t number, FeedbackEntry* removed) {
  for (uint32_t i = 0; i < count_; ++i) {
    if (at(i).number != number) continue;
    *removed = entry(i);
    remove_at(i);
    if (excludes_item(removed->feedback.kind)) find_excluded();
    return true;
  }
  return false;
}

void FeedbackLog::remove_at(uint32_t place) {
  const size_t behind = count_ - place - 1;
  memmove(entries_.at(place, behind), entries_.at(place + 1, behind),
          behind * sizeof(FeedbackEntry));
  --count_;
  newest_time_ = PINTLE_NO_DATE;
  for (uint32_t i = 0; i < count_; ++i) {
    if (at(i).time > newest_time_) newest_time_ = at(i).time;
  }
}

void FeedbackLog::find_excluded() {
  uint64_t* words = excluded_.front(word_count_);
  memcpy(words, dropped_.front(word_count_), word_count_ * sizeof(uint64_t));
  has_excluded_ = has_dropped_;
  for (uint32_t i = 0; i < count_; ++i) {
    if (!excludes_item(at(i).kind)) continue;
    has_excluded_ = true;
    set_bit(words, at(i).target);
  }
}

void ProfileState::lay_out(const Model& model, Arena* arena) {
  if (!model.has_profiles) return;
  is_present_ = true;
  log.lay_out(model, arena);
  const uint32_t attributes = model.catalogue.attribute_count;
  sums = arena->buffer<AttributeSums>(attributes);
  avoid_odds = arena->buffer<double>(attributes);
  want_odds = arena->buffer<double>(attributes);
  weights = arena->buffer<float>(attributes);
  is_touched = arena->buffer<uint8_t>(attributes);
  touched = arena->buffer<uint32_t>(attributes);
  means = arena->buffer<float>(attributes);
  near = arena->buffer<NearItems>(kNearFeedback);
  terms = arena->buffer<ItemTerm>(kMaxItemTerms);
  offsets = arena->buffer<float>(format::round_up(model.item_count, kPanelRows));
}

void ProfileState::start(const Model& model) {
  if (!present()) return;
  options = PINTLE_PROFILE_OPTIONS_INIT;
  log.clear();
  const size_t attributes = model.catalogue.attribute_count;
  memset(sums.front(attributes), 0, attributes * sizeof(AttributeSums));
  memset(weights.front(attributes), 0, attributes * sizeof(float));
  memset(is_touched.front(attributes), 0, attributes);
  for (size_t i = 0; i < attributes; ++i) *means.at(i, 1) = -1;
  replaced();
}

void ProfileState::replaced() {
  is_summed = is_weighed = has_offsets = false;
  memset(near.front(kNearFeedback), 0, kNearFeedback * sizeof(NearItems));
}

}  // namespace pintle::internal
