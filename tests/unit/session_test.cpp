// SPDX-License-Identifier: Apache-2.0
//
// A session's memory, history and independence of other sessions.
#include "runtime/session/session.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "random_network.h"
#include "runtime/model/model.h"
#include "session_formula.h"
#include "support/read_file.h"
#include "support/tiny_models.h"

namespace pintle::test {
using namespace pintle::internal;  // what this tests is not public
namespace {

TEST_CASE("a session stays inside the bytes that it asked for") {
  for (uint32_t seed = 0; seed < kArchitectureCount; seed += 4) {
    const TinyModel tiny = steerable_model(any_model(seed).network);
    const OpenModel model(tiny.file(seed % 8 == 0 ? fb::DType_F32 : fb::DType_I8));
    size_t size = 0;
    REQUIRE(pintle_session_memory(model.get(), &size) == PINTLE_OK);
    CHECK(size % 64 == 0);
    const std::vector<uint8_t> pattern(size + 128, 0x5A);
    const AlignedBytes memory(pattern);
    pintle_session* session = nullptr;
    REQUIRE(pintle_session_create(model.get(), memory.data() + 64, size, &session, nullptr) ==
            PINTLE_OK);
    const std::vector<uint32_t> history = random_history(9, tiny.network.items.rows, seed);
    REQUIRE(pintle_session_append(session, history.data(), 9) == PINTLE_OK);
    const std::vector<pintle_edit> edits = {{PINTLE_EDIT_SET, 20, 0, 0, 1},
                                            {PINTLE_EDIT_SET, 20, 1, 0, 1},
                                            {PINTLE_EDIT_KNOB, 1, 0, 0, 1}};
    for (const uint32_t flags : {0u, 3u}) {
      const pintle_steering steering = steering_of(edits, flags);
      pintle_request request = PINTLE_REQUEST_INIT;
      request.steering = &steering;
      pintle_recommendation out[10];
      size_t count;
      CHECK(pintle_recommend(session, &request, out, &count) == PINTLE_OK);
    }
    pintle_session_destroy(session);
    CHECK(std::memcmp(memory.data(), pattern.data(), 64) == 0);
    CHECK(std::memcmp(memory.data() + 64 + size, pattern.data(), 64) == 0);
  }
}

size_t session_memory(const TinyModel& tiny, uint32_t flags = 0) {
  const OpenModel model(tiny.file(), "", flags);
  size_t size = 0;
  REQUIRE(pintle_session_memory(model.get(), &size) == PINTLE_OK);
  return size;
}

// Never too little, and too much by no more than the rounding that it allows for.
void check_formula(size_t formula, size_t size) {
  CHECK(size <= formula);
  CHECK(size + 4096 >= formula);
}

TEST_CASE("the README's formula of a session's memory holds") {
  using converter::NetworkShape;
  for (const NetworkShape& shape :
       {NetworkShape{37, 12, 2, 20, 6, 2}, NetworkShape{3417, 64, 2, 64, 200, 2},
        NetworkShape{3416, 64, 2, 256, 128, 2}, NetworkShape{70000, 20, 1, 50, 33, 3},
        NetworkShape{500, 128, 4, 1024, 50, 1}}) {
    CAPTURE(shape.dim);
    TinyModel tiny;
    tiny.network = converter::random_network(shape);
    tiny.catalogue = integer_catalogue(shape.items);
    tiny.catalogue.item_attributes.assign(static_cast<size_t>(shape.items), {0});
    for (int i = 0; i < 301; ++i) tiny.catalogue.attributes.emplace_back("tag", std::to_string(i));
    for (const uint32_t flags :
         {0u, uint32_t{PINTLE_OPEN_EXAMPLES}, uint32_t{PINTLE_OPEN_PROFILE}}) {
      const size_t size = session_memory(tiny, flags);
      const bool examples = flags == PINTLE_OPEN_EXAMPLES, profiles = flags == PINTLE_OPEN_PROFILE;
      check_formula(
          session_bytes(static_cast<size_t>(shape.items), static_cast<size_t>(shape.dim),
                        static_cast<size_t>(shape.ffn_dim), static_cast<size_t>(shape.layers),
                        static_cast<size_t>(shape.window), false, 0, examples, profiles, 301),
          size);
      if (shape.window == 200 && !profiles) CHECK(size <= 512 * 1024);
    }
  }
  // BERT4Rec's form with SAEs and knobs, and all else that an architecture may have.
  for (uint32_t seed = 0; seed < kArchitectureCount; ++seed) {
    CAPTURE(seed);
    const TinyModel tiny = steerable_model(any_model(seed).network);
    const converter::Network& network = tiny.network;
    const bool mask_token = network.mask == fb::AttentionMask_Bidirectional;
    check_formula(
        session_bytes(static_cast<size_t>(network.items.rows), static_cast<size_t>(network.dim),
                      static_cast<size_t>(network.ffn_dim), network.blocks.size(),
                      static_cast<size_t>(network.window), mask_token, 21, false, false, 0),
        session_memory(tiny));
  }
}

TEST_CASE("the README prints that formula") {
  const std::string header = read_file(PINTLE_ROOT "/tests/unit/session_formula.h");
  const std::string begin = "// README: begin\n";
  const size_t first = header.find(begin) + begin.size(), last = header.find("// README: end");
  REQUIRE(last != std::string::npos);
  CHECK(read_file(PINTLE_ROOT "/README.md").find(header.substr(first, last - first)) !=
        std::string::npos);
}

TEST_CASE("memory that is too small or not aligned is refused") {
  const OpenModel model(plain_model().file());
  size_t size = 0;
  REQUIRE(pintle_session_memory(model.get(), &size) == PINTLE_OK);
  const AlignedBytes memory(std::vector<uint8_t>(size + 64));
  pintle_session* session = nullptr;
  CHECK(pintle_session_create(model.get(), memory.data(), size - 1, &session, nullptr) ==
        PINTLE_ERR_BUFFER_TOO_SMALL);
  CHECK(pintle_session_create(model.get(), memory.data(), 0, &session, nullptr) ==
        PINTLE_ERR_BUFFER_TOO_SMALL);
  for (const size_t shift : {1, 4, 32}) {
    CHECK(pintle_session_create(model.get(), memory.data() + shift, size, &session, nullptr) ==
          PINTLE_ERR_MISALIGNED);
  }
  CHECK(session == nullptr);
}

TEST_CASE("an unknown item appends nothing") {
  const OpenModel model(plain_model().file());
  OpenSession session(model, {1, 2, 3});
  const std::vector<float> before = session.all_scores();
  const auto list = session.recommend(37);
  for (const std::vector<uint32_t>& bad :
       {std::vector<uint32_t>{37}, {4, 5, 37}, {UINT32_MAX, 4}}) {
    CHECK(pintle_session_append(session.get(), bad.data(), bad.size()) == PINTLE_ERR_UNKNOWN_ITEM);
    size_t count = 0;
    CHECK(pintle_session_event_count(session.get(), &count) == PINTLE_OK);
    CHECK(count == 3);
    CHECK(session.all_scores() == before);
    CHECK(same_list(session.recommend(37), list));
  }
}

TEST_CASE("events are counted beyond the window, and forgotten at reset with what was seen") {
  const OpenModel model(plain_model().file());
  OpenSession session(model);
  size_t count = 9;
  CHECK(pintle_session_event_count(session.get(), &count) == PINTLE_OK);
  CHECK(count == 0);
  session.append({});
  for (int i = 0; i < 5; ++i) session.append({1, 2, 3});
  CHECK(pintle_session_event_count(session.get(), &count) == PINTLE_OK);
  CHECK(count == 15);
  CHECK(session.recommend(37).size() == 34);
  session.reset();
  session.append({30});
  CHECK(session.recommend(37).size() == 36);
}

TEST_CASE("sessions of one model do not see each other") {
  const OpenModel model(plain_model().file());
  OpenSession a(model, {1, 2}), b(model, {3, 4, 5});
  const auto list_a = a.recommend(), list_b = b.recommend();
  CHECK_FALSE(same_list(list_a, list_b));
  b.append({6});
  b.recommend();
  CHECK(same_list(a.recommend(), list_a));
  a.append({7});
  b.reset();
  b.append({3, 4, 5});
  CHECK(same_list(b.recommend(), list_b));
}

TEST_CASE("a model with skipped oldest items counts them as seen, and answers from the start") {
  TinyModel tiny;
  uint32_t seed = 0;
  for (; tiny.network.skip_oldest == 0; ++seed) tiny = any_model(seed);
  const OpenModel model(tiny.file());
  OpenSession session(model);
  session.append({2});
  CHECK(session_of(session.get())->history.kept() == 0);
  for (const pintle_recommendation& entry : session.recommend()) CHECK(entry.item != 2);
  session.append({0, 1});
  CHECK(session_of(session.get())->history.kept() == (tiny.network.window < 2 ? 1 : 2));
}

}  // namespace
}  // namespace pintle::test
