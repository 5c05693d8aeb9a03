// SPDX-License-Identifier: Apache-2.0
//
// Wishes and rules that no list can have are refused, in words, and what was asked before is left as it was.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "support/contains.h"
#include "unit/random_requests.h"

namespace pintle::test {
namespace {

constexpr uint32_t kItems = 200;

struct Asker {
  // The words of a refusal with this status.
  std::string refusal(pintle_status status, OwnedRequest* asked) {
    pintle_recommendation out[256];
    size_t count = 77;
    CHECK(pintle_recommend(session.get(), &asked->get(), out, &count) == status);
    CHECK(count == 77);
    const std::string words = pintle_session_last_error(session.get());
    // Explaining refuses the same in the same words.
    pintle_list_entry entries[256];
    std::vector<pintle_rule_result> results(asked->rules.size());
    pintle_list_info info = PINTLE_LIST_INFO_INIT;
    CHECK(pintle_explain_list(session.get(), &asked->get(), entries, &count, results.data(),
                              &info) == status);
    CHECK(count == 77);
    // But for the length of a list, which without wishes only explaining bounds.
    if (asked->request.k <= PINTLE_LIST_K) {
      CHECK(pintle_session_last_error(session.get()) == words);
    }
    return words;
  }
  std::string refused_wish(pintle_status status, std::vector<pintle_wish> wishes) {
    OwnedRequest asked;
    asked.wishes = std::move(wishes);
    return refusal(status, &asked);
  }
  std::string refused_rule(pintle_status status, std::vector<pintle_rule> rules) {
    OwnedRequest asked;
    asked.rules = std::move(rules);
    return refusal(status, &asked);
  }

  const TinyModel tiny = random_model(1, kItems);
  const OpenModel model{tiny.file()};
  OpenSession session{model, {1, 2}};
};

TEST_CASE_FIXTURE(Asker, "wishes name what exists, with values that they can have") {
  const auto before = session.recommend();
  const auto invalid = PINTLE_ERR_INVALID_ARGUMENT;
  check_contains(refused_wish(invalid, {{5, 0, 1}}), "wish 0: kind 5");
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    check_contains(refused_wish(invalid, {{PINTLE_WISH_ITEM, 1, 1}, {PINTLE_WISH_ITEM, 1, value}}),
                   "wish 1");
  }
  check_contains(refused_wish(PINTLE_ERR_UNKNOWN_NAME, {{PINTLE_WISH_ATTRIBUTE, 9, 1}}),
                 "attribute 9, of a model with 9");
  check_contains(refused_wish(PINTLE_ERR_UNKNOWN_ITEM, {{PINTLE_WISH_ITEM, kItems, 1}}),
                 "item 200, of a catalogue of 200");
  for (const uint32_t kind : {PINTLE_WISH_FRESH, PINTLE_WISH_DIVERSE, PINTLE_WISH_EXPLORE}) {
    check_contains(refused_wish(invalid, {{kind, 0, 0.5f}, {kind, 0, 0.5f}}), "wish 1");
    check_contains(refused_wish(invalid, {{kind, 1, 0.5f}}), "its target is 0");
  }
  for (const uint32_t kind : {PINTLE_WISH_DIVERSE, PINTLE_WISH_EXPLORE}) {
    for (const float value : {-0.1f, 1.1f}) {
      check_contains(refused_wish(invalid, {{kind, 0, value}}), "not from 0 to 1");
    }
  }
  OwnedRequest stale;
  stale.wishes = {{PINTLE_WISH_FRESH, 0, 1}};
  for (const double half_life : {-1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    stale.asked.half_life_seconds = half_life;
    check_contains(refusal(invalid, &stale), "half_life_seconds");
  }
  CHECK(same_list(session.recommend(), before));
}

TEST_CASE_FIXTURE(Asker, "rules name what exists, with counts and shares that they can have") {
  const auto invalid = PINTLE_ERR_INVALID_ARGUMENT;
  check_contains(refused_rule(invalid, {{99, 0, 0, 0}}), "kind 99");
  for (const uint32_t kind : {PINTLE_RULE_AT_LEAST, PINTLE_RULE_AT_MOST, PINTLE_RULE_EXACTLY}) {
    for (const float share : {-0.1f, 1.1f, static_cast<float>(NAN)}) {
      check_contains(refused_rule(invalid, {{kind, 0, 0, share}}), "rule 0");
    }
    check_contains(refused_rule(invalid, {{kind, 0, 3, 0.5f}}), "count (3)");
  }
  for (const uint32_t kind : {PINTLE_RULE_CAP, PINTLE_RULE_CAP_EACH, PINTLE_RULE_RUN,
                              PINTLE_RULE_RUN_EACH, PINTLE_RULE_PIN}) {
    check_contains(refused_rule(invalid, {{kind, 0, 1, 0.5f}}), "rule 0");
  }
  check_contains(refused_rule(invalid, {{PINTLE_RULE_RUN, 0, 0, 0}}), "none in a row");
  check_contains(refused_rule(invalid, {{PINTLE_RULE_RUN_EACH, 0, 0, 0}}), "none in a row");
  CHECK(
      contains(refused_rule(PINTLE_ERR_UNKNOWN_NAME, {{PINTLE_RULE_CAP, 9, 1, 0}}), "attribute 9"));
  check_contains(refused_rule(PINTLE_ERR_UNKNOWN_NAME, {{PINTLE_RULE_CAP_EACH, 2, 1, 0}}),
                 "group 2, of a model with 2");
  check_contains(refused_rule(PINTLE_ERR_UNKNOWN_ITEM, {{PINTLE_RULE_PIN, kItems, 1, 0}}),
                 "item 200");
  for (const uint32_t rank : {0u, 11u}) {
    check_contains(refused_rule(invalid, {{PINTLE_RULE_PIN, 3, rank, 0}}), "is not from 1 to 10");
  }
  check_contains(refused_rule(invalid, {{PINTLE_RULE_PIN, 3, 1, 0}, {PINTLE_RULE_PIN, 3, 2, 0}}),
                 "rules 0 and 1 pin the same");
  check_contains(refused_rule(invalid, {{PINTLE_RULE_PIN, 3, 1, 0}, {PINTLE_RULE_PIN, 4, 1, 0}}),
                 "rules 0 and 1 pin the same");
}

TEST_CASE_FIXTURE(Asker, "the most of a call is taken, and one more is refused") {
  const auto takes = [&](OwnedRequest* asked) {
    pintle_recommendation out[PINTLE_LIST_K];
    size_t count = 0;
    return pintle_recommend(session.get(), &asked->get(), out, &count);
  };
  OwnedRequest wishes;
  wishes.wishes.assign(PINTLE_LIST_WISHES, {PINTLE_WISH_ATTRIBUTE, 0, 1});
  CHECK(takes(&wishes) == PINTLE_OK);
  wishes.wishes.push_back({PINTLE_WISH_ATTRIBUTE, 0, 0});
  check_contains(refusal(PINTLE_ERR_INVALID_ARGUMENT, &wishes), "33 wishes of at most 32");
  OwnedRequest rules;
  rules.rules.assign(PINTLE_LIST_RULES, {PINTLE_RULE_CAP, 0, 9, 0});
  CHECK(takes(&rules) == PINTLE_OK);
  rules.rules.push_back({PINTLE_RULE_CAP, 0, 9, 0});
  check_contains(refusal(PINTLE_ERR_INVALID_ARGUMENT, &rules), "33 rules of at most 32");

  // Freshness is one of them; a wish of zero names none.
  OwnedRequest attributes;
  for (uint32_t a = 0; a + 1 < PINTLE_LIST_ATTRIBUTES; ++a) {
    attributes.wishes.push_back({PINTLE_WISH_ATTRIBUTE, a, 1});
  }
  attributes.wishes.push_back({PINTLE_WISH_FRESH, 0, 1});
  attributes.wishes.push_back({PINTLE_WISH_ATTRIBUTE, 8, 0});
  CHECK(takes(&attributes) == PINTLE_OK);
  attributes.rules = {{PINTLE_RULE_CAP, 7, 3, 0}};
  check_contains(refusal(PINTLE_ERR_INVALID_ARGUMENT, &attributes), "more than 8 attributes");

  OwnedRequest longest;
  longest.request.k = PINTLE_LIST_K;
  longest.wishes = {{PINTLE_WISH_ATTRIBUTE, 0, 1}};
  CHECK(takes(&longest) == PINTLE_OK);
  longest.request.k = PINTLE_LIST_K + 1;
  check_contains(refusal(PINTLE_ERR_INVALID_ARGUMENT, &longest), "128 are the most");
  OwnedRequest diverse;
  diverse.request.k = PINTLE_DIVERSE_K;
  diverse.wishes = {{PINTLE_WISH_DIVERSE, 0, 0.5f}};
  CHECK(takes(&diverse) == PINTLE_OK);
  diverse.request.k = PINTLE_DIVERSE_K + 1;
  check_contains(refusal(PINTLE_ERR_INVALID_ARGUMENT, &diverse), "32 are the most");
  // A plain list may be as long as it likes.
  diverse.wishes[0].value = 0;
  CHECK(session.recommend(diverse.get()).size() == PINTLE_DIVERSE_K + 1);
}

TEST_CASE("freshness needs dates") {
  TinyModel tiny = random_model(2, 30);
  tiny.catalogue.dates.clear();
  const OpenModel model(tiny.file());
  OpenSession session(model, {1});
  OwnedRequest asked;
  asked.wishes = {{PINTLE_WISH_FRESH, 0, 1}};
  pintle_recommendation out[10];
  size_t count = 0;
  CHECK(pintle_recommend(session.get(), &asked.get(), out, &count) == PINTLE_ERR_INVALID_ARGUMENT);
  check_contains(pintle_session_last_error(session.get()), "knows no item's date");
}

}  // namespace
}  // namespace pintle::test
