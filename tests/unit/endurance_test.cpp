// SPDX-License-Identifier: Apache-2.0
//
// Years of one person: ten million events and a million feedbacks. Nothing grows, and nothing drifts: what the
// session is at the end is, bit for bit, what another makes of all that is remembered.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "support/counting_allocator.h"
#include "unit/profiled_model.h"

namespace pintle::test {
namespace {

constexpr uint32_t kEvents = 10000000, kEventsPerFeedback = 10, kEventsPerList = 50, kParts = 10;
constexpr int64_t kStart = 1000000000, kSecondsPerEvent = 60;
// Of feedback that keeps its item out, so that there is something left to recommend.
constexpr uint32_t kDislikedItems = kProfiledItems / 4;
constexpr uint32_t kWindow = 6;

struct Event {
  uint32_t item;
  int64_t time;
};
struct Given {
  pintle_feedback feedback;
  std::vector<int64_t> shown;  // ids
};

// A person's life with one session, and what they would say that it has to remember.
class Life {
 public:
  explicit Life(const OpenModel& model) : session_(model, {}), random_(1) {
    request_.repeat_after_seconds = 100.0 * kSecondsPerEvent;
    // Without a time: they leave last.
    for (int i = 0; i < 3; ++i) give(PINTLE_NO_DATE);
  }

  void live(uint32_t events) {
    for (uint32_t i = 0; i < events; ++i) {
      const Event event = {draw(&random_, kProfiledItems), now()};
      failures_ +=
          pintle_session_append_timed(session_.get(), &event.item, &event.time, 1) != PINTLE_OK;
      last_[event_count_++ % kWindow] = event;
      if (event_count_ % kEventsPerFeedback == 0) give(now());
      if (event_count_ % (7 * kEventsPerFeedback) == 0) take_back();
      if (event_count_ % kEventsPerList == 0) list();
    }
    REQUIRE(failures_ == 0);
  }
  std::vector<pintle_recommendation> list() {
    const std::vector<pintle_recommendation> list = session_.recommend(request_);
    REQUIRE(list.size() == 10);
    shown_.clear();
    for (const pintle_recommendation& entry : list) shown_.push_back(entry.id);
    return list;
  }
  void stop_fading() {
    pintle_profile_options options = PINTLE_PROFILE_OPTIONS_INIT;
    options.half_life_seconds = 0;
    REQUIRE(pintle_profile_set_options(session_.get(), &options) == PINTLE_OK);
  }

  ProfiledSession* session() { return &session_; }
  const pintle_request& request() const { return request_; }
  uint64_t event_count() const { return event_count_; }
  uint64_t feedback_count() const { return feedback_count_; }
  // The newest, oldest first. REQUIRES: count <= kWindow.
  std::vector<Event> newest(size_t count) const {
    std::vector<Event> events;
    for (size_t i = count; i > 0; --i) events.push_back(last_[(event_count_ - i) % kWindow]);
    return events;
  }
  const std::vector<Given>& remembered() const { return remembered_; }

 private:
  int64_t now() const { return kStart + static_cast<int64_t>(event_count_) * kSecondsPerEvent; }
  void give(int64_t time) {
    pintle_feedback feedback = random_feedback(&random_);
    if (feedback.kind < PINTLE_FEEDBACK_MORE_OF) {
      const bool excludes = feedback.kind == PINTLE_FEEDBACK_DISLIKE ||
                            feedback.kind == PINTLE_FEEDBACK_NOT_INTERESTED ||
                            feedback.kind == PINTLE_FEEDBACK_SEEN_ELSEWHERE ||
                            feedback.kind == PINTLE_FEEDBACK_LESS_LIKE;
      if (excludes) feedback.target %= kDislikedItems;
    }
    feedback.weight = static_cast<float>(1 + draw(&random_, 8)) / 8;
    feedback.time = time;
    feedback.number = session_.give(feedback);
    REQUIRE(feedback.number == ++feedback_count_);
    if (remembered_.size() == PINTLE_FEEDBACK_EVENTS) {
      // Times never fall, so the oldest is the first that has one.
      size_t oldest = 0;
      while (remembered_[oldest].feedback.time == PINTLE_NO_DATE) ++oldest;
      remembered_.erase(remembered_.begin() + static_cast<ptrdiff_t>(oldest));
    }
    remembered_.push_back({feedback, shown_});
  }
  void take_back() {
    const size_t place = 3 + draw(&random_, static_cast<uint32_t>(remembered_.size()) - 3);
    REQUIRE(pintle_profile_undo(session_.get(), remembered_[place].feedback.number) == PINTLE_OK);
    remembered_.erase(remembered_.begin() + static_cast<ptrdiff_t>(place));
  }

  ProfiledSession session_;
  std::mt19937 random_;
  pintle_request request_ = PINTLE_REQUEST_INIT;
  std::array<Event, kWindow> last_ = {};
  // Counted: ten million assertions would be most of the time.
  uint32_t failures_ = 0;
  uint64_t event_count_ = 0, feedback_count_ = 0;
  std::vector<int64_t> shown_;
  std::vector<Given> remembered_;
};

// No snapshot of this model is larger, whatever has happened: ids have 6 characters, times 10 digits, minutes,
// numbers and counts 8, and every entry a comma. 500: the rest.
constexpr size_t kSnapshotBound =
    500 + kWindow * (6 + 10 + 4) + kProfiledItems * (6 + 8 + 4 + 6 + 1) + 10 * 7 +
    PINTLE_FEEDBACK_EVENTS * (sizeof(R"({"number":,"kind":"","group":"","attribute":"","weight":,)"
                                     R"("time":,"shown":[]},)") +
                              8 + sizeof("more_of") + sizeof("genre") + sizeof("Space") +
                              sizeof("0.125") + 10 + 10 * (6 + 1));

// The snapshot has the newest events and the feedback that is to be remembered, and nothing else of either.
void check_memory(Life* life) {
  const std::string bytes = life->session()->save();
  CHECK(bytes.size() <= kSnapshotBound);
  const nlohmann::json json = nlohmann::json::parse(bytes);
  CHECK(json["event_count"] == life->event_count());
  const std::vector<Event> events = life->newest(json["history"].size());
  for (size_t i = 0; i < events.size(); ++i) {
    CHECK(json["history"][i][1] == events[i].time);
  }
  const std::vector<pintle_feedback> feedback = life->session()->feedback();
  const std::vector<Given>& remembered = life->remembered();
  REQUIRE(feedback.size() == remembered.size());
  REQUIRE(json["profile"]["feedback"].size() == remembered.size());
  for (size_t i = 0; i < feedback.size(); ++i) {
    CHECK(std::memcmp(&feedback[i], &remembered[i].feedback, sizeof(pintle_feedback)) == 0);
    CHECK(json["profile"]["feedback"][i]["shown"] == remembered[i].shown);
  }
}

void check_same(Life* life, ProfiledSession* other) {
  const auto parts = life->session()->parts(PINTLE_NO_DATE), others = other->parts(PINTLE_NO_DATE);
  REQUIRE(parts.size() == others.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    CHECK(std::memcmp(&parts[i], &others[i], sizeof(pintle_profile_part)) == 0);
  }
  for (uint32_t item = 0; item < kProfiledItems; ++item) {
    CHECK(life->session()->offset(item) == other->offset(item));
  }
  CHECK(same_list(life->list(), other->recommend(life->request())));
  CHECK(life->session()->save() == other->save());
}

// Of a session that is given no more than what this one remembers.
void check_no_drift(const OpenModel& model, Life* life) {
  const std::string bytes = life->session()->save();
  ProfiledSession restored(model, {});
  restored.restore(bytes);
  check_same(life, &restored);
  // And for the network, of one that had the window's events alone.
  std::vector<uint32_t> window;
  const size_t kept = nlohmann::json::parse(bytes)["history"].size();
  for (const Event& event : life->newest(kept)) window.push_back(event.item);
  ProfiledSession young(model, window);
  CHECK(life->session()->all_scores() == young.all_scores());
}

// Random feedback teaches next to nothing, and hides a drift. So all is taken back, and what a few consistent ones teach
// then is what they teach another session.
void check_new_taste(const OpenModel& model, Life* life) {
  ProfiledSession other(model, {});
  other.restore(life->session()->save());
  for (const pintle_feedback& feedback : life->session()->feedback()) {
    REQUIRE(pintle_profile_undo(life->session()->get(), feedback.number) == PINTLE_OK);
  }
  REQUIRE(pintle_profile_reset(other.get()) == PINTLE_OK);
  size_t taught = 0;
  for (uint32_t i = 0; i < 20; ++i) {
    const pintle_feedback feedback = {PINTLE_FEEDBACK_LIKE, 3 * i, 0.5f, 0, PINTLE_NO_DATE, 0};
    life->session()->give(feedback);
    other.give(feedback);
    for (uint32_t item = 0; item < kProfiledItems; ++item) {
      const float offset = life->session()->offset(item);
      CHECK(offset == other.offset(item));
      taught += offset != 0 ? 1 : 0;
    }
  }
  CHECK(taught > 0);
}

TEST_CASE("ten million events and a million feedbacks: no growth, no drift") {
  CountingAllocator allocator;
  const pintle_open_options counted = allocator.options();
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE, {}, counted.allocator);
  Life life(model);
  size_t session_bytes = 0, session_bytes_now = 0;
  REQUIRE(pintle_session_memory(model.get(), &session_bytes) == PINTLE_OK);
  const size_t asked = allocator.asked(), live_bytes = allocator.live_bytes();

  std::array<double, kParts> seconds = {};
  for (uint32_t part = 0; part < kParts; ++part) {
    // While feedback fades, everything is summed anew once a step of time. From the middle on it never is: half a
    // million feedbacks come into the same sums, and leave them.
    // And the window hops, so that keys and values of one event come to those of others.
    if (part == kParts / 2) {
      life.stop_fading();
      REQUIRE(pintle_session_set_window_policy(life.session()->get(), PINTLE_WINDOW_HOP) ==
              PINTLE_OK);
    }
    const auto begin = std::chrono::steady_clock::now();
    life.live(kEvents / kParts);
    seconds[part] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    check_memory(&life);
    check_no_drift(model, &life);
  }
  CHECK(life.event_count() == kEvents);
  CHECK(life.feedback_count() >= 1000000);

  CHECK(allocator.asked() == asked);
  CHECK(allocator.live_bytes() == live_bytes);
  CHECK(allocator.faults() == 0);
  REQUIRE(pintle_session_memory(model.get(), &session_bytes_now) == PINTLE_OK);
  CHECK(session_bytes_now == session_bytes);

  const size_t snapshot_bytes = life.session()->save().size();
  const double scale = 1e9 / (kEvents / kParts);
  constexpr uint32_t half = kParts / 2;
  MESSAGE("ns an event, with feedback and lists: "
          << scale * seconds[0] << " first, " << scale * seconds[half - 1]
          << " last while it fades; " << scale * seconds[half] << " first, "
          << scale * seconds[kParts - 1] << " last while it does not. A snapshot of "
          << snapshot_bytes << " bytes, bound " << kSnapshotBound);
  check_new_taste(model, &life);
}

}  // namespace
}  // namespace pintle::test
