// SPDX-License-Identifier: Apache-2.0
//
// pintle.hpp: ownership, Result, and the README's example in C++.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "pintle/pintle.hpp"
#include "support/scratch_dir.h"
#include "support/tiny_models.h"

namespace {

using pintle::test::AlignedBytes;
using pintle::test::ScratchDir;

std::vector<uint8_t> text_file() {
  return pintle::test::steerable_model(pintle::test::plain_model().network).file();
}

TEST_CASE("open, append, steer, recommend") {
  ScratchDir folder;
  const std::vector<uint8_t> file = text_file();
  const std::string path =
      folder.write("shop.pintle", {reinterpret_cast<const char*>(file.data()), file.size()});
  auto model = pintle::Model::open(path);
  REQUIRE_MESSAGE(model, model.message());
  CHECK(model->info().item_count == 37);
  auto session = pintle::Session::create(*model);
  REQUIRE(session);
  CHECK(session->append(*model->find("item-7")) == PINTLE_OK);
  CHECK(session->append({1, 2, 3}) == PINTLE_OK);
  const auto plain = session->recommend(5);
  REQUIRE(plain);
  CHECK(plain->size() == 5);

  uint32_t knob = 0;
  REQUIRE(pintle_model_find_knob(model->get(), "noir", &knob) == PINTLE_OK);
  pintle_edit more_noir = {PINTLE_EDIT_KNOB, knob, 0, 0, 4.0f};
  pintle_steering steering = {sizeof(steering), 0, &more_noir, 1};
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 40;
  request.steering = &steering;
  const auto steered = session->recommend(request);
  REQUIRE(steered);
  CHECK(steered->size() == 33);  // as many as are eligible
  for (const pintle_recommendation& entry : *steered) {
    CHECK(*model->find(entry.id_text) == entry.item);
    CHECK(std::string(model->item(entry.item)->id_text) == entry.id_text);
  }
  const auto scores = session->score({(*plain)[0].item, 0});
  REQUIRE(scores);
  CHECK(scores->at(0) == (*plain)[0].score);
  CHECK(session->reset() == PINTLE_OK);
  CHECK(session->recommend(5).status() == PINTLE_ERR_EMPTY_HISTORY);
}

TEST_CASE("failures come as a status and, from opening, words") {
  const auto absent = pintle::Model::open("/nowhere/shop.pintle");
  CHECK_FALSE(absent);
  CHECK(absent.status() == PINTLE_ERR_IO);
  CHECK(absent.message().find("/nowhere/shop.pintle") != std::string::npos);
  const AlignedBytes bytes(text_file());
  const auto model = pintle::Model::open_memory(bytes.data(), bytes.size());
  REQUIRE(model);
  CHECK(model->find("no such").status() == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(model->find(int64_t{7}).status() == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(model->item(99).status() == PINTLE_ERR_UNKNOWN_ITEM);
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.isa = "none such";
  CHECK(pintle::Model::open_memory(bytes.data(), bytes.size(), &options).status() ==
        PINTLE_ERR_UNKNOWN_ISA);
  CHECK(pintle::Session::create(pintle::Model()).status() == PINTLE_ERR_INVALID_ARGUMENT);
}

TEST_CASE("models and sessions move, and end once") {
  const AlignedBytes bytes(text_file());
  pintle::Model model;
  {
    auto opened = pintle::Model::open_memory(bytes.data(), bytes.size());
    REQUIRE(opened);
    model = std::move(*opened);
  }
  std::vector<pintle::Session> sessions;
  for (uint32_t i = 0; i < 3; ++i) {
    auto session = pintle::Session::create(model);
    REQUIRE(session);
    CHECK(session->append(i) == PINTLE_OK);
    sessions.push_back(std::move(*session));
  }
  sessions[0] = std::move(sessions[1]);  // destroys the first one's old session, then its memory
  sessions.pop_back();
  CHECK(sessions[0].recommend(3)->size() == 3);
}

TEST_CASE("batches on the app's threads") {
  const AlignedBytes bytes(text_file());
  const auto model = pintle::Model::open_memory(bytes.data(), bytes.size());
  REQUIRE(model);
  std::vector<pintle::Session> sessions;
  for (int i = 0; i < 3; ++i) sessions.push_back(std::move(*pintle::Session::create(*model)));
  size_t tasks = 0;
  auto backwards = [&](size_t count, const auto& task) {
    for (tasks += count; count > 0; --count) task(count - 1);
  };
  const pintle_executor executor = pintle::make_executor(backwards, 2);
  CHECK(sessions[0].set_executor(&executor) == PINTLE_OK);
  CHECK(sessions[0].set_executor(nullptr) == PINTLE_OK);
  const std::vector<std::vector<uint32_t>> histories = {{1, 2}, {}, {3}, {4, 5, 6}};
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 4;
  const auto lists = pintle::recommend_batch(sessions, executor, histories, request);
  REQUIRE(lists);
  CHECK(tasks == 3);
  REQUIRE(lists->size() == 4);
  CHECK(lists->at(1).empty());
  for (const size_t h : {0, 2, 3}) {
    CHECK(sessions[0].reset() == PINTLE_OK);
    CHECK(sessions[0].append(histories[h]) == PINTLE_OK);
    CHECK(pintle::test::same_list(lists->at(h), *sessions[0].recommend(4)));
  }
  CHECK(pintle::recommend_batch(sessions, executor, {}, request)->empty());
  CHECK(pintle::recommend_batch(sessions, executor, {{1}, {99}}, request).status() ==
        PINTLE_ERR_UNKNOWN_ITEM);
}

TEST_CASE("a descriptor with an offset") {
  ScratchDir folder;
  const std::vector<uint8_t> file = text_file();
  const std::string path =
      folder.write("assets", std::string(64, 'x') + std::string(file.begin(), file.end()));
  const int fd = ::open(path.c_str(), O_RDONLY);
  const auto model = pintle::Model::open_fd(fd, 64, file.size());
  ::close(fd);
  REQUIRE(model);
  CHECK(model->info().file_size_bytes == file.size());
}

}  // namespace
