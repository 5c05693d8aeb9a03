// SPDX-License-Identifier: Apache-2.0
//
// One model, many threads, a session each: the same lists as one thread gives. Built with
// -fsanitize=thread, also that nothing is shared that is written.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "support/tiny_models.h"

namespace pintle::test {
namespace {

using Lists = std::vector<std::vector<pintle_recommendation>>;

Lists work(const OpenModel& model, uint32_t seed, int rounds) {
  Lists lists;
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, 0, 0, 0, 1},
                                          {PINTLE_EDIT_KNOB, 1, 0, 0, 2},
                                          {PINTLE_EDIT_SET, 3, 1, 0, 1}};
  for (int round = 0; round < rounds; ++round) {
    OpenSession session(model);
    for (const uint32_t item : random_history(15, 37, seed + static_cast<uint32_t>(round))) {
      session.append({item});
      lists.push_back(session.recommend());
      const pintle_steering steering = steering_of(edits, item % 4);
      lists.push_back(session.recommend(10, 0, &steering));
      uint32_t found;
      REQUIRE(pintle_model_find_text_id(model.get(), "item-7", 6, &found) == PINTLE_OK);
    }
  }
  return lists;
}

TEST_CASE("threads with a session each do not disturb each other") {
  for (const fb::DType precision : {fb::DType_F32, fb::DType_I8}) {
    const OpenModel model(steerable_model(plain_model().network).file(precision));
    constexpr uint32_t kThreads = 4;
    constexpr int kRounds = 10;
    std::vector<Lists> expected, found(kThreads);
    for (uint32_t t = 0; t < kThreads; ++t) expected.push_back(work(model, 100 * t, kRounds));
    std::vector<std::thread> threads;
    for (uint32_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] { found[t] = work(model, 100 * t, kRounds); });
    }
    for (std::thread& thread : threads) thread.join();
    for (uint32_t t = 0; t < kThreads; ++t) {
      REQUIRE(found[t].size() == expected[t].size());
      for (size_t i = 0; i < found[t].size(); ++i) CHECK(same_list(found[t][i], expected[t][i]));
    }
  }
}

TEST_CASE("a session may move between threads, one at a time") {
  const OpenModel model(plain_model().file());
  OpenSession moved(model, {1, 2}), stays(model, {1, 2});
  std::thread([&] {
    moved.recommend();
    moved.append({3});
  }).join();
  stays.recommend();
  stays.append({3});
  CHECK(same_list(moved.recommend(), stays.recommend()));
}

TEST_CASE("models open and close in many threads at once") {
  const std::vector<uint8_t> file = plain_model().file();
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t round = 0; round < 20; ++round) {
        const OpenModel model(file);
        OpenSession(model, {t, round}).recommend();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace pintle::test
