// SPDX-License-Identifier: Apache-2.0
//
// What bindings and apps with memory of their own rely on: the call without structs, and the allocator.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "support/counting_allocator.h"
#include "support/scratch_dir.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

TinyModel steerable() { return steerable_model(plain_model().network); }

// With the same attributes and knobs.
TinyModel steerable_by_integers() {
  TinyModel tiny = steerable();
  const converter::Catalogue ids = integer_catalogue(tiny.network.items.rows);
  tiny.catalogue.has_text_ids = false;
  tiny.catalogue.text_ids.clear();
  tiny.catalogue.integer_ids = ids.integer_ids;
  tiny.catalogue.id_order = ids.id_order;
  return tiny;
}

struct FlatList {
  explicit FlatList(size_t k) : items(k, 77), scores(k, 77), ids(k, 77) {}
  std::vector<uint32_t> items;
  std::vector<float> scores;
  std::vector<int64_t> ids;
  size_t count = 77;
};

TEST_CASE("pintle_recommend_flat gives pintle_recommend's items, scores and ids") {
  struct Knobs {
    std::vector<uint32_t> knobs;
    std::vector<float> strengths;
  };
  const Knobs sets[] = {
      {}, {{0}, {2}}, {{2, 0, 1}, {0.5f, -1, 3}}, {{0, 0}, {1, 1}}, {{1, 1}, {2, -2}}};
  for (const bool has_text_ids : {false, true}) {
    const OpenModel model((has_text_ids ? steerable() : steerable_by_integers()).file());
    OpenSession session(model, {3, 1, 4, 1, 5});
    const auto unsteered = session.recommend(10);
    size_t others = 0;
    for (const Knobs& set : sets) {
      std::vector<pintle_edit> edits;
      for (size_t i = 0; i < set.knobs.size(); ++i) {
        edits.push_back({PINTLE_EDIT_KNOB, set.knobs[i], 0, 0, set.strengths[i]});
      }
      const pintle_steering steering = steering_of(edits);
      others += same_list(session.recommend(10, 0, &steering), unsteered) ? 0 : 1;
      for (const uint32_t flags : {0u, uint32_t{PINTLE_INCLUDE_SEEN}}) {
        const uint32_t most = set.knobs.empty() ? PINTLE_FLAT_K : PINTLE_LIST_K;
        for (const uint32_t k : {1u, 10u, 37u, most}) {
          CAPTURE(k);
          const auto expected = session.recommend(k, flags, &steering);
          FlatList list(k);
          const auto recommend = [&](float* scores, int64_t* ids) {
            return pintle_recommend_flat(session.get(), k, flags, set.knobs.data(),
                                         set.strengths.data(), set.knobs.size(), list.items.data(),
                                         scores, ids, &list.count);
          };
          REQUIRE(recommend(list.scores.data(), list.ids.data()) == PINTLE_OK);
          REQUIRE(list.count == expected.size());
          for (size_t i = 0; i < list.count; ++i) {
            CHECK(list.items[i] == expected[i].item);
            CHECK(std::memcmp(&list.scores[i], &expected[i].score, sizeof(float)) == 0);
            CHECK(list.ids[i] == expected[i].id);
            CHECK((list.ids[i] == 0) == has_text_ids);
          }
          const std::vector<uint32_t> items = list.items;
          list = FlatList(k);
          REQUIRE(recommend(nullptr, nullptr) == PINTLE_OK);
          CHECK(list.items == items);
          CHECK(list.count == expected.size());
        }
      }
    }
    CHECK(others >= 3);  // the knobs do something
  }
}

TEST_CASE("pintle_recommend_flat refuses what it cannot hold, and leaves its outputs") {
  const OpenModel model(steerable().file());
  OpenSession session(model, {3, 1, 4});
  const std::vector<uint32_t> knobs(PINTLE_FLAT_KNOBS + 1, 0);
  const std::vector<float> strengths(knobs.size(), 0.5f);
  FlatList list(PINTLE_FLAT_K + 1);
  const auto recommend = [&](size_t k, uint32_t flags, const uint32_t* numbers, size_t count) {
    return pintle_recommend_flat(session.get(), k, flags, numbers, strengths.data(), count,
                                 list.items.data(), list.scores.data(), list.ids.data(),
                                 &list.count);
  };
  CHECK(recommend(0, 0, knobs.data(), 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(recommend(PINTLE_FLAT_K + 1, 0, knobs.data(), 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(recommend(5, PINTLE_ONLY_ALLOWED, knobs.data(), 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(recommend(5, 0, nullptr, 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(recommend(5, 0, knobs.data(), knobs.size()) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(std::string(pintle_session_last_error(session.get())).find("65 knobs") !=
        std::string::npos);
  CHECK(recommend(PINTLE_LIST_K + 1, 0, knobs.data(), 1) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(list.count == 77);
  CHECK(list.items == FlatList(PINTLE_FLAT_K + 1).items);
  CHECK(list.scores == FlatList(PINTLE_FLAT_K + 1).scores);
  CHECK(list.ids == FlatList(PINTLE_FLAT_K + 1).ids);
  CHECK(recommend(5, 0, knobs.data(), PINTLE_FLAT_KNOBS) == PINTLE_OK);
  CHECK(list.count == 5);
}

// A model of the allocator's, and two sessions on it.
struct AllocatedModel {
  AllocatedModel(const AlignedBytes& bytes, const CountingAllocator& allocator) {
    const pintle_open_options options = allocator.options(PINTLE_OPEN_COPY);
    REQUIRE(pintle_model_open_memory(bytes.data(), bytes.size(), &options, &model, nullptr) ==
            PINTLE_OK);
  }
  void make_sessions() {
    for (pintle_session*& session : sessions) {
      REQUIRE(pintle_session_new(model, &session, nullptr) == PINTLE_OK);
    }
  }
  void close(size_t part) {  // 2: the model
    if (part == 2) {
      pintle_model_close(model);
    } else {
      pintle_session_free(sessions[part]);
    }
  }

  pintle_model* model = nullptr;
  pintle_session* sessions[2] = {};
};

TEST_CASE("an app's allocator gives all memory and gets it back, closed in any order") {
  const AlignedBytes bytes(steerable().file());
  size_t order[] = {0, 1, 2};
  do {
    CountingAllocator allocator;
    AllocatedModel opened(bytes, allocator);
    const size_t model_bytes = allocator.live_bytes(), model_blocks = allocator.live_blocks();
    CHECK(model_bytes > bytes.size());  // the copy, and what is known of it
    size_t session_bytes = 0;
    REQUIRE(pintle_session_memory(opened.model, &session_bytes) == PINTLE_OK);
    opened.make_sessions();
    CHECK(allocator.live_bytes() == model_bytes + 2 * session_bytes);
    CHECK(allocator.live_blocks() == model_blocks + 2);

    const size_t asked = allocator.asked();
    const uint32_t items[] = {3, 1, 4};
    pintle_recommendation out[10];
    size_t count = 0;
    const pintle_request request = PINTLE_REQUEST_INIT;
    for (pintle_session* session : opened.sessions) {
      CHECK(pintle_session_append(session, items, 3) == PINTLE_OK);
      CHECK(pintle_recommend(session, &request, out, &count) == PINTLE_OK);
      pintle_session_destroy(session);  // not of pintle_session_create: left alone
    }
    CHECK(allocator.asked() == asked);

    for (size_t i = 0; i < 3; ++i) {
      opened.close(order[i]);
      if (i == 2) break;
      CHECK(allocator.live_bytes() >= model_bytes);  // the last one holds the model
    }
    CHECK(allocator.live_blocks() == 0);
    CHECK(allocator.faults() == 0);
  } while (std::next_permutation(std::begin(order), std::end(order)));
}

TEST_CASE("a refusal of the app's allocator gives everything back, at every block") {
  const AlignedBytes bytes(steerable().file());
  for (size_t refuse_at = 1;; ++refuse_at) {
    CAPTURE(refuse_at);
    REQUIRE(refuse_at < 100);
    CountingAllocator allocator(refuse_at);
    const pintle_open_options options = allocator.options(PINTLE_OPEN_COPY);
    pintle_model* model = nullptr;
    pintle_session* session = nullptr;
    pintle_status status =
        pintle_model_open_memory(bytes.data(), bytes.size(), &options, &model, nullptr);
    if (status == PINTLE_OK) status = pintle_session_new(model, &session, nullptr);
    CHECK((session != nullptr) == (status == PINTLE_OK));
    pintle_session_free(session);
    pintle_model_close(model);
    CHECK(allocator.live_blocks() == 0);
    CHECK(allocator.faults() == 0);
    if (status == PINTLE_OK) {
      CHECK(refuse_at > 6);  // the copy, the model, its blocks, SAEs, knobs, groups, the session
      break;
    }
    CHECK(status == PINTLE_ERR_OUT_OF_MEMORY);
  }
}

TEST_CASE("what is mapped is not allocated, what is copied comes from the app's allocator") {
  const std::vector<uint8_t> file = steerable().file();
  const ScratchDir folder;
  const std::string bytes(file.begin(), file.end());
  const std::string path = folder.write("m", bytes), shifted = folder.write("s", "x" + bytes);
  CountingAllocator allocator;
  const pintle_open_options options = allocator.options();
  pintle_model* mapped = nullptr;
  REQUIRE(pintle_model_open_file(path.c_str(), &options, &mapped, nullptr) == PINTLE_OK);
  const size_t mapped_bytes = allocator.live_bytes();
  CHECK(mapped_bytes > 0);
  pintle_model* copied = nullptr;
  const int fd = ::open(shifted.c_str(), O_RDONLY);
  REQUIRE(pintle_model_open_fd(fd, 1, file.size(), &options, &copied, nullptr) == PINTLE_OK);
  ::close(fd);
  CHECK(allocator.live_bytes() == 2 * mapped_bytes + file.size());
  pintle_model_close(copied);
  CHECK(allocator.live_bytes() == mapped_bytes);
  pintle_model_close(mapped);
  CHECK(allocator.live_blocks() == 0);
  CHECK(allocator.faults() == 0);
}

}  // namespace
}  // namespace pintle::test
