// SPDX-License-Identifier: Apache-2.0
//
// Lists of catalogues from which a scan keeps a few hundred candidates, against references that look at all
// items: where one or two attributes matter, the best list has the best items of each combination of their
// memberships, so that trying all counts finds it; elsewhere, no swap with any item may be better.
#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "converter/file/exact_index.h"
#include "unit/random_requests.h"

namespace pintle::test {
namespace {

constexpr uint32_t kSmall = 2100, kLarge = 16384 + 77;  // the latter: two chunks

// Every item has one artist of 40, but for those of genre 3, which has one of its own.
TinyModel large_model(uint32_t seed, uint32_t items) {
  Draws draws(seed);
  TinyModel tiny;
  tiny.network = converter::random_network({items, 8, 1, 8, 4, 1}, seed);
  for (float& value : tiny.network.items.values) value *= 4;
  converter::Catalogue& catalogue = tiny.catalogue;
  catalogue = integer_catalogue(items, seed);
  for (uint32_t g = 0; g < 4; ++g)
    catalogue.attributes.emplace_back("genre", "g" + std::to_string(g));
  for (uint32_t a = 0; a <= 40; ++a) {
    catalogue.attributes.emplace_back("artist", "a" + std::to_string(a));
  }
  catalogue.attributes.emplace_back("taste", "soft");
  catalogue.attributes.emplace_back("taste", "softer");
  catalogue.attributes.emplace_back("taste", "softest");
  for (uint32_t i = 0; i < items; ++i) {
    std::vector<uint32_t> attributes;
    for (uint32_t g = 0; g < 3; ++g) {
      if (draws.one_in(3 * g + 2)) attributes.push_back(g);
    }
    const bool is_alone = draws.one_in(20);
    if (is_alone) attributes.push_back(3);
    attributes.push_back(is_alone ? 44 : 4 + draws.below(40));
    std::vector<uint8_t> memberships(attributes.size(), 15);
    for (uint32_t taste = 45; taste < 48; ++taste) {
      if (!draws.one_in(2)) continue;
      attributes.push_back(taste);
      memberships.push_back(static_cast<uint8_t>(1 + draws.below(15)));
    }
    catalogue.item_attributes.push_back(attributes);
    catalogue.item_memberships.push_back(memberships);
    catalogue.trained.push_back(!draws.one_in(10));
    catalogue.dates.push_back(static_cast<int32_t>(kNow / 60) -
                              static_cast<int32_t>(draws.below(500000)));
  }
  tiny.interpretation.temperature = 1;
  tiny.interpretation.wish_unit = 0.02f;
  return tiny;
}

std::vector<uint8_t> exact_index_file(const TinyModel& tiny) {
  converter::PackedNetwork packed = converter::pack_network(tiny.network, fb::DType_F32);
  const std::vector<float> values = converter::RandomNumbers(5).vector(100 * tiny.network.dim, 1);
  converter::pack_exact_index(
      tiny.network, Eigen::Map<const converter::States>(values.data(), 100, tiny.network.dim),
      &packed);
  return serialize_model(tiny.network, packed, tiny.catalogue, {}, tiny.interpretation);
}

struct Large {
  Large(TinyModel made, const std::vector<uint8_t>& file)
      : tiny(std::move(made)),
        model(file, "", 0),
        session(model, history),
        scores(session.all_scores()) {}
  explicit Large(const TinyModel& made) : Large(made, made.file()) {}

  ReferenceLists reference(OwnedRequest* asked) const {
    return ReferenceLists(tiny, model, scores, history, asked->get());
  }
  ItemList list(OwnedRequest* asked) { return items_of(session.recommend(asked->get())); }
  pintle_list_info explain(OwnedRequest* asked,
                           std::vector<pintle_rule_result>* results = nullptr) {
    std::vector<pintle_list_entry> entries(asked->get().k);
    std::vector<pintle_rule_result> own(asked->rules.size());
    size_t count = 0;
    pintle_list_info info = PINTLE_LIST_INFO_INIT;
    REQUIRE(pintle_explain_list(session.get(), &asked->get(), entries.data(), &count, own.data(),
                                &info) == PINTLE_OK);
    if (results != nullptr) *results = own;
    return info;
  }

  const TinyModel tiny;
  const OpenModel model;
  const std::vector<uint32_t> history = {3, 17, 1999, 5};
  OpenSession session;
  const std::vector<float> scores;
};

// The best over all counts of items of each combination of memberships.
ListMerit best_by_counts(const ReferenceLists& lists, const std::vector<uint32_t>& attributes) {
  std::map<std::vector<int32_t>, ItemList> classes;
  for (const uint32_t item : lists.eligible()) {
    std::vector<int32_t> levels;
    for (const uint32_t attribute : attributes) levels.push_back(lists.level(item, attribute));
    ItemList& own = classes[levels];
    if (own.size() < lists.length()) own.push_back(item);
  }
  std::vector<ItemList> of_class;
  for (const auto& one : classes) of_class.push_back(one.second);
  ListMerit best = {INT64_MAX, 0};
  ItemList set;
  const std::function<void(size_t)> take = [&](size_t from) {
    if (set.size() == lists.length()) {
      const ListMerit merit = lists.merit(lists.in_best_order(set));
      if (merit.is_better(best)) best = merit;
      return;
    }
    if (from == of_class.size()) return;
    const size_t before = set.size();
    take(from + 1);
    for (const uint32_t item : of_class[from]) {
      if (set.size() == lists.length()) break;
      set.push_back(item);
      take(from + 1);
    }
    set.resize(before);
  };
  take(0);
  return best;
}

// Whether the list with one entry replaced by any eligible item is better.
bool can_be_swapped(const ReferenceLists& lists, const ItemList& list) {
  const ListMerit own = lists.merit(list);
  for (const uint32_t item : lists.eligible()) {
    if (std::count(list.begin(), list.end(), item) != 0) continue;
    for (size_t r = 0; r < list.size(); ++r) {
      if (lists.is_pinned(list[r])) continue;
      ItemList other = list;
      other[r] = item;
      if (lists.merit(lists.in_best_order(other)).is_better(own, lists.tolerance())) return true;
    }
  }
  return false;
}

// Wishes of very different weight, so that some change nothing and some everything.
float any_value(Draws* draws) {
  const float size = std::pow(10.0f, draws->between(-2, 1.5f));
  return draws->one_in(2) ? size : -size;
}

void check_counts(Large* one, uint32_t seed, uint32_t rounds) {
  Draws draws(seed);
  uint32_t changed = 0;
  for (uint32_t round = 0; round < rounds; ++round) {
    OwnedRequest asked;
    std::vector<uint32_t> attributes = {draws.below(4)};
    if (!draws.one_in(3)) attributes.push_back((attributes[0] + 1 + draws.below(3)) % 4);
    asked.request.k = 10;
    if (draws.one_in(3)) {  // many memberships: a short list, whose counts can be tried
      attributes = {draws.one_in(2) ? 45 : ReferenceLists::kFresh};
      asked.request.k = 4;
    }
    for (const uint32_t attribute : attributes) {
      const bool is_fresh = attribute == ReferenceLists::kFresh;
      if (draws.one_in(4) && !is_fresh) continue;
      asked.wishes.push_back({is_fresh ? PINTLE_WISH_FRESH : PINTLE_WISH_ATTRIBUTE,
                              is_fresh ? 0 : attribute, any_value(&draws)});
    }
    if (attributes[0] != ReferenceLists::kFresh && !draws.one_in(3)) {
      asked.rules.push_back({draws.below(3), attributes.back(), 0, draws.between(0, 1)});
      if (draws.one_in(2))
        asked.rules.push_back({PINTLE_RULE_CAP, attributes[0], draws.below(4), 0});
    }
    if (draws.one_in(3)) {
      asked.wishes.push_back({PINTLE_WISH_EXPLORE, 0, draws.between(0, 1)});
      asked.asked.seed = draws.below(1000);
    }
    if (draws.one_in(4)) asked.deny = draws.items(50, 2000);
    CAPTURE(round);
    CAPTURE(words(asked));
    const ReferenceLists lists = one->reference(&asked);
    const ItemList list = one->list(&asked);
    REQUIRE(list.size() == asked.request.k);
    CHECK(lists.in_best_order(list) == list);
    const ListMerit merit = lists.merit(list), best = best_by_counts(lists, attributes);
    CHECK(merit.misses == best.misses);
    CHECK(merit.worth >= best.worth - lists.tolerance());
    if (asked.request.k == 10) CHECK(one->explain(&asked).is_proven == 1);
    changed += list != lists.plain() ? 1 : 0;
  }
  CHECK(changed > rounds / 2);
}

TEST_CASE("lists under wishes and rules for two attributes are the best by any counts") {
  for (const fb::DType precision : fb::EnumValuesDType()) {
    CAPTURE(std::string(fb::EnumNameDType(precision)));
    const TinyModel tiny = large_model(2, kSmall);
    Large one(tiny, tiny.file(precision));
    check_counts(&one, 10 + static_cast<uint32_t>(precision), 40);
  }
  const TinyModel tiny = large_model(3, kSmall);
  Large exact(tiny, exact_index_file(tiny));
  check_counts(&exact, 20, 40);
}

TEST_CASE("so are those of a catalogue that is scored in several chunks") {
  const TinyModel tiny = large_model(4, kLarge);
  Large one(tiny, tiny.file(fb::DType_I8)), exact(tiny, exact_index_file(tiny));
  check_counts(&one, 30, 6);
  check_counts(&exact, 31, 4);
}

TEST_CASE("caps of each artist alone: the best scores as long as they have room") {
  Large one(large_model(5, kSmall));
  for (const uint32_t cap : {0u, 1u, 2u, 3u, 10u}) {
    for (const size_t k : {1, 10, 40}) {
      CAPTURE(cap);
      CAPTURE(k);
      OwnedRequest asked;
      asked.request.k = k;
      asked.rules = {{PINTLE_RULE_CAP_EACH, 1, cap, 0}};
      const ReferenceLists lists = one.reference(&asked);
      ItemList expected;
      std::map<uint32_t, uint32_t> counts;
      for (const uint32_t item : lists.eligible()) {
        const auto& attributes = one.tiny.catalogue.item_attributes[item];
        const uint32_t artist = *std::find_if(attributes.begin(), attributes.end(),
                                              [](uint32_t a) { return a >= 4 && a <= 44; });
        if (expected.size() < k && counts[artist]++ < cap) expected.push_back(item);
      }
      if (expected.size() < k) expected = lists.plain();  // none can be kept: cap 0
      const ItemList list = one.list(&asked);
      CHECK(lists.merit(list).misses == lists.merit(expected).misses);
      CHECK(lists.worth(list) >= lists.worth(expected) - lists.tolerance());
    }
  }
}

TEST_CASE("a diverse list keeps the rules that a list without diversity keeps") {
  Large one(large_model(5, kSmall));
  Draws draws(7);
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    OwnedRequest asked;
    for (uint32_t genre = 0; genre < 4; ++genre) {
      asked.rules.push_back({draws.one_in(2) ? PINTLE_RULE_EXACTLY : PINTLE_RULE_AT_LEAST, genre, 0,
                             0.1f * static_cast<float>(draws.below(4))});
    }
    asked.rules.push_back({PINTLE_RULE_CAP_EACH, 0, 3 + draws.below(3), 0});
    asked.rules.push_back({PINTLE_RULE_CAP_EACH, 1, 1, 0});
    const ReferenceLists lists = one.reference(&asked);
    const ListMerit without = lists.merit(one.list(&asked));
    asked.wishes = {{PINTLE_WISH_DIVERSE, 0, 0.3f}};
    CHECK(lists.merit(one.list(&asked)).misses == without.misses);
  }
}

TEST_CASE("where a share and a cap contradict each other the later rule gives way") {
  Large one(large_model(5, kSmall));
  OwnedRequest asked;
  asked.rules = {{PINTLE_RULE_AT_LEAST, 3, 0, 0.5f}, {PINTLE_RULE_CAP_EACH, 1, 1, 0}};
  std::vector<pintle_rule_result> results;
  one.explain(&asked, &results);
  CHECK(results[0].outcome == PINTLE_RULE_KEPT);
  CHECK(results[0].wanted == 5);
  CHECK(results[0].got == 5);
  CHECK(results[1].outcome != PINTLE_RULE_KEPT);
  CHECK(results[1].got == 5);  // all by the one artist of that genre
  std::swap(asked.rules[0], asked.rules[1]);
  one.explain(&asked, &results);
  CHECK(results[0].outcome == PINTLE_RULE_KEPT);
  CHECK(results[0].got == 1);
  CHECK(results[1].outcome != PINTLE_RULE_KEPT);
  CHECK(results[1].got == 1);
}

TEST_CASE("no swap with any item of the catalogue makes a list better") {
  Large one(large_model(6, kSmall));
  Draws draws(6);
  for (int round = 0; round < 40; ++round) {
    OwnedRequest asked;
    asked.request.k = 5 + draws.below(6);
    for (uint32_t a = 0; a < 2; ++a) {
      if (draws.one_in(2)) asked.wishes.push_back({PINTLE_WISH_ATTRIBUTE, a, any_value(&draws)});
    }
    if (draws.one_in(2)) asked.wishes.push_back({PINTLE_WISH_ATTRIBUTE, 45, any_value(&draws)});
    if (draws.one_in(2))
      asked.wishes.push_back({PINTLE_WISH_ITEM, draws.below(kSmall), any_value(&draws)});
    if (draws.one_in(2)) asked.rules.push_back({PINTLE_RULE_AT_LEAST, draws.below(3), 0, 0.4f});
    if (draws.one_in(2)) asked.rules.push_back({PINTLE_RULE_CAP_EACH, 1, 1 + draws.below(2), 0});
    if (draws.one_in(3)) asked.rules.push_back({PINTLE_RULE_PIN, 7, 2, 0});
    CAPTURE(round);
    CAPTURE(words(asked));
    const ReferenceLists lists = one.reference(&asked);
    const ItemList list = one.list(&asked);
    CHECK_FALSE(can_be_swapped(lists, list));
  }
}

TEST_CASE("a diverse list is worth more than the plain one and more diverse") {
  Large one(large_model(7, kSmall));
  double before = 0;
  for (const float value : {0.0f, 0.1f, 0.3f, 1.0f}) {
    CAPTURE(value);
    OwnedRequest asked;
    asked.wishes = {{PINTLE_WISH_DIVERSE, 0, value}, {PINTLE_WISH_ATTRIBUTE, 1, 0.5f}};
    asked.rules = {{PINTLE_RULE_CAP_EACH, 1, 2, 0}};
    const ReferenceLists lists = one.reference(&asked);
    const ItemList list = one.list(&asked);
    const pintle_list_info info = one.explain(&asked);
    CHECK(lists.merit(list).misses == 0);
    if (value == 0) continue;
    CHECK(lists.worth(list) > lists.worth(lists.plain()));
    CHECK(info.diversity == doctest::Approx(lists.diversity(list)).epsilon(1e-5));
    CHECK(info.plain_diversity == doctest::Approx(lists.diversity(lists.plain())).epsilon(1e-5));
    CHECK(info.diversity > before);
    before = info.diversity;
  }
}

TEST_CASE("the longest lists, pins and diversity at once have room") {
  Large one(large_model(8, kSmall));
  OwnedRequest asked;
  asked.request.k = PINTLE_DIVERSE_K;
  asked.wishes = {{PINTLE_WISH_DIVERSE, 0, 0.5f}};
  for (uint32_t i = 0; i + 1 < PINTLE_LIST_WISHES; ++i) {
    asked.wishes.push_back({PINTLE_WISH_ITEM, 100 + i, 0.1f});
  }
  const ItemList all = one.reference(&asked).eligible();
  for (uint32_t i = 0; i < PINTLE_LIST_RULES; ++i) {  // the least likely of all, in reverse
    asked.rules.push_back({PINTLE_RULE_PIN, all[all.size() - 1 - i], i + 1, 0});
  }
  const ItemList list = one.list(&asked);
  REQUIRE(list.size() == PINTLE_DIVERSE_K);
  for (uint32_t i = 0; i < PINTLE_LIST_RULES; ++i) CHECK(list[i] == asked.rules[i].target);

  OwnedRequest longest;
  longest.request.k = PINTLE_LIST_K;
  longest.wishes = {{PINTLE_WISH_ATTRIBUTE, 0, 1}, {PINTLE_WISH_ATTRIBUTE, 2, -1}};
  const ReferenceLists lists = one.reference(&longest);
  const ItemList found = one.list(&longest);
  REQUIRE(found.size() == PINTLE_LIST_K);
  CHECK(lists.worth(found) > lists.worth(lists.plain()));
  CHECK_FALSE(can_be_swapped(lists, found));
}

}  // namespace
}  // namespace pintle::test
