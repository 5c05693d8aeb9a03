// SPDX-License-Identifier: Apache-2.0
//
// Snapshots: what is saved comes back, damaged ones are refused, and another model takes what it knows.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "support/contains.h"
#include "unit/profiled_model.h"

namespace pintle::test {
namespace {

std::string save(const OpenSession& session) {
  size_t size = 0;
  REQUIRE(pintle_session_save(session.get(), nullptr, 0, &size) == PINTLE_OK);
  std::string bytes(size, '?'), more(size + 5, '?');
  size_t again = 0;
  CHECK(pintle_session_save(session.get(), bytes.data(), size - 1, &again) ==
        PINTLE_ERR_BUFFER_TOO_SMALL);
  CHECK(again == size);
  REQUIRE(pintle_session_save(session.get(), bytes.data(), size, &again) == PINTLE_OK);
  REQUIRE(pintle_session_save(session.get(), more.data(), more.size(), &again) == PINTLE_OK);
  CHECK(more == bytes + "?????");
  return bytes;
}

pintle_status restore(const OpenSession& session, const std::string& bytes,
                      pintle_restore_info* info = nullptr) {
  // Where a sanitizer sees what is read past the end.
  const std::vector<char> copy(bytes.begin(), bytes.end());
  return pintle_session_restore(session.get(), copy.data(), copy.size(), info);
}

// A session with something of everything.
void live(ProfiledSession* session, std::mt19937* random) {
  std::vector<uint32_t> items;
  std::vector<int64_t> times;
  for (uint32_t i = 0; i < 3 + draw(random, 20); ++i) {
    items.push_back(draw(random, kProfiledItems));
    times.push_back(draw(random, 3) == 0 ? PINTLE_NO_DATE : 1690000000 + draw(random, 9999999));
  }
  REQUIRE(pintle_session_append_timed(session->get(), items.data(), times.data(), items.size()) ==
          PINTLE_OK);
  const uint32_t feedbacks = draw(random, 30);
  for (uint32_t i = 0; i < feedbacks; ++i) session->give(random_feedback(random));
  if (feedbacks > 5) (void)pintle_profile_undo(session->get(), 3);
  session->set_options(1.25f, 0.1f + static_cast<float>(draw(random, 10)) / 30);
  if (draw(random, 2) == 0) {
    REQUIRE(pintle_session_set_window_policy(session->get(), PINTLE_WINDOW_HOP) == PINTLE_OK);
  }
}

pintle_request week_later() {
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 30;
  request.now = 1699000000;
  request.repeat_after_seconds = 86400 * 30;
  return request;
}

TEST_CASE("a restored session is the saved one: bytes, lists, and what comes after") {
  for (const bool has_text : {false, true}) {
    TinyModel tiny = profiled_model();
    if (has_text) {
      const converter::Catalogue texts = text_catalogue(kProfiledItems);
      tiny.catalogue.has_text_ids = true;
      tiny.catalogue.text_ids = texts.text_ids;
      tiny.catalogue.id_order = texts.id_order;
      tiny.catalogue.integer_ids.clear();
    }
    const OpenModel model(tiny.file(), "", PINTLE_OPEN_PROFILE);
    std::mt19937 random(1);
    for (int round = 0; round < 30; ++round) {
      ProfiledSession session(model, {}), other(model, {5, 6});
      live(&session, &random);
      other.give(random_feedback(&random));
      const std::string bytes = save(session);
      CHECK(nlohmann::json::accept(bytes));
      CHECK(pintle_snapshot_check(bytes.data(), bytes.size(), nullptr) == PINTLE_OK);
      pintle_restore_info info = PINTLE_RESTORE_INFO_INIT;
      REQUIRE(restore(other, bytes, &info) == PINTLE_OK);
      CHECK(info.is_same_model == 1);
      CHECK(std::string(info.message).empty());
      CHECK(save(other) == bytes);
      CHECK(same_list(other.recommend(week_later()), session.recommend(week_later())));
      const pintle_feedback feedback = random_feedback(&random);
      CHECK(session.give(feedback) == other.give(feedback));
      session.append({9});
      other.append({9});
      CHECK(same_list(other.recommend(week_later()), session.recommend(week_later())));
      CHECK(save(other) == save(session));
    }
  }
}

TEST_CASE("export, reset, import restores the list bit for bit; so does JSON of another writer") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  std::mt19937 random(2);
  ProfiledSession session(model, {});
  live(&session, &random);
  const std::vector<pintle_recommendation> before = session.recommend(week_later());
  const std::string bytes = save(session);
  REQUIRE(pintle_profile_reset(session.get()) == PINTLE_OK);
  REQUIRE(pintle_session_reset(session.get()) == PINTLE_OK);
  nlohmann::json json = nlohmann::json::parse(bytes);
  json.erase("crc32");
  json["added later"] = {{"a", {1, 2.5e-7, nullptr, true, false, {{"b", "\xc3\xa9\n"}}}},
                         {"c", "d"}};
  pintle_restore_info info = PINTLE_RESTORE_INFO_INIT;
  for (const int indent : {-1, 2}) {
    REQUIRE(restore(session, json.dump(indent), &info) == PINTLE_OK);
    CHECK(info.unknown_members == 1);
    CHECK(std::string(info.message) == "dropped: 1 members of a later version");
    CHECK(same_list(session.recommend(week_later()), before));
    CHECK(save(session) == bytes);
  }
}

TEST_CASE(
    "an older snapshot with a newer model: ids and names count, and what is lacking is said") {
  TinyModel older = profiled_model(1), newer = profiled_model(2);
  // Other numbers for the same ids, three ids gone, the genres in another order and Calm gone.
  std::swap(newer.catalogue.integer_ids[20], newer.catalogue.integer_ids[30]);
  for (const uint32_t item : {40u, 50u, 60u}) newer.catalogue.integer_ids[item] += 1000000;
  std::sort(newer.catalogue.id_order.begin(), newer.catalogue.id_order.end(),
            [&](uint32_t a, uint32_t b) {
              return newer.catalogue.integer_ids[a] < newer.catalogue.integer_ids[b];
            });
  newer.catalogue.attributes = {{"genre", "Space"}, {"genre", "Noir"}, {"mood", "Dark"}};
  const OpenModel old_model(older.file(), "", PINTLE_OPEN_PROFILE);
  const OpenModel new_model(newer.file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(old_model, {20, 40, 7, 50}), other(new_model, {});
  session.give({PINTLE_FEEDBACK_MORE_OF, 1, 1, 0, 100, 0});
  session.give({PINTLE_FEEDBACK_LESS_OF, 2, 1, 0, 200, 0});
  session.give({PINTLE_FEEDBACK_SEEN_ELSEWHERE, 60, 1, 0, 300, 0});
  session.give({PINTLE_FEEDBACK_DISLIKE, 20, 1, 0, 400, 0});
  pintle_restore_info info = PINTLE_RESTORE_INFO_INIT;
  REQUIRE(restore(other, save(session), &info) == PINTLE_OK);
  CHECK(info.is_same_model == 0);
  CHECK(info.event_count == 2);
  CHECK(info.dropped_events == 2);
  CHECK(info.dropped_seen == 2);
  CHECK(info.feedback_count == 2);
  CHECK(info.dropped_feedback == 2);
  CHECK(std::string(info.message) == "dropped: 2 events, 2 seen items, 2 feedback");
  uint32_t items[4];
  size_t count = 0;
  REQUIRE(pintle_session_get_history(other.get(), items, nullptr, 4, &count) == PINTLE_OK);
  REQUIRE(count == 2);
  CHECK(items[0] == 30);
  CHECK(items[1] == 7);
  const std::vector<pintle_feedback> feedback = other.feedback();
  REQUIRE(feedback.size() == 2);
  CHECK(feedback[0].target == 0);  // Space
  CHECK(feedback[0].number == 1);
  CHECK(feedback[1].target == 30);
  CHECK(feedback[1].number == 4);
  CHECK(other.is_kept_out(30));
  CHECK(other.give({PINTLE_FEEDBACK_LIKE, 1, 1, 0, 500, 0}) == 5);

  // Without a profile, what belongs to it is dropped, too.
  const OpenModel plain(older.file());
  OpenSession without(plain, {1});
  REQUIRE(restore(without, save(session), &info) == PINTLE_OK);
  CHECK(info.dropped_feedback == 4);
  CHECK(info.event_count == 4);
}

TEST_CASE("a window that is shorter keeps the newest events; one that lost all is empty") {
  TinyModel tiny = profiled_model();
  const OpenModel model(tiny.file(), "", PINTLE_OPEN_PROFILE);
  nlohmann::json json = nlohmann::json::parse(save(ProfiledSession(model, {1, 2})));
  json.erase("crc32");
  json["history"] = nlohmann::json::array();
  for (int i = 0; i < 9; ++i) {
    json["history"].push_back({tiny.catalogue.integer_ids[static_cast<size_t>(i)], nullptr});
  }
  json["event_count"] = 1;
  ProfiledSession session(model, {});
  REQUIRE(restore(session, json.dump()) == PINTLE_OK);
  uint32_t items[6];
  size_t count = 0, events = 0;
  REQUIRE(pintle_session_get_history(session.get(), items, nullptr, 6, &count) == PINTLE_OK);
  CHECK(count == 6);
  CHECK(items[5] == 8);
  REQUIRE(pintle_session_event_count(session.get(), &events) == PINTLE_OK);
  CHECK(events == 6);
  CHECK(session.recommend().size() == 10);

  json["history"] = {{123456789, nullptr}};
  json["event_count"] = 77;
  REQUIRE(restore(session, json.dump()) == PINTLE_OK);
  REQUIRE(pintle_session_event_count(session.get(), &events) == PINTLE_OK);
  CHECK(events == 0);
  CHECK(session.recommend().size() == 10);  // by the prior
}

TEST_CASE("damaged snapshots are refused, and the session stays as it was") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  std::mt19937 random(4);
  ProfiledSession session(model, {}), target(model, {3, 4});
  live(&session, &random);
  const std::string bytes = save(session), before = save(target);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const pintle_status status = restore(target, bytes.substr(0, size));
    REQUIRE((status == PINTLE_ERR_CORRUPT || status == PINTLE_ERR_INVALID_ARGUMENT));
  }
  size_t unchecked = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 << draw(&random, 8)));
    const pintle_status status = restore(target, changed);
    if (status == PINTLE_OK) {  // the checksum's own name was hit: what it is of is whole
      REQUIRE(save(target) == bytes);
      REQUIRE(restore(target, before) == PINTLE_OK);
      ++unchecked;
      continue;
    }
    REQUIRE((status == PINTLE_ERR_CORRUPT || status == PINTLE_ERR_CHECKSUM ||
             status == PINTLE_ERR_NEWER_FORMAT));
    REQUIRE(save(target) == before);
  }
  CHECK(unchecked <= 5);
  REQUIRE(restore(target, bytes.substr(1)) == PINTLE_ERR_CHECKSUM);
  CHECK(contains(pintle_session_last_error(target.get()), "copy before it"));
}

TEST_CASE("a snapshot without its checksum holds only what a session could") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  std::mt19937 random(9);
  ProfiledSession session(model, {}), target(model, {3, 4});
  live(&session, &random);
  for (int i = 0; i < 6; ++i) session.give(random_feedback(&random));
  const std::string bytes = save(session);
  const std::string open = bytes.substr(0, bytes.rfind(",\"crc32\"")) + "}";
  REQUIRE(restore(target, open) == PINTLE_OK);
  const auto refused = [&](const char* pointer, const nlohmann::json& value, pintle_status status) {
    nlohmann::json json = nlohmann::json::parse(open);
    json[nlohmann::json::json_pointer(pointer)] = value;
    CAPTURE(pointer);
    CHECK(restore(target, json.dump()) == status);
  };
  refused("/pintle_snapshot", 2, PINTLE_ERR_NEWER_FORMAT);
  refused("/pintle_snapshot", "1", PINTLE_ERR_CORRUPT);
  refused("/window_policy", "jump", PINTLE_ERR_CORRUPT);
  refused("/event_count", -1, PINTLE_ERR_CORRUPT);
  refused("/newest_time", 200000000000, PINTLE_ERR_CORRUPT);
  refused("/history", 5, PINTLE_ERR_CORRUPT);
  refused("/history", {{1}}, PINTLE_ERR_CORRUPT);
  refused("/seen", {{1, 9223372036854775807}}, PINTLE_ERR_CORRUPT);
  refused("/profile/strength", 4.5, PINTLE_ERR_CORRUPT);
  refused("/profile/trust", 1.0000001, PINTLE_ERR_CORRUPT);
  refused("/profile/last_number", 0, PINTLE_ERR_CORRUPT);
  refused("/profile/feedback/0/kind", "love", PINTLE_ERR_CORRUPT);
  refused("/profile/feedback/0/weight", 0, PINTLE_ERR_CORRUPT);
  refused("/profile/feedback/0/weight", 1.5, PINTLE_ERR_CORRUPT);
  refused("/profile/feedback/1/number", 1, PINTLE_ERR_CORRUPT);
  refused("/profile/feedback/0/time", 1.5, PINTLE_ERR_CORRUPT);

  // Bytes changed at random, digits more than others: no crash, and what is taken is a session.
  int taken = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string changed = open;
    for (uint32_t i = 0; i < 1 + draw(&random, 3); ++i) {
      char& byte = changed[draw(&random, static_cast<uint32_t>(changed.size()))];
      const char* const choices = "0123456789,:[]{}\"-.eun\\";
      byte = draw(&random, 4) == 0 ? static_cast<char>(draw(&random, 256))
                                   : choices[draw(&random, 23)];
    }
    if (restore(target, changed) != PINTLE_OK) continue;
    ++taken;
    (void)target.recommend(week_later());
    const std::string again = save(target);
    REQUIRE(restore(target, again) == PINTLE_OK);
    REQUIRE(save(target) == again);
  }
  CHECK(taken > 100);
}

}  // namespace
}  // namespace pintle::test
