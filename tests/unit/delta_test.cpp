// SPDX-License-Identifier: Apache-2.0
//
// A model with a delta against the same model converted whole: where the base fills its last panel both number
// items alike, and everything is the same, bit for bit.
#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cstring>
#include <string>
#include <vector>

#include "converter/file/exact_index.h"
#include "support/split_model.h"
#include "unit/random_requests.h"

namespace pintle::test {
namespace {

constexpr fb::DType kTypes[] = {fb::DType_F32, fb::DType_F16, fb::DType_I8, fb::DType_I4};

// Both ways of one model, whose items from `base_items` on are the delta's. retired: of the base; in the
// whole model, which knows no such thing, they are untrained.
struct Both {
  using Write = std::vector<uint8_t> (*)(const TinyModel& tiny, fb::DType type);

  Both(TinyModel tiny, int64_t base_items, const std::vector<uint32_t>& retired, fb::DType type,
       const std::string& isa = "", Write write = &write_plain)
      : whole_items(tiny.network.items.rows),
        base(write(part_of_model(tiny, 0, base_items), type)),
        delta(delta_file(base, delta_of(part_of_model(tiny, base_items, whole_items), retired))),
        whole(write(without(std::move(tiny), base_items, retired), type), isa, kFlags),
        joined(base, isa, kFlags, delta) {}

  static std::vector<uint8_t> write_plain(const TinyModel& tiny, fb::DType type) {
    return tiny.file(type);
  }
  static TinyModel without(TinyModel tiny, int64_t base_items,
                           const std::vector<uint32_t>& retired) {
    std::vector<bool>& trained = tiny.catalogue.trained;
    trained.resize(static_cast<size_t>(tiny.network.items.rows), true);
    for (size_t i = static_cast<size_t>(base_items); i < trained.size(); ++i) trained[i] = true;
    for (const uint32_t item : retired) trained[item] = false;
    return tiny;
  }

  static constexpr uint32_t kFlags = PINTLE_OPEN_VERIFY_ALL | PINTLE_OPEN_EXAMPLES;
  const int64_t whole_items;
  const std::vector<uint8_t> base, delta;
  const OpenModel whole, joined;
};

bool same_text(const char* a, const char* b) {
  return (a == nullptr) == (b == nullptr) && (a == nullptr || std::strcmp(a, b) == 0);
}

void check_catalogues(const OpenModel& whole, const OpenModel& joined) {
  const pintle_model_info one = whole.info(), other = joined.info();
  REQUIRE(one.item_count == other.item_count);
  CHECK(one.has_dates == other.has_dates);
  std::vector<float> row(one.dim), row_joined(one.dim);
  for (uint32_t item = 0; item < one.item_count; ++item) {
    CAPTURE(item);
    pintle_item_info a = PINTLE_ITEM_INFO_INIT, b = PINTLE_ITEM_INFO_INIT;
    REQUIRE(pintle_model_get_item(whole.get(), item, &a) == PINTLE_OK);
    REQUIRE(pintle_model_get_item(joined.get(), item, &b) == PINTLE_OK);
    CHECK(a.is_trained == b.is_trained);
    CHECK(a.id == b.id);
    CHECK(same_text(a.id_text, b.id_text));
    CHECK(same_text(a.title, b.title));
    CHECK(a.date == b.date);
    REQUIRE(a.attribute_count == b.attribute_count);
    for (size_t i = 0; i < a.attribute_count; ++i) {
      CHECK(a.attributes[i] == b.attributes[i]);
      const auto level = [&](const pintle_item_info& info) {
        return info.memberships == nullptr ? 15 : info.memberships[i];
      };
      CHECK(level(a) == level(b));
    }
    uint32_t found = PINTLE_NO_ITEM;
    REQUIRE(
        (a.id_text != nullptr
             ? pintle_model_find_text_id(joined.get(), a.id_text, std::strlen(a.id_text), &found)
             : pintle_model_find_integer_id(joined.get(), a.id, &found)) == PINTLE_OK);
    CHECK(found == item);
    REQUIRE(pintle_model_get_item_vector(whole.get(), item, row.data(), row.size()) == PINTLE_OK);
    REQUIRE(pintle_model_get_item_vector(joined.get(), item, row_joined.data(), row.size()) ==
            PINTLE_OK);
    CHECK(std::memcmp(row.data(), row_joined.data(), row.size() * sizeof(float)) == 0);
  }
  for (uint32_t attribute = 0; attribute < one.attribute_count; ++attribute) {
    pintle_attribute_info a = PINTLE_ATTRIBUTE_INFO_INIT, b = PINTLE_ATTRIBUTE_INFO_INIT;
    REQUIRE(pintle_model_get_attribute(whole.get(), attribute, &a) == PINTLE_OK);
    REQUIRE(pintle_model_get_attribute(joined.get(), attribute, &b) == PINTLE_OK);
    REQUIRE(a.item_count == b.item_count + b.added_item_count);
    for (size_t i = 0; i < a.item_count; ++i) {
      const bool is_added = i >= b.item_count;
      const size_t place = is_added ? i - b.item_count : i;
      CHECK(a.items[i] == (is_added ? b.added_items : b.items)[place]);
      const uint8_t* levels = is_added ? b.added_memberships : b.memberships;
      CHECK((a.memberships == nullptr ? 15 : a.memberships[i]) ==
            (levels == nullptr ? 15 : levels[place]));
    }
  }
}

void check_scores(OpenSession* one, OpenSession* other) {
  const std::vector<float> a = one->all_scores(), b = other->all_scores();
  REQUIRE(a.size() == b.size());
  CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

struct Explained {
  std::vector<pintle_list_entry> entries;
  pintle_list_info info = PINTLE_LIST_INFO_INIT;
  std::vector<pintle_rule_result> results;

  Explained(OpenSession* session, const pintle_request& request, size_t rules)
      : entries(request.k), results(rules) {
    size_t count = 0;
    REQUIRE(pintle_explain_list(session->get(), &request, entries.data(), &count, results.data(),
                                &info) == PINTLE_OK);
    entries.resize(count);
  }
};

void check_request(OpenSession* one, OpenSession* other, OwnedRequest* asked) {
  CHECK(same_list(one->recommend(asked->get()), other->recommend(asked->get())));
  const size_t rules = asked->rules.size();
  const Explained a(one, asked->get(), rules), b(other, asked->get(), rules);
  REQUIRE(a.entries.size() == b.entries.size());
  for (size_t i = 0; i < a.entries.size(); ++i) {
    CHECK(std::memcmp(&a.entries[i], &b.entries[i], sizeof(a.entries[i])) == 0);
  }
  for (size_t i = 0; i < rules; ++i) {
    CHECK(std::memcmp(&a.results[i], &b.results[i], sizeof(a.results[i])) == 0);
  }
  CHECK(std::memcmp(&a.info, &b.info, sizeof(a.info)) == 0);
}

void check_explanations(OpenSession* one, OpenSession* other, uint32_t item) {
  pintle_event_effect a[8], b[8];
  size_t a_count = 0, b_count = 0;
  REQUIRE(pintle_explain_events(one->get(), item, a, 8, &a_count) == PINTLE_OK);
  REQUIRE(pintle_explain_events(other->get(), item, b, 8, &b_count) == PINTLE_OK);
  REQUIRE(a_count == b_count);
  CHECK(std::memcmp(a, b, std::min<size_t>(a_count, 8) * sizeof(a[0])) == 0);
}

TEST_CASE("any architecture: histories with added items give the same states and scores") {
  for (const std::string& isa : isas_under_test()) {
    int models = 0;
    for (uint32_t seed = 0; seed < kArchitectureCount; ++seed) {
      CAPTURE(isa);
      CAPTURE(seed);
      TinyModel tiny = any_model(seed);
      const int64_t base = (tiny.network.items.rows - 1) / 16 * 16;
      if (base == 0) continue;
      ++models;
      Both both(std::move(tiny), base, {3, 9}, kTypes[seed % 4], isa);
      const std::vector<uint32_t> history = random_history(4 + seed % 7, both.whole_items, seed);
      OpenSession whole(both.whole, history), joined(both.joined, history);
      check_scores(&whole, &joined);
      check_explanations(&whole, &joined, static_cast<uint32_t>(both.whole_items) - 1);
      CHECK(same_list(whole.recommend(30), joined.recommend(30)));
    }
    CHECK(models > 10);
  }
}

TEST_CASE(
    "catalogues of texts, titles, dates and soft attributes are the same, SAEs' explanations too") {
  for (const fb::DType type : kTypes) {
    TinyModel tiny = steerable_model(plain_model().network);
    tiny.catalogue = soft_catalogue(37);
    tiny.interpretation.knobs.clear();
    tiny.interpretation.presets.clear();
    Both both(tiny, 16, {0, 9}, type);
    check_catalogues(both.whole, both.joined);
    OpenSession whole(both.whole, {3, 36, 20}), joined(both.joined, {3, 36, 20});
    for (uint32_t sae = 0; sae < 3; ++sae) {
      std::vector<pintle_feature_value> a(21), b(21);
      size_t a_count = 0, b_count = 0;
      float a_score, b_score, a_rest, b_rest;
      REQUIRE(pintle_explain_features(whole.get(), sae, 30, a.data(), 21, &a_count, &a_score,
                                      &a_rest) == PINTLE_OK);
      REQUIRE(pintle_explain_features(joined.get(), sae, 30, b.data(), 21, &b_count, &b_score,
                                      &b_rest) == PINTLE_OK);
      REQUIRE(a_count == b_count);
      CHECK(std::memcmp(a.data(), b.data(), a_count * sizeof(a[0])) == 0);
      CHECK(a_score == b_score);
      CHECK(a_rest == b_rest);
    }
  }
}

TEST_CASE("any wishes, rules, filters and examples give the same lists and reasons") {
  for (const std::string& isa : isas_under_test()) {
    for (uint32_t seed = 0; seed < 24; ++seed) {
      CAPTURE(isa);
      CAPTURE(seed);
      const uint32_t items = 33 + seed % 40;
      const int64_t base = 16 * (1 + seed % 2);
      Draws draws(seed);
      Both both(random_model(seed, items), base, {1, 4, 11}, kTypes[seed % 4], isa);
      check_catalogues(both.whole, both.joined);
      const std::vector<uint32_t> history = draws.items(4, items);
      OpenSession whole(both.whole, history), joined(both.joined, history);
      const uint32_t like[] = {items - 1, 2}, unlike[] = {0};
      const bool has_example =
          pintle_session_set_example(whole.get(), 0, like, 2, unlike, 1) == PINTLE_OK;
      CHECK(has_example ==
            (pintle_session_set_example(joined.get(), 0, like, 2, unlike, 1) == PINTLE_OK));
      for (uint32_t i = 0; i < 40; ++i) {
        OwnedRequest asked;
        draw_request(items, &draws, &asked);
        if (has_example && i % 3 == 0 && asked.wishes.size() < 4) {
          asked.wishes.push_back({PINTLE_WISH_ATTRIBUTE, PINTLE_EXAMPLE_ATTRIBUTE, 2});
        }
        CAPTURE(words(asked));
        check_request(&whole, &joined, &asked);
      }
    }
  }
}

std::vector<uint8_t> write_exact(const TinyModel& tiny, fb::DType type) {
  converter::PackedNetwork packed = converter::pack_network(tiny.network, type);
  const std::vector<float> values = converter::RandomNumbers(5).vector(100 * tiny.network.dim, 1);
  converter::pack_exact_index(
      tiny.network, Eigen::Map<const converter::States>(values.data(), 100, tiny.network.dim),
      &packed);
  return serialize_model(tiny.network, packed, tiny.catalogue, {}, tiny.interpretation);
}

TEST_CASE("exact lists are the same") {
  for (const std::string& isa : isas_under_test()) {
    for (uint32_t seed = 0; seed < 4; ++seed) {
      CAPTURE(isa);
      CAPTURE(seed);
      Draws draws(seed);
      TinyModel tiny = random_model(seed, 2000);
      if (seed % 2 == 1) tiny.network.item_bias = converter::RandomNumbers(seed).vector(2000);
      Both both(tiny, 1600, {5, 800, 1599}, seed < 2 ? fb::DType_I8 : fb::DType_F32, isa,
                &write_exact);
      const std::vector<uint32_t> history = {3, 1999, 1700, 60};
      OpenSession whole(both.whole, history), joined(both.joined, history);
      check_scores(&whole, &joined);
      for (const uint32_t k : {1u, 10u, 100u, 1500u}) {
        CHECK(same_list(whole.recommend(k), joined.recommend(k)));
      }
      for (uint32_t i = 0; i < 10; ++i) {
        OwnedRequest asked;
        draw_request(2000, &draws, &asked);
        CAPTURE(words(asked));
        check_request(&whole, &joined, &asked);
      }
    }
  }
}

TEST_CASE("an exact model whose last panel is not full has the lists of an f32 table") {
  const TinyModel tiny = random_model(3, 300);
  const std::vector<uint8_t> exact = write_exact(part_of_model(tiny, 0, 211), fb::DType_I8);
  const converter::Delta delta = delta_of(part_of_model(tiny, 211, 300));
  const OpenModel joined(exact, "", PINTLE_OPEN_VERIFY_ALL, delta_file(exact, delta));
  const OpenModel whole(tiny.file());
  // The states differ, as the exact model's other tables are int8: the same vector is asked of both.
  OpenSession session(joined, {3, 250});
  const std::vector<float> state = session.state("last");
  std::vector<float> row(state.size());
  std::vector<std::pair<float, uint32_t>> expected;
  pintle_model_info info = joined.info();
  for (uint32_t item = 0; item < info.item_count; ++item) {
    if (item >= 211 && item < 224) continue;
    REQUIRE(pintle_model_get_item_vector(joined.get(), item, row.data(), row.size()) == PINTLE_OK);
    pintle_item_info about = PINTLE_ITEM_INFO_INIT;
    REQUIRE(pintle_model_get_item(joined.get(), item, &about) == PINTLE_OK);
    if (about.is_trained == 0 || item == 3 || item == 250) continue;
    float score = 0;
    for (size_t c = 0; c < row.size(); ++c) score += row[c] * state[c];
    expected.emplace_back(-score, item);
  }
  std::sort(expected.begin(), expected.end());
  OwnedRequest fresh;
  fresh.wishes = {{PINTLE_WISH_ATTRIBUTE, 1, 2}};
  fresh.request.k = 10;
  CHECK(session.recommend(fresh.get()).size() == 10);
  const std::vector<pintle_recommendation> list = session.recommend(40);
  REQUIRE(list.size() == 40);
  for (size_t i = 0; i < list.size(); ++i) {
    CHECK(list[i].score == doctest::Approx(-expected[i].first).epsilon(1e-5));
  }
  CHECK(whole.info().item_count == 300);
}

TEST_CASE("large catalogues: chunks, batches and scans in tasks") {
  constexpr uint32_t kBase = 65536 + 16384, kItems = kBase + 1000;
  for (const fb::DType type : {fb::DType_F16, fb::DType_I8}) {
    TinyModel tiny;
    tiny.network = converter::random_network({kItems, 8, 1, 8, 4, 1}, 5);
    tiny.network.item_bias = converter::RandomNumbers(6).vector(kItems);
    tiny.catalogue = integer_catalogue(kItems, 5);
    Both both(tiny, kBase, {0, 77}, type);
    const std::vector<uint32_t> history = {3, kItems - 1, 500};
    OpenSession whole(both.whole, history), joined(both.joined, history);
    const std::vector<pintle_recommendation> plain = joined.recommend(50);
    CHECK(same_list(whole.recommend(50), plain));
    CHECK(std::any_of(plain.begin(), plain.end(),
                      [](const pintle_recommendation& entry) { return entry.item >= kBase; }));
    pintle_executor executor = PINTLE_EXECUTOR_INIT;
    executor.task_count = 4;
    executor.parallel_for = [](void*, size_t count, pintle_task task, void* context) {
      for (size_t i = count; i-- > 0;) task(context, i);
    };
    REQUIRE(pintle_session_set_executor(joined.get(), &executor) == PINTLE_OK);
    CHECK(same_list(plain, joined.recommend(50)));
    OwnedRequest asked;
    asked.wishes = {{PINTLE_WISH_ITEM, kItems - 2, 3}, {PINTLE_WISH_DIVERSE, 0, 0.3f}};
    asked.rules = {{PINTLE_RULE_PIN, kItems - 3, 2, 0}};
    asked.request.k = 10;
    check_request(&whole, &joined, &asked);
  }
}

// 37 items: the last panel has 5 of 16, and 37 to 47 are nobody's.
struct Uneven {
  Uneven() : Uneven(plain_model()) {}
  explicit Uneven(const TinyModel& made)
      : tiny(part_of_model(made, 0, 37)),
        base(part_of_model(tiny, 0, 21).file()),
        delta(delta_file(base, delta_of(part_of_model(tiny, 21, 37), {2, 20}))),
        whole(tiny.file()),
        joined(base, "", PINTLE_OPEN_VERIFY_ALL, delta) {}
  static uint32_t joined_item(uint32_t item) { return item < 21 ? item : item + 11; }

  const TinyModel tiny;
  const std::vector<uint8_t> base, delta;
  const OpenModel whole, joined;
};

TEST_CASE("numbers between the base's items and the added ones are nobody's") {
  Uneven one;
  const pintle_model_info info = one.joined.info();
  CHECK(info.item_count == 48);
  CHECK(info.base_item_count == 21);
  CHECK(info.added_item_count == 16);
  CHECK(info.retired_item_count == 2);
  CHECK(one.whole.info().base_item_count == 37);
  CHECK(one.whole.info().added_item_count == 0);
  OpenSession session(one.joined, {3, 35});
  std::vector<float> row(info.dim);
  for (const uint32_t item : {21u, 31u, 48u, PINTLE_NO_ITEM}) {
    CAPTURE(item);
    pintle_item_info about = PINTLE_ITEM_INFO_INIT;
    CHECK(pintle_model_get_item(one.joined.get(), item, &about) == PINTLE_ERR_UNKNOWN_ITEM);
    CHECK(pintle_model_get_item_vector(one.joined.get(), item, row.data(), row.size()) ==
          PINTLE_ERR_UNKNOWN_ITEM);
    CHECK(pintle_session_append(session.get(), &item, 1) == PINTLE_ERR_UNKNOWN_ITEM);
    float score = 0;
    CHECK(pintle_score(session.get(), &item, 1, &score) == PINTLE_ERR_UNKNOWN_ITEM);
    pintle_event_effect effects[4];
    size_t count = 0;
    CHECK(pintle_explain_events(session.get(), item, effects, 4, &count) ==
          PINTLE_ERR_UNKNOWN_ITEM);
    OwnedRequest asked;
    asked.request.k = 5;
    pintle_recommendation list[5];
    asked.deny = {item};
    CHECK(pintle_recommend(session.get(), &asked.get(), list, &count) == PINTLE_ERR_UNKNOWN_ITEM);
    asked.deny.clear();
    asked.rules = {{PINTLE_RULE_PIN, item, 1, 0}};
    CHECK(pintle_recommend(session.get(), &asked.get(), list, &count) == PINTLE_ERR_UNKNOWN_ITEM);
    asked.rules.clear();
    asked.wishes = {{PINTLE_WISH_ITEM, item, 1}};
    CHECK(pintle_recommend(session.get(), &asked.get(), list, &count) == PINTLE_ERR_UNKNOWN_ITEM);
  }
  // A list of everything has each item once, and no number that is nobody's.
  CHECK(session.recommend(48, PINTLE_INCLUDE_SEEN).size() == 35);
}

TEST_CASE("whatever the base's number of items, scores are those of the whole model") {
  Uneven one;
  const std::vector<uint32_t> history = {3, 24, 36, 2};
  std::vector<uint32_t> numbers;
  for (const uint32_t item : history) numbers.push_back(Uneven::joined_item(item));
  OpenSession whole(one.whole, history), joined(one.joined, numbers);
  std::vector<uint32_t> all(37), all_joined;
  for (uint32_t i = 0; i < 37; ++i) all[i] = i;
  for (const uint32_t item : all) all_joined.push_back(Uneven::joined_item(item));
  CHECK(whole.scores(all) == joined.scores(all_joined));
}

TEST_CASE("retired items stay in histories and are found, and no list has them") {
  Uneven one;
  pintle_item_info about = PINTLE_ITEM_INFO_INIT;
  REQUIRE(pintle_model_get_item(one.joined.get(), 20, &about) == PINTLE_OK);
  CHECK(about.is_trained == 0);
  uint32_t found = 0;
  REQUIRE(pintle_model_find_integer_id(one.joined.get(), about.id, &found) == PINTLE_OK);
  CHECK(found == 20);
  const uint32_t allowed[] = {2, 20, 5};
  OpenSession session(one.joined, {20, 2, 7});
  OpenSession plain(one.whole, {20, 2, 7});
  CHECK(session.scores({5, 6}) == plain.scores({5, 6}));
  pintle_request request = PINTLE_REQUEST_INIT;
  request.flags = PINTLE_ONLY_ALLOWED | PINTLE_INCLUDE_SEEN;
  request.allow = allowed;
  request.allow_count = 3;
  const std::vector<pintle_recommendation> list = session.recommend(request);
  REQUIRE(list.size() == 1);
  CHECK(list[0].item == 5);
}

TEST_CASE("a changed item is its new one under the same id") {
  const TinyModel tiny = plain_model();
  const std::vector<uint8_t> base = tiny.file();
  TinyModel changed = part_of_model(tiny, 4, 5);
  changed.network.items.values.assign(changed.network.items.values.size(), 0.5f);
  const OpenModel joined(base, "", PINTLE_OPEN_VERIFY_ALL,
                         delta_file(base, delta_of(changed, {4})));
  uint32_t found = 0;
  REQUIRE(pintle_model_find_integer_id(joined.get(), tiny.catalogue.integer_ids[4], &found) ==
          PINTLE_OK);
  CHECK(found == 48);
  // Its old number lives on in sessions that have it.
  const OpenModel unchanged(base);
  OpenSession old(joined, {4}), plain(unchanged, {4});
  CHECK(old.scores({7}) == plain.scores({7}));
}

TEST_CASE("a delta may take out, and add nothing") {
  const TinyModel tiny = plain_model();
  const std::vector<uint8_t> base = tiny.file();
  converter::Delta delta;
  delta.retired = {0, 5, 36};
  const OpenModel joined(base, "", PINTLE_OPEN_VERIFY_ALL, delta_file(base, delta));
  CHECK(joined.info().item_count == 37);
  CHECK(joined.info().retired_item_count == 3);
  OpenSession session(joined, {1});
  for (const pintle_recommendation& entry : session.recommend(37, PINTLE_INCLUDE_SEEN)) {
    CHECK(entry.item != 0);
    CHECK(entry.item != 5);
    CHECK(entry.item != 36);
  }
  CHECK(session.recommend(37, PINTLE_INCLUDE_SEEN).size() == 34);
}

}  // namespace
}  // namespace pintle::test
