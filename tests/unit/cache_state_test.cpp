// SPDX-License-Identifier: Apache-2.0
//
// Every sequence of what may happen to a session, up to a length, on a network of labels: each cached
// result is the name of the history that it was computed from, so a result that CacheState calls
// valid and that another history left is seen at once.
#include "runtime/session/cache_state.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace pintle::test {
using namespace pintle::internal;  // what this tests is not public
namespace {

using Label = uint64_t;  // 0: nothing, or what a run of another kind left

struct Kind {
  bool is_incremental, can_be_keyless;
};

// A session whose network computes labels. Events are numbered from 1; a position's keys and values
// depend on the events of the window up to it (all of them, if the model is not incremental).
class Labels {
 public:
  static constexpr size_t kWindow = 4, kDense = 3;

  explicit Labels(const Kind& kind) : kind_(kind), keys_(kWindow, 0), last_keys_(kWindow, 0) {}

  void append() {
    window_.push_back(++events_);
    const bool is_renumbered = window_.size() > kWindow;
    if (is_renumbered) window_.erase(window_.begin());
    cache_.appended(is_renumbered);
  }
  void reset() {
    window_.clear();
    ++events_;
    cache_.reset();
  }
  bool is_empty() const { return window_.empty(); }

  // As transformer.cpp.
  void update(bool is_steered) {
    const uint32_t kept = static_cast<uint32_t>(window_.size());
    if (cache_.is_behind()) {
      if (cache_.reusable_rows() > 0) complete_keys();
      const uint32_t first = cache_.reusable_rows();
      const bool is_keyless = kind_.can_be_keyless && first == 0 && kept >= kDense;
      run(first, is_keyless);
      const uint32_t reusable = kind_.is_incremental ? kept : 0;
      if (is_steered && kind_.is_incremental && !is_keyless) {
        cache_.computed_to_last_block(reusable);
      } else {
        hidden_ = newest();
        cache_.computed(reusable, is_keyless ? kept : 0);
      }
    } else if (cache_.is_last_block_due() && !is_steered) {
      hidden_ = newest();
      cache_.last_block_computed();
    }
  }
  void steer_newest() {
    update(true);
    if (cache_.is_overwritten()) {
      const uint32_t kept = static_cast<uint32_t>(window_.size());
      const bool is_keyless = kind_.can_be_keyless && kept >= kDense;
      run(0, is_keyless);
      cache_.restored(kind_.is_incremental ? kept : 0, is_keyless ? kept : 0);
    }
    complete_keys();
    for (size_t i = 0; i < window_.size(); ++i) CHECK(last_keys_[i] == label(i));
  }
  // A steered run of the whole window, or one without an event.
  void overwrite() {
    update(false);
    std::fill(keys_.begin(), keys_.end(), 0);
    std::fill(last_keys_.begin(), last_keys_.end(), 0);
    cache_.overwritten();
  }
  void ask_knob() {
    update(false);
    if (cache_.has_log_z()) return;
    log_z_ = hidden_;
    cache_.log_z_computed();
  }

  // All that CacheState claims, against a computation from scratch.
  void check() const {
    const size_t kept = window_.size();
    if (cache_.has_hidden()) CHECK(hidden_ == newest());
    CHECK(cache_.reusable_rows() <= kept);
    const bool has_all = !cache_.is_behind() && !cache_.is_overwritten();
    const size_t ready = has_all ? kept : cache_.reusable_rows();
    for (size_t i = 0; i < ready; ++i) CHECK(keys_[i] == label(i));
    for (size_t i = cache_.keyless_rows(); i < ready; ++i) CHECK(last_keys_[i] == label(i));
    if (!kind_.is_incremental) CHECK(cache_.reusable_rows() == 0);
    if (!kind_.can_be_keyless) CHECK(cache_.keyless_rows() == 0);
    if (cache_.has_log_z()) CHECK(log_z_ == newest());
    CHECK(cache_.keyless_rows() <= ready);
  }
  size_t rows_run() const { return rows_run_; }
  size_t keys_completed() const { return keys_completed_; }

 private:
  // The name of the history that a position's keys and values are computed from.
  Label label(size_t position) const {
    const size_t end = kind_.is_incremental ? position + 1 : window_.size();
    Label result = position + 1;
    for (size_t i = 0; i < end; ++i) result = result * 1000003 + window_[i];
    return result;
  }
  Label newest() const { return label(window_.size() - 1); }
  void run(size_t first, bool is_keyless) {
    for (size_t i = 0; i < first; ++i) {  // what attention reads
      CHECK(keys_[i] == label(i));
      CHECK(last_keys_[i] == label(i));
    }
    for (size_t i = first; i < window_.size(); ++i) {
      keys_[i] = label(i);
      last_keys_[i] = is_keyless ? 0 : label(i);
      ++rows_run_;
    }
  }
  void complete_keys() {
    if (cache_.keyless_rows() == 0) return;
    for (size_t i = 0; i < cache_.keyless_rows(); ++i) last_keys_[i] = keys_[i];
    keys_completed_ += cache_.keyless_rows();
    cache_.keys_completed();
  }

  const Kind kind_;
  CacheState cache_;
  std::vector<Label> window_;  // events
  Label events_ = 0;
  std::vector<Label> keys_, last_keys_;  // of the last block
  Label hidden_ = 0, log_z_ = 0;
  size_t rows_run_ = 0, keys_completed_ = 0;
};

enum Step { kAppend, kReset, kUpdate, kSteerNewest, kOverwrite, kAskKnob, kSteps };

void take(Labels* session, int step) {
  if (step == kAppend) return session->append();
  if (step == kReset) return session->reset();
  if (session->is_empty()) return;
  if (step == kUpdate) session->update(false);
  if (step == kSteerNewest) session->steer_newest();
  if (step == kOverwrite) session->overwrite();
  if (step == kAskKnob) session->ask_knob();
}

// Goes on from `session` in every way.
void take_all(const Labels& session, int left) {
  session.check();
  if (left == 0) return;
  for (int step = 0; step < kSteps; ++step) {
    Labels next = session;
    take(&next, step);
    take_all(next, left - 1);
  }
}

TEST_CASE("whatever happens, what is called valid is what a computation from scratch gives") {
  for (const Kind& kind : {Kind{true, true}, {true, false}, {false, true}, {false, false}}) {
    CAPTURE(kind.is_incremental);
    CAPTURE(kind.can_be_keyless);
    take_all(Labels(kind), 6);
    // Windows that are full, and dropped their oldest.
    for (const size_t events : {size_t{3}, size_t{4}, size_t{5}}) {
      Labels session(kind);
      for (size_t i = 0; i < events; ++i) session.append();
      take_all(session, 5);
    }
  }
}

TEST_CASE("an event costs one row where keys and values stay, and nothing is run twice") {
  Labels session({true, true});
  for (size_t event = 1; event <= Labels::kWindow; ++event) {
    session.append();
    session.steer_newest();
    session.update(false);
    session.ask_knob();
    session.update(false);
    CHECK(session.rows_run() == event);
  }
  session.append();  // the oldest is dropped
  session.update(false);
  CHECK(session.rows_run() == 2 * Labels::kWindow);
  session.overwrite();
  session.update(false);
  CHECK(session.rows_run() == 2 * Labels::kWindow);
  const size_t completed = session.keys_completed();
  session.steer_newest();
  session.steer_newest();
  CHECK(session.rows_run() == 3 * Labels::kWindow);
  CHECK(session.keys_completed() == completed + Labels::kWindow);
}

TEST_CASE("the pad slot outlives every history") {
  CacheState cache;
  CHECK_FALSE(cache.has_pads());
  cache.pads_computed();
  cache.appended(false);
  cache.reset();
  CHECK(cache.has_pads());
}

}  // namespace
}  // namespace pintle::test
