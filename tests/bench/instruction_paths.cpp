// SPDX-License-Identifier: Apache-2.0
//
// What an app does with a model, once each, for instructions.cmake to count under callgrind:
//
//   instruction_paths MODEL GENRES
//
// GENRES: of write_genre_model, for an append with its top 10 without wishes (list_plain), under one to three,
// and under a mix with caps and diversity; with a full profile, and one feedback into it.
// Only the functions path_* are counted, each after the same work has been done once, so that no
// first-time work (symbol binding, buffers of the allocator) falls into it. Exit status 77: the ISA
// that PINTLE_FORCE_ISA names cannot run.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/wished_request.h"
#include "pintle/pintle.h"

namespace {

constexpr uint32_t kTop = 10;

[[noreturn]] void fail(const char* what, pintle_status status) {
  std::fprintf(stderr, "instruction_paths: %s: %s\n", what, pintle_status_name(status));
  std::exit(status == PINTLE_ERR_UNKNOWN_ISA ? 77 : 1);
}

void require(pintle_status status, const char* what) {
  if (status != PINTLE_OK) fail(what, status);
}

// Knuth's MMIX generator: the same events wherever this is compiled.
class Events {
 public:
  explicit Events(uint32_t item_count) : item_count_(item_count) {}
  uint32_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>((state_ >> 33) % item_count_);
  }

 private:
  uint64_t state_ = 1;
  uint32_t item_count_;
};

}  // namespace

// External and never inlined: callgrind knows them by name.
#define PINTLE_PATH extern "C" __attribute__((noinline, used)) void

PINTLE_PATH path_open(const char* file) {
  pintle_model* model = nullptr;
  require(pintle_model_open_file(file, nullptr, &model, nullptr), file);
  pintle_model_close(model);
}

PINTLE_PATH path_history(pintle_session* session, const uint32_t* items, size_t count,
                         const pintle_request* request, pintle_recommendation* out) {
  size_t found = 0;
  require(pintle_session_reset(session), "reset");
  require(pintle_session_append(session, items, count), "append");
  require(pintle_recommend(session, request, out, &found), "recommend");
}

PINTLE_PATH path_append(pintle_session* session, const uint32_t* item,
                        const pintle_request* request, pintle_recommendation* out) {
  size_t found = 0;
  require(pintle_session_append(session, item, 1), "append");
  require(pintle_recommend(session, request, out, &found), "recommend");
}

// Makes its request here: were it the same code as path_append, the compiler would fold the two.
PINTLE_PATH path_append_steered(pintle_session* session, const uint32_t* item,
                                const pintle_steering* steering, pintle_recommendation* out) {
  size_t found = 0;
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = kTop;
  request.steering = steering;
  require(pintle_session_append(session, item, 1), "append");
  require(pintle_recommend(session, &request, out, &found), "recommend");
}

// kListEvents events with their lists: how much there is to choose from differs from one to the next. One
// function each, of a code of its own (`Path` is written out), as callgrind knows them by name.
constexpr size_t kListEvents = 16;
#define PINTLE_LIST_PATH(name, Path)                                                        \
  PINTLE_PATH path_##name(pintle_session* session, const uint32_t* items, uint32_t* number, \
                          const pintle_request* request, pintle_recommendation* out) {      \
    size_t found = 0;                                                                       \
    *number = Path;                                                                         \
    for (size_t i = 0; i < kListEvents; ++i) {                                              \
      require(pintle_session_append(session, &items[i], 1), "append");                      \
      require(pintle_recommend(session, request, out, &found), "recommend");                \
    }                                                                                       \
  }
PINTLE_LIST_PATH(list_plain, 0)
PINTLE_LIST_PATH(list_one, 1)
PINTLE_LIST_PATH(list_two, 2)
PINTLE_LIST_PATH(list_three, 3)
PINTLE_LIST_PATH(list_mix, 4)
PINTLE_LIST_PATH(list_profile, 5)

// One feedback, and what has to be learned of it before the next list.
PINTLE_PATH path_feedback(pintle_session* session, const pintle_feedback* feedback) {
  size_t parts = 0;
  require(pintle_profile_give(session, feedback, nullptr), "feedback");
  require(pintle_profile_explain(session, PINTLE_NO_DATE, nullptr, 0, &parts), "explain");
}

namespace {

// Each from a window half full, after a list whose request makes the classes of items.
void run_lists(const char* file) {
  pintle_model* model = nullptr;
  require(pintle_model_open_file(file, nullptr, &model, nullptr), file);
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  require(pintle_model_get_info(model, &info), "info");
  using Path = void (*)(pintle_session*, const uint32_t*, uint32_t*, const pintle_request*,
                        pintle_recommendation*);
  constexpr Path kPaths[] = {path_list_plain, path_list_one, path_list_two, path_list_three,
                             path_list_mix};
  for (uint32_t wishes = 0; wishes <= pintle::bench::WishedRequest::kMix; ++wishes) {
    const pintle::bench::WishedRequest wished(wishes);
    pintle_session* session = nullptr;
    require(pintle_session_new(model, &session, nullptr), "session");
    Events events(static_cast<uint32_t>(info.item_count));
    pintle_recommendation list[kTop];
    size_t found = 0;
    for (size_t i = 0; i < info.window / 2; ++i) {
      const uint32_t item = events.next();
      require(pintle_session_append(session, &item, 1), "append");
    }
    require(pintle_recommend(session, &wished.get(), list, &found), "recommend");
    uint32_t number = 0;
    for (int round = 0; round < 2; ++round) {
      uint32_t items[kListEvents];
      for (uint32_t& item : items) item = events.next();
      kPaths[wishes](session, items, &number, &wished.get(), list);
    }
    pintle_session_free(session);
  }
  pintle_model_close(model);
}

// A full profile that a list goes by, from a window half full: likes and dislikes, each of a list that was shown.
void run_profile(const char* file) {
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = PINTLE_OPEN_PROFILE;
  pintle_model* model = nullptr;
  require(pintle_model_open_file(file, &options, &model, nullptr), file);
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  require(pintle_model_get_info(model, &info), "info");
  pintle_session* session = nullptr;
  require(pintle_session_new(model, &session, nullptr), "session");
  const pintle::bench::WishedRequest plain(0);
  Events events(static_cast<uint32_t>(info.item_count));
  pintle_recommendation list[kTop];
  size_t found = 0;
  for (size_t i = 0; i < info.window / 2; ++i) {
    const uint32_t item = events.next();
    require(pintle_session_append(session, &item, 1), "append");
  }
  constexpr uint32_t kSciFi = 14;
  const auto give = [&](uint32_t kind, uint32_t target, int64_t time) {
    const pintle_feedback feedback = {kind, target, 1, 0, time, 0};
    path_feedback(session, &feedback);
  };
  int64_t time = 1700000000;
  give(PINTLE_FEEDBACK_MORE_OF, kSciFi, time);
  for (uint32_t i = 1; i < PINTLE_FEEDBACK_EVENTS; ++i) {
    if (i % 64 == 1) require(pintle_recommend(session, &plain.get(), list, &found), "recommend");
    const uint32_t kind = i % 2 == 0 ? PINTLE_FEEDBACK_LIKE : PINTLE_FEEDBACK_DISLIKE;
    give(kind, i % 2 == 0 ? events.next() : list[i % kTop].item, time);
  }
  uint32_t number = 0;
  for (int round = 0; round < 2; ++round) {
    uint32_t items[kListEvents];
    for (uint32_t& item : items) item = events.next();
    path_list_profile(session, items, &number, &plain.get(), list);
  }
  pintle_session_free(session);
  pintle_model_close(model);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: instruction_paths MODEL GENRES\n");
    return 2;
  }
  pintle_model* model = nullptr;
  require(pintle_model_open_file(argv[1], nullptr, &model, nullptr), argv[1]);
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  require(pintle_model_get_info(model, &info), "info");
  pintle_sae_info sae = PINTLE_SAE_INFO_INIT;
  require(pintle_model_get_sae(model, 0, &sae), "the model's SAE");
  pintle_session* session = nullptr;
  require(pintle_session_new(model, &session, nullptr), "session");

  Events events(static_cast<uint32_t>(info.item_count));
  pintle_recommendation list[kTop];
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = kTop;
  const pintle_edit edit = {PINTLE_EDIT_ADD, static_cast<uint32_t>(sae.feature_count / 2), 0, 0,
                            1.0f};
  pintle_steering steering = PINTLE_STEERING_INIT;
  steering.edits = &edit;
  steering.edit_count = 1;

  path_open(argv[1]);
  path_open(argv[1]);

  std::vector<uint32_t> window(info.window);
  for (int round = 0; round < 2; ++round) {
    for (uint32_t& item : window) item = events.next();
    path_history(session, window.data(), window.size(), &request, list);
  }

  // From a window half full.
  size_t found = 0;
  require(pintle_session_reset(session), "reset");
  require(pintle_session_append(session, window.data(), info.window / 2), "append");
  require(pintle_recommend(session, &request, list, &found), "recommend");
  for (int round = 0; round < 2; ++round) {
    const uint32_t item = events.next();
    path_append(session, &item, &request, list);
  }
  for (int round = 0; round < 2; ++round) {
    const uint32_t item = events.next();
    path_append_steered(session, &item, &steering, list);
  }

  pintle_session_free(session);
  pintle_model_close(model);
  run_lists(argv[2]);
  run_profile(argv[2]);
  return 0;
}
