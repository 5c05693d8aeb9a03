// SPDX-License-Identifier: Apache-2.0
//
// Every error of the calls on a session: its status, outputs that stay untouched, and a session
// that goes on as if nothing had been asked.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "support/tiny_models.h"

namespace pintle::test {
namespace {

struct Fixture {
  Fixture() : model(steerable_model(plain_model().network).file()), session(model) {
    std::memset(out, 0x6B, sizeof(out));
    std::memcpy(untouched, out, sizeof(out));
  }

  void expect(pintle_status expected) {
    CHECK(pintle_recommend(session.get(), &request, out, &count) == expected);
    CHECK(std::memcmp(out, untouched, sizeof(out)) == 0);
    CHECK(count == 77);
  }
  void expect(pintle_status expected, const pintle_edit& edit) {
    const std::vector<pintle_edit> edits = {{PINTLE_EDIT_ADD, 0, 0, 0, 1}, edit};
    const pintle_steering steering = steering_of(edits);
    request.steering = &steering;
    expect(expected);
    request.steering = nullptr;
  }

  OpenModel model;
  OpenSession session;
  pintle_request request = PINTLE_REQUEST_INIT;
  pintle_recommendation out[40], untouched[40];
  size_t count = 77;
};

TEST_CASE_FIXTURE(Fixture, "a request must be whole") {
  expect(PINTLE_ERR_EMPTY_HISTORY);
  float score = 7;
  const uint32_t item = 1;
  CHECK(pintle_score(session.get(), &item, 1, &score) == PINTLE_ERR_EMPTY_HISTORY);
  CHECK(score == 7);
  session.append({1, 2, 3});
  const auto before = session.recommend();

  const uint32_t unknown[] = {3, 37};
  const pintle_request sound = request;
  const std::function<void()> faults[] = {
      [&] { request.struct_size = 0; },
      [&] { request.struct_size += 8; },
      [&] { request.k = 0; },
      [&] { request.flags = 8; },
      [&] { request.deny_count = 1; },
      [&] { request.allow_count = 1; },
      [&] { request.allow = unknown; },
      [&] {
        request.flags = PINTLE_ONLY_ALLOWED;
        request.allow_count = 1;
      },
  };
  for (const auto& fault : faults) {
    request = sound;
    fault();
    expect(PINTLE_ERR_INVALID_ARGUMENT);
  }
  request = sound;
  request.flags = PINTLE_ONLY_ALLOWED;
  request.allow = unknown;
  request.allow_count = 2;
  expect(PINTLE_ERR_UNKNOWN_ITEM);
  request = sound;
  request.deny = unknown;
  request.deny_count = 2;
  expect(PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(pintle_score(session.get(), unknown, 2, &score) == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(score == 7);
  CHECK(same_list(session.recommend(), before));
}

TEST_CASE_FIXTURE(Fixture, "null pointers are refused") {
  session.append({1});
  const uint32_t item = 1;
  float score = 7;
  size_t done = 7;
  pintle_session* s = session.get();
  const size_t offsets[] = {0, 1};
  CHECK(pintle_recommend(nullptr, &request, out, &count) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_recommend(s, nullptr, out, &count) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_recommend(s, &request, nullptr, &count) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_recommend(s, &request, out, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_score(s, nullptr, 1, &score) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_score(s, &item, 1, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_score(nullptr, &item, 1, &score) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_append(nullptr, &item, 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_append(s, nullptr, 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_append(s, nullptr, 0) == PINTLE_OK);
  CHECK(pintle_session_reset(nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  size_t events = 7;
  CHECK(pintle_session_event_count(s, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_event_count(nullptr, &events) == PINTLE_ERR_INVALID_ARGUMENT);
  const auto batch = [&](const uint32_t* items, const size_t* o, pintle_recommendation* list,
                         size_t* counts, size_t* d) {
    return pintle_recommend_batch(s, items, o, 1, &request, list, counts, d);
  };
  CHECK(batch(nullptr, offsets, out, &count, &done) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(batch(&item, nullptr, out, &count, &done) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(batch(&item, offsets, nullptr, &count, &done) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(batch(&item, offsets, out, nullptr, &done) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(batch(&item, offsets, out, &count, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  pintle_session* created = nullptr;
  alignas(64) uint8_t memory[64];
  CHECK(pintle_session_create(nullptr, memory, 64, &created, nullptr) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_create(model.get(), nullptr, 64, &created, nullptr) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_create(model.get(), memory, 64, nullptr, nullptr) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  pintle_session_destroy(nullptr);
  size_t effects = 7;
  float rest = 7;
  pintle_feature_value feature;
  CHECK(pintle_active_features(s, 0, nullptr, 1, &effects) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_active_features(s, 0, &feature, 1, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_explain_features(s, 0, 0, nullptr, 1, &effects, &score, &rest) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_explain_features(s, 0, 0, &feature, 1, &effects, nullptr, &rest) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_explain_events(s, 0, nullptr, 1, &effects) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_state(s, nullptr, &score, 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(pintle_session_state(s, "last", nullptr, 8) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(score == 7);
  CHECK(effects == 7);
  CHECK(done == 7);
  CHECK(events == 7);
}

TEST_CASE_FIXTURE(Fixture,
                  "offsets of a batch that go backwards are refused, with null items too") {
  const uint32_t items[] = {1, 2, 3};
  const size_t offsets[] = {0, 3, 1, 3};
  size_t counts[3] = {};
  size_t done = 7;
  CHECK(pintle_recommend_batch(session.get(), items, offsets, 3, &request, out, counts, &done) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(done == 1);
  const size_t there_and_back[] = {0, 3, 0};
  CHECK(pintle_recommend_batch(session.get(), nullptr, there_and_back, 2, &request, out, counts,
                               &done) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(done == 0);
}

TEST_CASE_FIXTURE(Fixture, "edits must name what exists, with values that they can have") {
  session.append({1, 2, 3});
  const auto before = session.recommend();
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    expect(PINTLE_ERR_INVALID_ARGUMENT, {PINTLE_EDIT_SET, 0, 0, 0, value});
    expect(PINTLE_ERR_INVALID_ARGUMENT, {PINTLE_EDIT_KNOB, 0, 0, 0, value});
  }
  expect(PINTLE_ERR_INVALID_ARGUMENT, {7, 0, 0, 0, 1});
  expect(PINTLE_ERR_INVALID_ARGUMENT, {UINT32_MAX, 0, 0, 0, 1});
  expect(PINTLE_ERR_INVALID_ARGUMENT, {PINTLE_EDIT_SET, 0, 0, 4, 1});
  expect(PINTLE_ERR_INVALID_ARGUMENT, {PINTLE_EDIT_SCALE, 0, 0, PINTLE_EDIT_CALIBRATED, 1});
  expect(PINTLE_ERR_INVALID_ARGUMENT, {PINTLE_EDIT_KNOB, 0, 1, 0, 1});
  expect(PINTLE_ERR_INVALID_ARGUMENT, {PINTLE_EDIT_KNOB, 0, 0, PINTLE_EDIT_ONLY_ACTIVE, 1});
  expect(PINTLE_ERR_UNKNOWN_NAME, {PINTLE_EDIT_KNOB, 3, 0, 0, 1});
  expect(PINTLE_ERR_UNKNOWN_NAME, {PINTLE_EDIT_ADD, 21, 0, 0, 1});
  expect(PINTLE_ERR_UNKNOWN_NAME, {PINTLE_EDIT_ADD, 0, 3, 0, 1});
  expect(PINTLE_ERR_OUT_OF_RANGE, {PINTLE_EDIT_KNOB, 0, 0, 0, 4.001f});
  expect(PINTLE_ERR_OUT_OF_RANGE, {PINTLE_EDIT_KNOB, 2, 0, 0, -1.001f});

  pintle_steering steering = PINTLE_STEERING_INIT;
  request.steering = &steering;
  steering.struct_size = 4;
  expect(PINTLE_ERR_INVALID_ARGUMENT);
  steering = PINTLE_STEERING_INIT;
  steering.flags = 4;
  expect(PINTLE_ERR_INVALID_ARGUMENT);
  steering = PINTLE_STEERING_INIT;
  steering.edit_count = 1;
  expect(PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(same_list(session.recommend(), before));

  // What is not read is not checked; the ends of a range belong to it.
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_ABLATE, 0, 0, 0, NAN},
                                          {PINTLE_EDIT_KNOB, 0, 0, 0, 4},
                                          {PINTLE_EDIT_KNOB, 2, 0, 0, -1}};
  steering = steering_of(edits);
  CHECK(pintle_recommend(session.get(), &request, out, &count) == PINTLE_OK);
}

TEST_CASE("calibrated edits need statistics") {
  TinyModel tiny = steerable_model(plain_model().network);
  tiny.interpretation.saes[0].statistics.clear();
  const OpenModel model(tiny.file());
  OpenSession session(model, {1, 2});
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_SET, 0, 0, PINTLE_EDIT_CALIBRATED, 1}};
  const pintle_steering steering = steering_of(edits);
  pintle_request request = PINTLE_REQUEST_INIT;
  request.steering = &steering;
  pintle_recommendation out[10];
  size_t count = 77;
  CHECK(pintle_recommend(session.get(), &request, out, &count) == PINTLE_ERR_INVALID_ARGUMENT);
  pintle_feature_info info = PINTLE_FEATURE_INFO_INIT;
  CHECK(pintle_model_get_feature(model.get(), 0, 1, &info) == PINTLE_OK);
  CHECK(info.p95 == 0);
}

}  // namespace
}  // namespace pintle::test
