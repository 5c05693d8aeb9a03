// SPDX-License-Identifier: Apache-2.0
//
// Profiles: what feedback does to lists, and what taking it back undoes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "support/contains.h"
#include "unit/profiled_model.h"

namespace pintle::test {
namespace {

TEST_CASE("lists are those of the network's scores plus the profile's offsets") {
  for (const std::string& isa : isas_under_test()) {
    for (const fb::DType precision : {fb::DType_F32, fb::DType_I8}) {
      CAPTURE(isa);
      const OpenModel model(profiled_model().file(precision), isa, PINTLE_OPEN_PROFILE);
      std::mt19937 random(3);
      for (int person = 0; person < 20; ++person) {
        ProfiledSession session(model, random_history(5, kProfiledItems, draw(&random, 1u << 30)));
        session.set_options(1, 0);  // without a trust region
        for (int i = 0; i < 12; ++i) session.give(random_feedback(&random));
        const std::vector<float> scores = session.all_scores();
        // Two sums that are rounded alike: the test adds what the library says the offsets are.
        std::vector<std::pair<float, uint32_t>> expected;
        for (uint32_t item = 0; item < kProfiledItems; ++item) {
          if (session.is_kept_out(item)) continue;
          expected.emplace_back(-(scores[item] + model.info().temperature * session.offset(item)),
                                item);
        }
        std::sort(expected.begin(), expected.end());
        const std::vector<pintle_recommendation> list = session.recommend(10, PINTLE_INCLUDE_SEEN);
        REQUIRE(list.size() == 10);
        for (size_t r = 0; r < list.size(); ++r) {
          CHECK(list[r].item == expected[r].second);
          CHECK(list[r].score == scores[list[r].item]);  // the network's own
        }
      }
    }
  }
}

TEST_CASE("taking feedback back, in any order, leaves no trace in any list") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    const auto history = random_history(4, kProfiledItems, draw(&random, 1u << 30));
    ProfiledSession session(model, history), without(model, history);
    session.recommend();
    const std::vector<pintle_recommendation> before = session.recommend(20);
    std::vector<uint64_t> all, undone;
    for (int i = 0; i < 40; ++i) {
      all.push_back(session.give(random_feedback(&random)));
      if (draw(&random, 4) == 0) session.recommend();  // learns, and is what is shown from then on
    }
    // Another session that never had it, as a snapshot tells.
    nlohmann::json json = nlohmann::json::parse(session.save());
    json.erase("crc32");
    nlohmann::json& entries = json["profile"]["feedback"];
    for (size_t i = entries.size(); i > 0; --i) {
      if (draw(&random, 3) != 0) continue;
      undone.push_back(entries[i - 1]["number"]);
      entries.erase(i - 1);
    }
    without.restore(json.dump());
    std::shuffle(undone.begin(), undone.end(), random);
    for (const uint64_t number : undone) {
      REQUIRE(pintle_profile_undo(session.get(), number) == PINTLE_OK);
    }
    CHECK(same_list(session.recommend(20), without.recommend(20)));
    for (uint32_t item = 0; item < kProfiledItems; ++item) {
      CHECK(session.offset(item) == without.offset(item));
    }
    // And all of it, in any order.
    std::shuffle(all.begin(), all.end(), random);
    for (const uint64_t number : all) {
      const bool was_undone = std::find(undone.begin(), undone.end(), number) != undone.end();
      CHECK(pintle_profile_undo(session.get(), number) ==
            (was_undone ? PINTLE_ERR_UNKNOWN_NAME : PINTLE_OK));
    }
    CHECK(same_list(session.recommend(20), before));
  }
}

TEST_CASE("the order in which feedback comes does not matter, to the last bit") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  std::mt19937 random(6);
  std::vector<pintle_feedback> all;
  for (int i = 0; i < 100; ++i) all.push_back(random_feedback(&random));
  ProfiledSession first(model, {1, 2}), second(model, {1, 2});
  for (const pintle_feedback& feedback : all) first.give(feedback);
  std::shuffle(all.begin(), all.end(), random);
  for (const pintle_feedback& feedback : all) second.give(feedback);
  for (uint32_t item = 0; item < kProfiledItems; ++item) {
    CHECK(first.offset(item) == second.offset(item));
  }
}

TEST_CASE("what a person asks for comes, and what they do not want goes") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  const auto count = [&](ProfiledSession* session, uint32_t attribute) {
    int found = 0;
    for (const pintle_recommendation& entry : session->recommend(20)) {
      found += has_attribute(entry.item, attribute) ? 1 : 0;
    }
    return found;
  };
  for (const uint32_t attribute : {0u, 1u}) {
    ProfiledSession more(model, {1, 2, 3}), less(model, {1, 2, 3}), plain(model, {1, 2, 3});
    more.give({PINTLE_FEEDBACK_MORE_OF, attribute, 1, 0, PINTLE_NO_DATE, 0});
    less.give({PINTLE_FEEDBACK_LESS_OF, attribute, 1, 0, PINTLE_NO_DATE, 0});
    CHECK(count(&more, attribute) > count(&plain, attribute));
    CHECK(count(&less, attribute) < count(&plain, attribute));
  }
}

TEST_CASE("a preference says little, and less once the network knows the person") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(model, {});
  const auto weight = [&](uint32_t attribute) {
    for (const pintle_profile_part& part : session.parts(PINTLE_NO_DATE)) {
      if (part.attribute == attribute) return part.weight;
    }
    return 0.0f;
  };
  for (int i = 0; i < 3; ++i) session.give({PINTLE_FEEDBACK_PREFERS, 1, 1, 0, PINTLE_NO_DATE, 0});
  const uint64_t half = session.give({PINTLE_FEEDBACK_PREFERS, 0, 0.5f, 0, PINTLE_NO_DATE, 0});
  const std::vector<pintle_recommendation> first = session.recommend();
  CHECK(weight(1) == 0.5f);
  CHECK(weight(0) == 0.25f);
  session.append({1, 2});
  CHECK(weight(1) == 0.5f);
  session.append({4});
  CHECK(weight(1) == 0.25f);
  CHECK(weight(0) == 0.125f);
  CHECK(session.describe(session.parts(PINTLE_NO_DATE)[0]) ==
        "More Space: you asked on three occasions");
  REQUIRE(pintle_profile_undo(session.get(), half) == PINTLE_OK);
  CHECK(weight(0) == 0);
  // What they newly want counts for more than both, and is bounded with them.
  session.give({PINTLE_FEEDBACK_MORE_OF, 0, 1, 0, PINTLE_NO_DATE, 0});
  CHECK(weight(0) > 8 * weight(1));
  for (const uint32_t kind : {PINTLE_FEEDBACK_MORE_OF, PINTLE_FEEDBACK_PREFERS}) {
    for (int i = 0; i < 9; ++i) session.give({kind, 0, 1, 0, PINTLE_NO_DATE, 0});
  }
  CHECK(weight(0) <= 4.25f);
  REQUIRE(pintle_session_reset(session.get()) == PINTLE_OK);
  CHECK(weight(1) == 0.5f);
}

TEST_CASE("feedback on items that came with no list teaches no taste") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(model, {1, 2, 3});
  const auto like_all = [&] {
    for (uint32_t item = 0; item < kProfiledItems; item += 5) {
      session.give({PINTLE_FEEDBACK_LIKE, item, 1, 0, PINTLE_NO_DATE, 0});
    }
  };
  like_all();
  CHECK(session.parts(PINTLE_NO_DATE).empty());
  session.recommend();
  like_all();
  REQUIRE(!session.parts(PINTLE_NO_DATE).empty());
  CHECK(session.parts(PINTLE_NO_DATE)[0].attribute == 0);
}

TEST_CASE("items leave the lists for good, whatever the profile forgets") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(model, {1, 2, 3}), plain(model, {1, 2, 3});
  const std::vector<pintle_recommendation> before = plain.recommend(5);
  const uint32_t gone = before[0].item;
  const uint64_t number =
      session.give({PINTLE_FEEDBACK_SEEN_ELSEWHERE, gone, 1, 0, PINTLE_NO_DATE, 0});
  CHECK(session.recommend(1)[0].item == before[1].item);
  CHECK(session.recommend(1, PINTLE_INCLUDE_SEEN)[0].item != gone);
  for (uint32_t item = 0; item < kProfiledItems; ++item) CHECK(session.offset(item) == 0);

  REQUIRE(pintle_profile_undo(session.get(), number) == PINTLE_OK);
  CHECK(same_list(session.recommend(5), before));

  // Out of a full profile, it stays out; two who kept the same item out are two.
  session.give({PINTLE_FEEDBACK_SEEN_ELSEWHERE, gone, 1, 0, 1000, 0});
  const uint64_t second = session.give({PINTLE_FEEDBACK_DISLIKE, gone, 1, 0, 5000, 0});
  for (uint32_t i = 0; i < PINTLE_FEEDBACK_EVENTS; ++i) {
    session.give({PINTLE_FEEDBACK_LIKE, 7, 1, 0, 3000 + i, 0});
  }
  CHECK(session.feedback().size() == PINTLE_FEEDBACK_EVENTS);
  CHECK(session.is_kept_out(gone));
  REQUIRE(pintle_profile_undo(session.get(), second) == PINTLE_OK);
  CHECK(session.is_kept_out(gone));
  REQUIRE(pintle_profile_reset(session.get()) == PINTLE_OK);
  CHECK(same_list(session.recommend(5), before));
}

TEST_CASE("a full profile forgets the oldest first, and what has no time last") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(model, {1});
  session.give({PINTLE_FEEDBACK_LIKE, 1, 1, 0, PINTLE_NO_DATE, 0});
  for (int64_t i = 0; i < int64_t{PINTLE_FEEDBACK_EVENTS} + 9; ++i) {
    session.give({PINTLE_FEEDBACK_LIKE, 2, 1, 0, 100000 - i, 0});  // the newest first
  }
  const std::vector<pintle_feedback> all = session.feedback();
  REQUIRE(all.size() == PINTLE_FEEDBACK_EVENTS);
  CHECK(all[0].time == PINTLE_NO_DATE);
  for (size_t i = 1; i < all.size(); ++i) CHECK(all[i - 1].number < all[i].number);
  // Of those with times the newest and the one that came last, which nothing has dropped yet.
  CHECK(all[1].time == 100000);
  CHECK(all.back().time == 100000 - static_cast<int64_t>(PINTLE_FEEDBACK_EVENTS) - 8);
  CHECK(all[all.size() - 2].time == 100000 - static_cast<int64_t>(PINTLE_FEEDBACK_EVENTS) + 3);
}

TEST_CASE("feedback fades with its half-life, by the request's now") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(model, {1});
  const int64_t start = 1700000000, half_life = 90 * 86400;
  session.give({PINTLE_FEEDBACK_LESS_OF, 1, 1, 0, start, 0});
  const auto weight = [&](int64_t now) {
    const auto parts = session.parts(now);
    return parts.empty() ? 0 : std::fabs(parts[0].weight);
  };
  const float fresh = weight(start);
  CHECK(weight(PINTLE_NO_DATE) == fresh);  // the newest feedback's time
  CHECK(weight(start - 1000000) == fresh);
  float last = fresh;
  for (int lives = 1; lives <= 12; ++lives) {
    const float left = weight(start + lives * half_life);
    CHECK((left < last || left == 0));
    last = left;
  }
  CHECK(last == 0);
  pintle_profile_options options = PINTLE_PROFILE_OPTIONS_INIT;
  options.half_life_seconds = 0;
  REQUIRE(pintle_profile_set_options(session.get(), &options) == PINTLE_OK);
  CHECK(weight(start + 20 * half_life) == fresh);
}

TEST_CASE("whatever the feedback, offsets are bounded and lists stay inside the trust region") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  std::mt19937 random(8);
  for (int round = 0; round < 40; ++round) {
    const auto history = random_history(6, kProfiledItems, draw(&random, 1u << 30));
    ProfiledSession session(model, history), plain(model, history);
    const float trust = static_cast<float>(round % 5) / 4;
    session.set_options(4, trust);
    // 10,000 of one kind on one item, or on whatever comes first.
    const uint32_t kind = draw(&random, PINTLE_FEEDBACK_PREFERS + 1);
    session.recommend();  // what the feedback is beside
    for (int i = 0; i < (round < 4 ? 10000 : 60); ++i) {
      pintle_feedback feedback = random_feedback(&random);
      feedback.kind = kind;
      feedback.target = kind >= PINTLE_FEEDBACK_MORE_OF ? 1 : 17;
      session.give(feedback);
    }
    for (uint32_t item = 0; item < kProfiledItems; ++item) {
      CHECK(std::fabs(session.offset(item)) <= 4 * 5.0f);
    }
    const std::vector<float> scores = plain.all_scores();
    pintle_request request = PINTLE_REQUEST_INIT;
    const std::vector<uint32_t> denied = session.kept_out();
    request.deny = denied.data();
    request.deny_count = denied.size();
    const auto worth = [&](const std::vector<pintle_recommendation>& list) {
      double sum = 0;
      for (size_t r = 0; r < list.size(); ++r) {
        sum += std::exp(scores[list[r].item] / model.info().temperature) /
               std::log2(static_cast<double>(r) + 2);
      }
      return sum;
    };
    const double whole = worth(plain.recommend(request)), part = worth(session.recommend(request));
    CHECK(part >= trust * whole * (1 - 1e-6));
    if (trust == 1) CHECK(same_list(plain.recommend(request), session.recommend(request)));
  }
}

TEST_CASE("rules and filters win over a profile, wishes add to it") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(model, {1, 2, 3});
  session.give({PINTLE_FEEDBACK_MORE_OF, 1, 1, 0, PINTLE_NO_DATE, 0});
  const pintle_rule cap = {PINTLE_RULE_CAP, 1, 1, 0};
  pintle_wishes wishes = PINTLE_WISHES_INIT;
  wishes.rules = &cap;
  wishes.rule_count = 1;
  pintle_request request = PINTLE_REQUEST_INIT;
  request.wishes = &wishes;
  int count = 0;
  for (const pintle_recommendation& entry : session.recommend(request)) {
    count += has_attribute(entry.item, 1) ? 1 : 0;
    CHECK(entry.score == session.scores({entry.item})[0]);
  }
  CHECK(count == 1);
  // A wish that is worth next to nothing: the list with a profile, and each entry's cause.
  const pintle_wish tiny = {PINTLE_WISH_ITEM, 30, -1e-30f};
  wishes.rules = nullptr;
  wishes.rule_count = 0;
  wishes.wishes = &tiny;
  wishes.wish_count = 1;
  const std::vector<pintle_recommendation> with = session.recommend(request);
  CHECK(same_list(with, session.recommend()));
  ProfiledSession plain(model, {1, 2, 3});
  const std::vector<pintle_recommendation> without = plain.recommend();
  std::vector<pintle_list_entry> entries(request.k);
  size_t found = 0;
  REQUIRE(pintle_explain_list(session.get(), &request, entries.data(), &found, nullptr, nullptr) ==
          PINTLE_OK);
  int by_profile = 0;
  for (size_t r = 0; r < found; ++r) {
    CHECK(entries[r].item == with[r].item);
    const bool is_new = std::none_of(without.begin(), without.end(), [&](const auto& entry) {
      return entry.item == entries[r].item;
    });
    CHECK(entries[r].cause == (is_new ? PINTLE_CAUSE_PROFILE : PINTLE_CAUSE_SCORE));
    by_profile += is_new ? 1 : 0;
  }
  CHECK(by_profile > 0);
}

TEST_CASE("a profile in words") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(model, {1});
  const auto words = [&](uint32_t attribute) {
    for (const pintle_profile_part& part : session.parts(PINTLE_NO_DATE)) {
      if (part.attribute == attribute) return session.describe(part);
    }
    return std::string("nothing");
  };
  CHECK(words(0) == "nothing");
  session.give({PINTLE_FEEDBACK_LESS_OF, 0, 1, 0, 100, 0});
  CHECK(words(0) == "Less Noir: you asked once");
  session.give({PINTLE_FEEDBACK_LESS_OF, 0, 1, 0, 300, 0});
  CHECK(words(0) == "Less Noir: you asked twice");
  session.give({PINTLE_FEEDBACK_LESS_OF, 0, 1, 0, 200, 0});
  CHECK(words(0) == "Less Noir: you asked on three occasions");
  session.give({PINTLE_FEEDBACK_MORE_OF, 0, 0.2f, 0, PINTLE_NO_DATE, 0});
  CHECK(words(0) == "Less Noir: you asked on three occasions, and for the other way once");
  const pintle_profile_part part = session.parts(PINTLE_NO_DATE)[0];
  CHECK(part.newest == 300);
  CHECK(part.count_for == 1);
  CHECK(part.count_against == 3);
  for (int i = 0; i < 9; ++i) session.give({PINTLE_FEEDBACK_MORE_OF, 1, 1, 0, 100, 0});
  CHECK(words(1) == "More Space: you asked on nine occasions");
  for (int i = 0; i < 2; ++i) session.give({PINTLE_FEEDBACK_MORE_OF, 1, 1, 0, 100, 0});
  CHECK(words(1) == "More Space: you asked on 11 occasions");
}

TEST_CASE("wrong feedback is refused in words, and teaches nothing") {
  const OpenModel model(profiled_model().file(), "", PINTLE_OPEN_PROFILE);
  ProfiledSession session(model, {1});
  const auto refused = [&](const pintle_feedback& feedback, pintle_status status,
                           const char* words) {
    CHECK(pintle_profile_give(session.get(), &feedback, nullptr) == status);
    CHECK(contains(pintle_session_last_error(session.get()), words));
  };
  refused({99, 1, 1, 0, 0, 0}, PINTLE_ERR_INVALID_ARGUMENT, "kind 99");
  refused({0, 1, 0, 0, 0, 0}, PINTLE_ERR_INVALID_ARGUMENT, "weight 0");
  refused({0, 1, NAN, 0, 0, 0}, PINTLE_ERR_INVALID_ARGUMENT, "weight");
  refused({0, 1, 1, 5, 0, 0}, PINTLE_ERR_INVALID_ARGUMENT, "kind 0");
  refused({0, 1, 1, 0, INT64_MAX, 0}, PINTLE_ERR_INVALID_ARGUMENT, "time");
  refused({0, kProfiledItems, 1, 0, 0, 0}, PINTLE_ERR_UNKNOWN_ITEM, "catalogue");
  refused({PINTLE_FEEDBACK_MORE_OF, 50, 1, 0, 0, 0}, PINTLE_ERR_UNKNOWN_NAME, "attribute 50");
  CHECK(session.feedback().empty());
  const OpenModel without(profiled_model().file());
  const OpenSession other(without, {1});
  const pintle_feedback like = {0, 1, 1, 0, 0, 0};
  CHECK(pintle_profile_give(other.get(), &like, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(contains(pintle_session_last_error(other.get()), "PINTLE_OPEN_PROFILE"));
}

}  // namespace
}  // namespace pintle::test
