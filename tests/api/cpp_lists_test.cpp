// SPDX-License-Identifier: Apache-2.0
//
// Wishes and rules through pintle.hpp: what lists hold, and what is told of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "pintle/pintle.hpp"
#include "support/tiny_models.h"

namespace {

using pintle::Request;
using pintle::test::AlignedBytes;

// Of pintle::test::text_catalogue: 37 items, groups genre (Noir, every third; Space, every fourth) and
// mood (Calm, the odd ones).
constexpr uint32_t kNoir = 0, kSpace = 1, kCalm = 2, kGenre = 0, kMood = 1;
bool has(uint32_t item, uint32_t attribute) {
  if (attribute == kNoir) return item % 3 == 0;
  return attribute == kSpace ? item % 4 == 1 : item % 2 == 1;
}

class Lists {
 public:
  explicit Lists(const std::vector<uint32_t>& history)
      : bytes_(pintle::test::steerable_model(pintle::test::plain_model().network).file()),
        model_(*pintle::Model::open_memory(bytes_.data(), bytes_.size())),
        session_(*pintle::Session::create(model_)) {
    REQUIRE(session_.append(history));
  }
  const pintle::Model& model() const { return model_; }
  pintle::Session& session() { return session_; }
  std::vector<uint32_t> items(const Request& request) {
    const auto list = session_.recommend(request);
    REQUIRE_MESSAGE(list, list.message());
    std::vector<uint32_t> items;
    for (const pintle_recommendation& entry : *list) items.push_back(entry.item);
    return items;
  }
  pintle::ListExplanation explained(const Request& request) {
    auto explained = session_.explain_list(request);
    REQUIRE_MESSAGE(explained, explained.message());
    return *explained;
  }

 private:
  AlignedBytes bytes_;
  pintle::Model model_;
  pintle::Session session_;
};

size_t count_of(const std::vector<uint32_t>& items, uint32_t attribute) {
  return static_cast<size_t>(std::count_if(items.begin(), items.end(),
                                           [&](uint32_t item) { return has(item, attribute); }));
}

size_t longest_run(const std::vector<uint32_t>& items, uint32_t attribute) {
  size_t longest = 0, run = 0;
  for (const uint32_t item : items) {
    run = has(item, attribute) ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

Request with_rules(std::vector<pintle_rule> rules) {
  Request request;
  request.rules = std::move(rules);
  return request;
}

TEST_CASE("shares are whole entries: at least rounds up, at most down, exactly to the nearest") {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    Lists lists(pintle::test::random_history(4, 37, seed));
    for (int twentieths = 0; twentieths <= 12; ++twentieths) {
      CAPTURE(twentieths);
      const float share = static_cast<float>(twentieths) / 20;
      const size_t up = static_cast<size_t>((twentieths + 1) / 2), down = twentieths / 2;
      // Eligible are 8 of Noir at least, and 10 others.
      CHECK(count_of(lists.items(with_rules({pintle::at_least(kNoir, share)})), kNoir) >= up);
      CHECK(count_of(lists.items(with_rules({pintle::at_most(kNoir, share)})), kNoir) <= down);
      CHECK(count_of(lists.items(with_rules({pintle::exactly(kNoir, share)})), kNoir) == up);
    }
  }
}

TEST_CASE("exact shares of overlapping attributes are kept by every list that can") {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    Lists lists(pintle::test::random_history(4, 37, seed));
    const Request request = with_rules({pintle::exactly(kNoir, 0.4f), pintle::exactly(kSpace, 0.3f),
                                        pintle::exactly(kCalm, 0.5f)});
    const std::vector<uint32_t> items = lists.items(request);
    CHECK(count_of(items, kNoir) == 4);
    CHECK(count_of(items, kSpace) == 3);
    CHECK(count_of(items, kCalm) == 5);
    for (const pintle_rule_result& result : lists.explained(request).results) {
      CHECK(result.outcome == PINTLE_RULE_KEPT);
      CHECK(result.got == result.wanted);
    }
  }
}

TEST_CASE("a mix may be off by one entry in ten, and never costs more than exact shares") {
  size_t cheaper = 0;
  for (uint32_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    Lists lists(pintle::test::random_history(4, 37, seed));
    const pintle::ListExplanation mixed =
        lists.explained(with_rules({pintle::mix(kNoir, 0.6f), pintle::mix(kCalm, 0.3f)}));
    const pintle::ListExplanation exact =
        lists.explained(with_rules({pintle::exactly(kNoir, 0.6f), pintle::exactly(kCalm, 0.3f)}));
    float missed = 0;
    for (const pintle_rule_result& result : mixed.results) {
      CHECK(result.outcome == PINTLE_RULE_KEPT);
      missed += std::fabs(result.got - result.wanted);
    }
    CHECK(missed <= 1);
    CHECK(mixed.info.expected_dcg >= exact.info.expected_dcg);
    cheaper += mixed.info.expected_dcg > exact.info.expected_dcg ? 1 : 0;
  }
  CHECK(cheaper >= 3);
}

TEST_CASE("caps, runs and pins") {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    Lists lists(pintle::test::random_history(4, 37, seed));
    CHECK(count_of(lists.items(with_rules({pintle::cap(kCalm, 2)})), kCalm) <= 2);
    const std::vector<uint32_t> capped = lists.items(with_rules({pintle::cap_each(kGenre, 2)}));
    CHECK(capped.size() == 10);
    CHECK(count_of(capped, kNoir) <= 2);
    CHECK(count_of(capped, kSpace) <= 2);
    const Request alternate = with_rules({pintle::exactly(kCalm, 0.5f), pintle::max_run(kCalm, 1)});
    const std::vector<uint32_t> spread = lists.items(alternate);
    CHECK(count_of(spread, kCalm) == 5);
    CHECK(longest_run(spread, kCalm) == 1);
    CHECK(longest_run(lists.items(with_rules({pintle::max_run_each(kMood, 2)})), kCalm) <= 2);
    // The item that comes last of all.
    const uint32_t last = lists.items(Request(37)).back();
    const std::vector<uint32_t> pinned = lists.items(with_rules({pintle::pin(last, 3)}));
    CHECK(pinned[2] == last);
    CHECK(std::count(pinned.begin(), pinned.end(), last) == 1);
  }
}

TEST_CASE("what is zero changes no bit, and says so") {
  Lists lists({1, 2, 3});
  const auto plain = *lists.session().recommend(10);
  Request zero;
  zero.edits = {pintle::turn(0, 0)};
  zero.wishes = {pintle::wish_for(kCalm, 0), pintle::boost(5, 0), pintle::diverse(0),
                 pintle::explore(0)};
  zero.seed = 9;
  CHECK(pintle::test::same_list(*lists.session().recommend(zero), plain));
  const pintle::ListExplanation explained = lists.explained(zero);
  CHECK(explained.info.expected_dcg == explained.info.plain_dcg);
  CHECK(explained.info.kept_count == 10);
  for (size_t i = 0; i < 10; ++i) {
    const pintle_list_entry& entry = explained.entries[i];
    CHECK(entry.item == plain[i].item);
    CHECK(std::memcmp(&entry.score, &plain[i].score, sizeof(float)) == 0);
    CHECK(entry.plain_rank == i + 1);
    CHECK(entry.cause == PINTLE_CAUSE_SCORE);
    CHECK(entry.gain == 0);
    CHECK(lists.session().explain_entry(zero, i + 1, 8)->empty());
  }
}

TEST_CASE("wishes move lists their way, and scores stay the network's") {
  Lists lists({1, 2, 3});
  const std::vector<uint32_t> plain = lists.items(Request());
  Request request;
  const auto under = [&](const pintle_wish& wish) {
    request.wishes = {wish};
    return lists.items(request);
  };
  REQUIRE(count_of(plain, kCalm) > 1);
  CHECK(count_of(under(pintle::wish_for(kCalm, 100)), kCalm) > count_of(plain, kCalm));
  CHECK(count_of(under(pintle::wish_for(kCalm, -100)), kCalm) < count_of(plain, kCalm));
  const uint32_t last = lists.items(Request(37)).back();
  const std::vector<uint32_t> boosted = under(pintle::boost(last, 100));
  CHECK(boosted.back() == last);  // in the order of scores
  const std::vector<uint32_t> without = under(pintle::boost(plain[0], -100));
  CHECK(std::count(without.begin(), without.end(), plain[0]) == 0);
  const auto list = *lists.session().recommend(request);
  const auto scores = *lists.session().score(without);
  for (size_t i = 0; i < list.size(); ++i) CHECK(list[i].score == scores[i]);
  request.seed = 4;
  const std::vector<uint32_t> drawn = under(pintle::explore(1));
  CHECK(under(pintle::explore(1)) == drawn);
  size_t others = 0;
  for (request.seed = 5; request.seed < 10; ++request.seed) {
    others += under(pintle::explore(1)) != drawn ? 1 : 0;
  }
  CHECK(others >= 3);
}

TEST_CASE("an explained list is the recommended one, and reasons add up to gains") {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    Lists lists(pintle::test::random_history(4, 37, seed));
    Request request;
    request.edits = {pintle::turn(*lists.model().find_knob("space"), 3)};
    request.wishes = {pintle::wish_for(kCalm, -2), pintle::boost(20, 1), pintle::diverse(0.3f)};
    request.rules = {pintle::cap_each(kGenre, 4), pintle::at_least(kNoir, 0.3f),
                     pintle::pin(36, 2)};
    const auto list = *lists.session().recommend(request);
    const std::vector<uint32_t> plain = lists.items(Request());
    const pintle::ListExplanation explained = lists.explained(request);
    REQUIRE(explained.entries.size() == list.size());
    REQUIRE(explained.results.size() == 3);
    size_t kept = 0;
    for (size_t i = 0; i < list.size(); ++i) {
      const pintle_list_entry& entry = explained.entries[i];
      CAPTURE(i);
      CHECK(entry.item == list[i].item);
      CHECK(entry.score == list[i].score);
      const auto at = std::find(plain.begin(), plain.end(), entry.item);
      const bool is_plain = at != plain.end();
      CHECK(entry.plain_rank ==
            (is_plain ? static_cast<uint32_t>(at - plain.begin()) + 1 : PINTLE_NO_RANK));
      kept += is_plain ? 1 : 0;
      const auto reasons = *lists.session().explain_entry(request, i + 1, 16);
      CHECK((entry.cause == PINTLE_CAUSE_SCORE) == reasons.empty());
      double sum = 0;
      for (const pintle_reason& reason : reasons) sum += static_cast<double>(reason.value);
      CHECK(sum == doctest::Approx(static_cast<double>(entry.gain)).epsilon(1e-5));
      for (size_t r = 1; r < reasons.size(); ++r) {
        CHECK(std::fabs(reasons[r].value) <= std::fabs(reasons[r - 1].value));
      }
      if (entry.cause == PINTLE_CAUSE_SCORE) {
        CHECK(entry.replaced == PINTLE_NO_ITEM);
      } else {
        CHECK(std::count(plain.begin(), plain.end(), entry.replaced) == 1);
        CHECK(std::none_of(list.begin(), list.end(),
                           [&](const auto& other) { return other.item == entry.replaced; }));
      }
    }
    CHECK(explained.info.kept_count == kept);
    CHECK(explained.info.expected_dcg < explained.info.plain_dcg);
    CHECK(explained.info.expected_dcg > 0);
    CHECK(lists.session().explain_entry(request, 11, 4).status() == PINTLE_ERR_INVALID_ARGUMENT);
    CHECK(lists.session().explain_entry(request, 0, 4).status() == PINTLE_ERR_INVALID_ARGUMENT);
  }
}

TEST_CASE("rules that cannot hold give way, and it is told why") {
  Lists lists({1, 2, 3});
  const auto result_of = [&](const Request& request, size_t rule) {
    return lists.explained(request).results.at(rule);
  };
  // Twelve items of Noir are left, of which a list of twenty wants all and more.
  Request many = with_rules({pintle::at_least(kNoir, 1)});
  many.k = 20;
  const pintle_rule_result few = result_of(many, 0);
  CHECK(few.outcome == PINTLE_RULE_TOO_FEW);
  CHECK(few.wanted == 20);
  CHECK(few.got == 12);
  // The earlier of two that exclude each other is kept.
  const Request conflict = with_rules({pintle::cap(kCalm, 2), pintle::at_least(kCalm, 0.5f)});
  CHECK(result_of(conflict, 0).outcome == PINTLE_RULE_KEPT);
  CHECK(result_of(conflict, 1).outcome == PINTLE_RULE_CONFLICT);
  CHECK(result_of(conflict, 1).got == 2);
  Request seen = with_rules({pintle::pin(2, 1), pintle::pin(4, 2)});
  CHECK(result_of(seen, 0).outcome == PINTLE_RULE_FILTERED);
  CHECK(result_of(seen, 0).got == 0);
  CHECK(result_of(seen, 1).outcome == PINTLE_RULE_KEPT);
  CHECK(lists.items(seen)[1] == 4);
}

TEST_CASE("what a list cannot be asked is refused in words") {
  Lists lists({1, 2, 3});
  Request request;
  const auto status = [&](const std::string& words) {
    const auto list = lists.session().recommend(request);
    CAPTURE(list.message());
    if (!list) CHECK(list.message().find(words) != std::string::npos);
    CHECK(lists.session().explain_list(request).status() == list.status());
    return list.status();
  };
  request.wishes = {pintle::wish_for(3, 1)};
  CHECK(status("wish 0") == PINTLE_ERR_UNKNOWN_NAME);
  request.wishes = {pintle::boost(37, 1)};
  CHECK(status("wish 0") == PINTLE_ERR_UNKNOWN_ITEM);
  request.wishes = {pintle::fresh(1)};
  CHECK(status("date") == PINTLE_ERR_INVALID_ARGUMENT);
  request.wishes = {pintle::wish_for(0, NAN)};
  CHECK(status("wish 0") == PINTLE_ERR_INVALID_ARGUMENT);
  request.wishes.clear();
  request.rules = {pintle::cap(0, 1), pintle::cap_each(2, 1)};
  CHECK(status("rule 1") == PINTLE_ERR_UNKNOWN_NAME);
  request.rules = {pintle::at_least(0, 1.5f)};
  CHECK(status("rule 0") == PINTLE_ERR_INVALID_ARGUMENT);
  request.rules = {pintle::pin(4, 11)};
  CHECK(status("rule 0") == PINTLE_ERR_INVALID_ARGUMENT);
}

TEST_CASE("a group by example is a target like an attribute") {
  const AlignedBytes bytes(
      pintle::test::steerable_model(pintle::test::plain_model().network).file());
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = PINTLE_OPEN_EXAMPLES;
  const pintle::Model model = *pintle::Model::open_memory(bytes.data(), bytes.size(), &options);
  pintle::Session session = *pintle::Session::create(model);
  REQUIRE(session.append(1));
  CHECK(session.example(0, 5).status() == PINTLE_ERR_UNKNOWN_NAME);
  REQUIRE(session.set_example(0, {5, 9}, {6}));
  CHECK(*session.example(0, 5) == 15);
  CHECK(*session.example(0, 6) == 0);
  const pintle::Status refused = session.set_example(0, {5}, {5});
  CHECK(refused == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(refused.message().find("unlike 0: item 5 is named before") != std::string::npos);
  Request request(4);
  request.rules = {pintle::at_least(pintle::example_attribute(0), 0.5f)};
  const auto list = session.recommend(request);
  REQUIRE_MESSAGE(list, list.message());
  uint32_t sum = 0;
  for (const pintle_recommendation& entry : *list) sum += *session.example(0, entry.item);
  CHECK(sum >= 2 * 15);
}

}  // namespace
