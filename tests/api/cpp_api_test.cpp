// SPDX-License-Identifier: Apache-2.0
//
// pintle.hpp: ownership and Result.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
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

  pintle::Request request(40);
  request.edits = {pintle::turn(*model->find_knob("noir"), 4)};
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

TEST_CASE("a call's list can be walked without a name") {
  const AlignedBytes bytes(text_file());
  const auto model = pintle::Model::open_memory(bytes.data(), bytes.size());
  REQUIRE(model);
  pintle::Session session = *pintle::Session::create(*model);
  REQUIRE(session.append({1, 2, 3}));
  std::vector<uint32_t> walked, named;
  for (const auto& entry : *session.recommend(5)) walked.push_back(entry.item);
  const auto list = session.recommend(5);
  for (const auto& entry : *list) named.push_back(entry.item);
  CHECK(walked.size() == 5);
  CHECK(walked == named);
}

TEST_CASE("failures come as a status and words") {
  const auto absent = pintle::Model::open("/nowhere/shop.pintle");
  CHECK_FALSE(absent);
  CHECK(absent.status() == PINTLE_ERR_IO);
  CHECK(absent.message().find("/nowhere/shop.pintle") != std::string::npos);
  // A long path is cut between characters, behind the reason.
  std::string long_path = "/nowhere/";
  for (int i = 0; i < 300; ++i) long_path += "\xe6\xb8\xaf";
  for (int shift = 0; shift < 3; ++shift, long_path.insert(1, 1, 'x')) {
    const std::string message = pintle::Model::open(long_path).message();
    CHECK(message.find("No such file") != std::string::npos);
    CHECK(message.size() > 240);
    CHECK(message.substr(message.size() - 3) == "\xe6\xb8\xaf");
  }
  const AlignedBytes bytes(text_file());
  const auto model = pintle::Model::open_memory(bytes.data(), bytes.size());
  REQUIRE(model);
  CHECK(model->find("no such").status() == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(model->find(int64_t{7}).status() == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(model->item(99).status() == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(model->item(99).message() == pintle_status_message(PINTLE_ERR_UNKNOWN_ITEM));
  auto session = pintle::Session::create(*model);
  REQUIRE(session);
  CHECK(session->recommend(3).message().find("append an event first") != std::string::npos);
  const pintle::Status unknown = session->append({1, 99});
  CHECK(unknown == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(unknown.message() == "event 1 is item 99, of a catalogue of 37");
  CHECK(session->append(1).message().empty());
  pintle::Request request;
  request.edits = {pintle::turn(0, 1), pintle::edit(PINTLE_EDIT_SET, 7, 0, 1)};
  CHECK(session->recommend(request).message() == "edit 1: SAE 7, of a model with 3");
  request.edits = {pintle::turn(*model->find_knob("noir"), 1e9f)};
  CHECK(session->recommend(request).message().find("whose range is") != std::string::npos);
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
  sessions[0] = std::move(sessions[1]);
  sessions.pop_back();
  model = pintle::Model();  // the sessions hold it
  CHECK(sessions[0].recommend(3)->size() == 3);
}

TEST_CASE("copies of a model are references to one") {
  const AlignedBytes bytes(text_file());
  auto opened = pintle::Model::open_memory(bytes.data(), bytes.size());
  REQUIRE(opened);
  pintle::Model copy = *opened, other;
  CHECK(copy.get() == opened->get());
  other = copy;
  opened = pintle::Status(PINTLE_ERR_IO);
  copy = pintle::Model();
  CHECK(other.info().item_count == 37);
  CHECK_FALSE(copy);
  std::vector<unsigned char> memory(*other.session_memory() + 64);
  void* block = memory.data();
  size_t room = memory.size();
  REQUIRE(std::align(64, *other.session_memory(), block, room) != nullptr);
  auto session = pintle::Session::create_in(other, block, room);
  REQUIRE(session);
  other = pintle::Model();
  CHECK(session->append(4) == PINTLE_OK);
  CHECK(session->event_count() == 1);
  CHECK(pintle::Session::create_in(pintle::Model(), block, room).status() ==
        PINTLE_ERR_INVALID_ARGUMENT);
}

TEST_CASE("everything that can be steered is listed, and found by what it is called") {
  const AlignedBytes bytes(text_file());
  const auto model = pintle::Model::open_memory(bytes.data(), bytes.size());
  REQUIRE(model);
  const pintle_model_info info = model->info();
  CHECK(info.sae_count == 3);
  CHECK(info.knob_count == 3);
  CHECK(info.preset_count == 1);
  REQUIRE(info.main_parameter_count == 2);
  CHECK(std::string(*model->main_parameter(0)) == "It follows the history.");
  CHECK(model->main_parameter(2).status() == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(info.format_version == pintle::format_version());
  for (uint32_t i = 0; i < info.knob_count; ++i) {
    CHECK(*model->find_knob(model->knob(i)->name) == i);
    const std::string name = model->knob(i)->name;
    CHECK(model->knob(i)->feature_count == (name == "space" ? 0 : name == "noir" ? 2 : 3));
  }
  for (uint32_t i = 0; i < info.sae_count; ++i) {
    CHECK(model->sae(i)->feature_count == 21);
    CHECK(model->feature(i, 20));
    CHECK(model->feature(i, 21).status() == PINTLE_ERR_UNKNOWN_NAME);
  }
  CHECK(std::string(model->preset(0)->name) == "evening");
  CHECK(*model->find_preset("evening") == 0);
  CHECK(model->preset_edits(0)->size() == model->preset(0)->edit_count);
  CHECK(model->preset_edits(1).status() == PINTLE_ERR_UNKNOWN_NAME);

  REQUIRE(info.group_count == 2);
  size_t attributes = 0;
  for (uint32_t g = 0; g < info.group_count; ++g) {
    const auto group = model->group(g);
    CHECK(group->first_attribute == attributes);
    for (size_t i = 0; i < group->attribute_count; ++i) {
      const uint32_t number = group->first_attribute + static_cast<uint32_t>(i);
      const auto attribute = model->attribute(number);
      CHECK(attribute->group == g);
      CHECK(*model->find_attribute(group->name, attribute->name) == number);
      size_t having = 0;
      for (uint32_t item = 0; item < info.item_count; ++item) {
        const pintle_item_info of = *model->item(item);
        having += std::count(of.attributes, of.attributes + of.attribute_count, number) > 0;
      }
      CHECK(attribute->item_count == having);
    }
    attributes += group->attribute_count;
  }
  CHECK(attributes == info.attribute_count);
  CHECK(model->group(2).status() == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(model->find_attribute("mood", "none such").status() == PINTLE_ERR_UNKNOWN_NAME);

  size_t unknown = 9;
  const auto items = model->find_all({"item-7", "nothing", "item-3"}, &unknown);
  REQUIRE(items);
  CHECK(unknown == 1);
  CHECK((*items)[0] == *model->find("item-7"));
  CHECK((*items)[1] == PINTLE_NO_ITEM);
  CHECK(model->find_all(std::vector<int64_t>{1}).status() == PINTLE_ERR_INVALID_ARGUMENT);
}

TEST_CASE("states, vectors and explanations fit together") {
  const AlignedBytes bytes(text_file());
  const auto model = pintle::Model::open_memory(bytes.data(), bytes.size());
  auto session = pintle::Session::create(*model);
  REQUIRE(session);
  REQUIRE(session->append({1, 2, 3}));
  const auto state = session->state("last");
  const auto vector = model->item_vector(5);
  REQUIRE(state);
  REQUIRE(vector);
  double score = 0;
  for (size_t i = 0; i < state->size(); ++i) {
    score += static_cast<double>((*state)[i]) * static_cast<double>((*vector)[i]);
  }
  CHECK(score == doctest::Approx(static_cast<double>(session->score({5})->at(0))).epsilon(1e-5));
  size_t active = 0;
  const auto features = session->active_features(0, 2, &active);
  REQUIRE(features);
  CHECK(features->size() == std::min<size_t>(2, active));
  const auto explained = session->explain_features(0, 5, 21);
  REQUIRE(explained);
  double sum = static_cast<double>(explained->remainder);
  for (const pintle_feature_value& f : explained->features) sum += static_cast<double>(f.value);
  CHECK(sum == doctest::Approx(static_cast<double>(explained->score)).epsilon(1e-5));
  CHECK(session->explain_events(5, 10)->size() == 3);
  CHECK(session->scan().is_pruned == 0);
  pintle::Request request(8);
  request.only_allowed = true;
  CHECK(session->recommend(request)->empty());
  request.allow = {9, 10};
  CHECK(session->recommend(request)->size() == 2);
  CHECK(session->set_window_policy(PINTLE_WINDOW_HOP) == PINTLE_OK);
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
  const pintle::Request request(4);
  const auto lists = pintle::recommend_batch(sessions, &executor, histories, request);
  REQUIRE(lists);
  CHECK(tasks == 3);
  REQUIRE(lists->size() == 4);
  CHECK(lists->at(1).empty());
  for (const size_t h : {0, 2, 3}) {
    CHECK(sessions[0].reset() == PINTLE_OK);
    CHECK(sessions[0].append(histories[h]) == PINTLE_OK);
    CHECK(pintle::test::same_list(lists->at(h), *sessions[0].recommend(4)));
  }
  CHECK(pintle::recommend_batch(sessions, &executor, {}, request)->empty());
  CHECK(pintle::recommend_batch({}, &executor, {}, request).status() ==
        PINTLE_ERR_INVALID_ARGUMENT);
  for (const pintle_executor* with : {&executor, static_cast<const pintle_executor*>(nullptr)}) {
    const auto failed = pintle::recommend_batch(sessions, with, {{1}, {99}}, request);
    CHECK(failed.status() == PINTLE_ERR_UNKNOWN_ITEM);
    CHECK(failed.message() == "event 0 is item 99, of a catalogue of 37");
  }
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
