// SPDX-License-Identifier: Apache-2.0
//
// Why each entry is in a list under wishes and rules, and what became of every rule, against sums of the
// test's own.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "unit/random_requests.h"

namespace pintle::test {
namespace {

struct Explained {
  Explained(OpenSession* session, const pintle_request& request, size_t rules)
      : entries(request.k), results(rules) {
    size_t count = 0;
    REQUIRE(pintle_explain_list(session->get(), &request, entries.data(), &count, results.data(),
                                &info) == PINTLE_OK);
    entries.resize(count);
  }
  ItemList items() const {
    ItemList list;
    for (const pintle_list_entry& entry : entries) list.push_back(entry.item);
    return list;
  }

  std::vector<pintle_list_entry> entries;
  std::vector<pintle_rule_result> results;
  pintle_list_info info = PINTLE_LIST_INFO_INIT;
};

std::vector<pintle_reason> reasons_of(OpenSession* session, const pintle_request& request,
                                      size_t rank) {
  std::vector<pintle_reason> reasons(64);
  size_t count = 0;
  REQUIRE(pintle_explain_entry(session->get(), &request, rank, reasons.data(), 64, &count) ==
          PINTLE_OK);
  REQUIRE(count <= 64);
  reasons.resize(count);
  return reasons;
}

// An entry that came in, against the same list with the one that left in its place.
void check_entry(const ReferenceLists& lists, const ItemList& list, const pintle_list_entry& entry,
                 const std::vector<pintle_reason>& reasons) {
  ItemList other = list;
  *std::find(other.begin(), other.end(), entry.item) = entry.replaced;
  other = lists.in_best_order(other, entry.item);
  const ListParts with = lists.parts(list), without = lists.parts(other);
  // Of the noisy scores' probabilities: they may be large, and the difference small.
  const double rounding = 3 * lists.tolerance();
  CHECK(std::abs(entry.gain - (lists.worth(list) - lists.worth(other))) <= rounding);
  std::map<uint32_t, double> expected = {{PINTLE_SOURCE_SCORE, with.own_dcg - without.own_dcg}};
  for (const auto& part : with.by_source) expected[part.first] += part.second;
  for (const auto& part : without.by_source) expected[part.first] -= part.second;
  double sum = 0, most = 0;
  uint32_t best_wish = 0, rule_count = 0, first_rule = 0;
  for (size_t i = 0; i < reasons.size(); ++i) {
    sum += reasons[i].value;
    if (i > 0) CHECK(std::abs(reasons[i].value) <= std::abs(reasons[i - 1].value));
    if (reasons[i].source >= PINTLE_SOURCE_RULES && reasons[i].source != PINTLE_SOURCE_SCORE) {
      CHECK(reasons[i].value == 0);
      if (rule_count++ == 0) first_rule = reasons[i].source;
      continue;
    }
    CHECK(std::abs(reasons[i].value - expected[reasons[i].source]) <= rounding);
    expected.erase(reasons[i].source);
    if (reasons[i].source != PINTLE_SOURCE_SCORE && reasons[i].value > most) {
      most = reasons[i].value;
      best_wish = reasons[i].source;
    }
  }
  for (const auto& part : expected) CHECK(std::abs(part.second) <= rounding);  // none is left out
  CHECK(std::abs(sum - entry.gain) <= rounding);

  const std::vector<int64_t> now = lists.misses_by_rule(list), then = lists.misses_by_rule(other);
  uint32_t needed = 0, first_needed = 0;
  for (uint32_t i = 0; i < now.size(); ++i) {
    if (then[i] > now[i] && needed++ == 0) first_needed = PINTLE_SOURCE_RULES + i;
  }
  CHECK(rule_count == needed);
  CHECK(entry.cause == (needed > 0 ? PINTLE_CAUSE_RULE : PINTLE_CAUSE_WISH));
  CHECK(entry.source == (needed > 0 ? first_needed : best_wish));
  CHECK(first_rule == first_needed);
}

TEST_CASE("every entry says what it gains and what left for it") {
  uint32_t causes[3] = {};
  for (uint32_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Draws draws(seed);
    const uint32_t items = 14 + seed % 7;
    const TinyModel tiny = random_model(seed, items);
    const OpenModel model(tiny.file());
    const std::vector<uint32_t> history = draws.items(4, items);
    OpenSession session(model, history);
    const std::vector<float> scores = session.all_scores();
    for (uint32_t round = 0; round < 40; ++round) {
      OwnedRequest asked;
      draw_request(items, &draws, &asked);
      CAPTURE(round);
      CAPTURE(words(asked));
      const ReferenceLists lists(tiny, model, scores, history, asked.get());
      const Explained list(&session, asked.get(), asked.rules.size());
      REQUIRE(list.items() == items_of(session.recommend(asked.get())));
      const ItemList items_in = list.items();
      const ItemList& plain = lists.plain();

      // The list as a whole.
      const ListParts parts = lists.parts(items_in), before = lists.parts(plain);
      const double rounding = lists.tolerance();
      CHECK(std::abs(list.info.expected_dcg - parts.own_dcg) <= rounding);
      CHECK(std::abs(list.info.plain_dcg - before.own_dcg) <= rounding);
      // Exploration's part of the objective is no reward.
      const double reward =
          lists.worth(items_in) - parts.noisy_dcg - (lists.worth(plain) - before.noisy_dcg);
      CHECK(std::abs(list.info.reward - reward) <= rounding);
      size_t kept = 0;
      std::set<uint32_t> replaced;
      for (size_t r = 0; r < list.entries.size(); ++r) {
        const pintle_list_entry& entry = list.entries[r];
        CAPTURE(r);
        CHECK(entry.score == scores[entry.item]);
        CHECK(entry.probability == doctest::Approx(lists.probability(entry.item)).epsilon(1e-5));
        const auto place = std::find(plain.begin(), plain.end(), entry.item);
        ++causes[entry.cause];
        const std::vector<pintle_reason> reasons = reasons_of(&session, asked.get(), r + 1);
        if (place != plain.end()) {
          ++kept;
          CHECK(entry.plain_rank == static_cast<uint32_t>(place - plain.begin()) + 1);
          CHECK(entry.cause == PINTLE_CAUSE_SCORE);
          CHECK(entry.replaced == PINTLE_NO_ITEM);
          CHECK(entry.gain == 0);
          CHECK(reasons.empty());
          continue;
        }
        CHECK(entry.plain_rank == PINTLE_NO_RANK);
        CHECK(std::count(plain.begin(), plain.end(), entry.replaced) == 1);
        CHECK(std::count(items_in.begin(), items_in.end(), entry.replaced) == 0);
        CHECK(replaced.insert(entry.replaced).second);
        check_entry(lists, items_in, entry, reasons);
        if (entry.cause != PINTLE_CAUSE_RULE && list.info.is_proven == 1) {
          CHECK(entry.gain > -rounding);
        }
      }
      CHECK(list.info.kept_count == kept);

      // Every rule.
      const std::vector<int64_t> misses = lists.misses_by_rule(items_in);
      for (size_t i = 0; i < misses.size(); ++i) {
        CAPTURE(i);
        const pintle_rule_result& result = list.results[i];
        if (asked.rules[i].kind == PINTLE_RULE_PIN) {
          const bool is_there = result.got == static_cast<float>(asked.rules[i].count);
          CHECK((result.outcome == PINTLE_RULE_KEPT) == is_there);
          continue;
        }
        CHECK((result.outcome == PINTLE_RULE_KEPT) == (misses[i] == 0));
        if (result.outcome == PINTLE_RULE_CONFLICT) CHECK(list.info.is_proven == 1);
        if (result.outcome == PINTLE_RULE_NOT_FOUND) CHECK(list.info.is_proven == 0);
      }
    }
  }
  for (const uint32_t count : causes) CHECK(count > 100);
}

TEST_CASE("reasons beyond the room that there is are counted") {
  const TinyModel tiny = random_model(3, 20);
  const OpenModel model(tiny.file());
  OpenSession session(model, {1, 2});
  OwnedRequest asked;
  asked.request.k = 3;
  asked.wishes = {{PINTLE_WISH_ATTRIBUTE, 0, 3}, {PINTLE_WISH_ATTRIBUTE, 1, 3}};
  const Explained list(&session, asked.get(), 0);
  for (size_t rank = 1; rank <= 3; ++rank) {
    const std::vector<pintle_reason> all = reasons_of(&session, asked.get(), rank);
    pintle_reason one = {77, 77};
    size_t count = 0;
    REQUIRE(pintle_explain_entry(session.get(), &asked.get(), rank, &one, 1, &count) == PINTLE_OK);
    CHECK(count == all.size());
    CHECK(one.source == (all.empty() ? 77 : all[0].source));
    CHECK(one.value == (all.empty() ? 77 : all[0].value));
    CHECK(pintle_explain_entry(session.get(), &asked.get(), rank, nullptr, 0, &count) == PINTLE_OK);
  }
  size_t count = 0;
  for (const size_t rank : {0, 4}) {
    CHECK(pintle_explain_entry(session.get(), &asked.get(), rank, nullptr, 0, &count) ==
          PINTLE_ERR_INVALID_ARGUMENT);
    CHECK(std::string(pintle_session_last_error(session.get())).find("rank") != std::string::npos);
  }
}

// Twenty items, none seen or untrained; items 0 to 5 are "genre: few", all are "genre: all", the artist
// "one" has made all but two.
TEST_CASE("a rule that gave way says why") {
  TinyModel tiny;
  tiny.network = converter::random_network({20, 6, 1, 6, 4, 1}, 9);
  tiny.catalogue = integer_catalogue(20);
  tiny.catalogue.attributes = {{"genre", "few"}, {"genre", "all"}, {"artist", "one"}};
  for (uint32_t i = 0; i < 20; ++i) {
    std::vector<uint32_t> attributes = {1};
    if (i < 6) attributes.insert(attributes.begin(), 0);
    if (i < 18) attributes.push_back(2);
    tiny.catalogue.item_attributes.push_back(attributes);
    tiny.catalogue.trained.push_back(i != 19);
  }
  const OpenModel model(tiny.file());
  OpenSession session(model, {7});
  const auto results = [&](std::vector<pintle_rule> rules, std::vector<uint32_t> deny = {}) {
    OwnedRequest asked;
    asked.rules = std::move(rules);
    asked.deny = std::move(deny);
    return Explained(&session, asked.get(), asked.rules.size()).results;
  };
  const auto is = [](const pintle_rule_result& result, uint32_t outcome, float wanted, float got) {
    CHECK(result.outcome == outcome);
    CHECK(result.wanted == wanted);
    CHECK(result.got == got);
  };
  is(results({{PINTLE_RULE_AT_LEAST, 0, 0, 0.6f}})[0], PINTLE_RULE_KEPT, 6, 6);
  is(results({{PINTLE_RULE_AT_LEAST, 0, 0, 0.75f}})[0], PINTLE_RULE_TOO_FEW, 8, 6);
  is(results({{PINTLE_RULE_EXACTLY, 0, 0, 0.25f}})[0], PINTLE_RULE_KEPT, 3, 3);
  is(results({{PINTLE_RULE_AT_MOST, 0, 0, 0.25f}, {PINTLE_RULE_AT_LEAST, 0, 0, 0.2f}})[0],
     PINTLE_RULE_KEPT, 2, 2);
  // None is without it.
  is(results({{PINTLE_RULE_AT_MOST, 1, 0, 0.2f}})[0], PINTLE_RULE_TOO_FEW, 2, 10);
  is(results({{PINTLE_RULE_CAP, 1, 3, 0}})[0], PINTLE_RULE_TOO_FEW, 3, 10);
  // One of the two others is untrained: nine are by the one.
  is(results({{PINTLE_RULE_CAP_EACH, 1, 4, 0}})[0], PINTLE_RULE_TOO_FEW, 4, 9);
  is(results({{PINTLE_RULE_CAP_EACH, 1, 9, 0}})[0], PINTLE_RULE_KEPT, 9, 9);
  // Nine entries of an artist and one of nobody, wherever it is.
  const pintle_rule_result run = results({{PINTLE_RULE_RUN_EACH, 1, 2, 0}})[0];
  is(run, PINTLE_RULE_TOO_FEW, 2, std::max(5.0f, run.got));
  is(results({{PINTLE_RULE_RUN, 2, 9, 0}})[0], PINTLE_RULE_KEPT, 9,
     results({{PINTLE_RULE_RUN, 2, 9, 0}})[0].got);
  // Each alone could hold; the earlier one does.
  const auto both = results({{PINTLE_RULE_AT_LEAST, 0, 0, 0.5f}, {PINTLE_RULE_CAP, 0, 3, 0}});
  is(both[0], PINTLE_RULE_KEPT, 5, 5);
  is(both[1], PINTLE_RULE_CONFLICT, 3, 5);
  const auto turned = results({{PINTLE_RULE_CAP, 0, 3, 0}, {PINTLE_RULE_AT_LEAST, 0, 0, 0.5f}});
  is(turned[0], PINTLE_RULE_KEPT, 3, 3);
  is(turned[1], PINTLE_RULE_CONFLICT, 5, 3);
  // A pin before a rule: five others at most.
  std::vector<pintle_rule> pinned = {{PINTLE_RULE_AT_MOST, 0, 0, 0}, {PINTLE_RULE_PIN, 3, 2, 0}};
  is(results(pinned)[0], PINTLE_RULE_CONFLICT, 0, 1);
  is(results(pinned)[1], PINTLE_RULE_KEPT, 2, 2);
  is(results({{PINTLE_RULE_PIN, 7, 1, 0}})[0], PINTLE_RULE_FILTERED, 1, 0);       // seen
  is(results({{PINTLE_RULE_PIN, 8, 1, 0}}, {8})[0], PINTLE_RULE_FILTERED, 1, 0);  // denied
  is(results({{PINTLE_RULE_PIN, 19, 1, 0}})[0], PINTLE_RULE_FILTERED, 1, 0);      // untrained
  std::vector<uint32_t> most;
  for (uint32_t i = 4; i < 20; ++i) most.push_back(i);
  const pintle_rule_result beyond = results({{PINTLE_RULE_PIN, 2, 5, 0}}, most)[0];
  is(beyond, PINTLE_RULE_TOO_FEW, 5, std::min(4.0f, beyond.got));  // of four entries
}

TEST_CASE("of a soft attribute a rule wants memberships, not whole entries") {
  TinyModel tiny = plain_model();
  tiny.catalogue = soft_catalogue(37);
  const OpenModel model(tiny.file());
  OpenSession session(model, {7});
  uint32_t dark = 0;
  REQUIRE(pintle_model_find_attribute(model.get(), "taste", "Dark", &dark) == PINTLE_OK);
  OwnedRequest asked;
  for (const uint32_t kind : {PINTLE_RULE_AT_MOST, PINTLE_RULE_AT_LEAST, PINTLE_RULE_EXACTLY}) {
    CAPTURE(kind);
    asked.rules = {{kind, dark, 0, 0.25f}};
    const pintle_rule_result result = Explained(&session, asked.get(), 1).results[0];
    CHECK(result.outcome == PINTLE_RULE_KEPT);
    // A quarter of ten, in fifteenths: 37 or 38 of them.
    CHECK(std::abs(result.wanted - 2.5f) <= 1 / 15.0f);
  }
}

}  // namespace
}  // namespace pintle::test
