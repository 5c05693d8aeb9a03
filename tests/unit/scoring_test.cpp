// SPDX-License-Identifier: Apache-2.0
//
// Which items a list holds and in which order, against a brute-force sort of all scores.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>
#include <vector>

#include "pintle_generated.h"
#include "support/tiny_models.h"
#include "unit/random_network.h"

namespace pintle::test {
namespace {

struct Lists {
  const std::vector<uint32_t>* allow = nullptr;
  const std::vector<uint32_t>* deny = nullptr;
};

std::vector<uint32_t> brute_force(OpenSession* session, const TinyModel& tiny,
                                  const std::vector<uint32_t>& history, uint32_t k, bool seen,
                                  const Lists& lists) {
  const std::vector<float> scores = session->all_scores();
  const auto holds = [](const std::vector<uint32_t>& list, uint32_t item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  };
  std::vector<uint32_t> items;
  for (uint32_t item = 0; item < scores.size(); ++item) {
    if (!tiny.catalogue.trained.empty() && !tiny.catalogue.trained[item]) continue;
    if (!seen && holds(history, item)) continue;
    if (lists.allow != nullptr && !holds(*lists.allow, item)) continue;
    if (lists.deny != nullptr && holds(*lists.deny, item)) continue;
    items.push_back(item);
  }
  std::stable_sort(items.begin(), items.end(),
                   [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
  items.resize(std::min<size_t>(items.size(), k));
  return items;
}

void check_list(OpenSession* session, const TinyModel& tiny, const std::vector<uint32_t>& history,
                uint32_t k, bool seen, const Lists& lists) {
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = k;
  request.flags = seen ? PINTLE_INCLUDE_SEEN : 0;
  if (lists.allow != nullptr) {
    request.flags |= PINTLE_ONLY_ALLOWED;
    request.allow = lists.allow->data();  // null where it is empty: then nothing is allowed
    request.allow_count = lists.allow->size();
  }
  if (lists.deny != nullptr) {
    request.deny = lists.deny->data();
    request.deny_count = lists.deny->size();
  }
  const auto list = session->recommend(request);
  std::vector<uint32_t> items;
  for (const pintle_recommendation& entry : list) items.push_back(entry.item);
  CHECK(items == brute_force(session, tiny, history, k, seen, lists));
  const std::vector<float> scores = session->scores(items);
  for (size_t i = 0; i < list.size(); ++i) {
    CHECK(std::memcmp(&list[i].score, &scores[i], sizeof(float)) == 0);
    CHECK(list[i].id == tiny.catalogue.integer_ids[list[i].item]);
    CHECK(list[i].id_text == nullptr);
  }
}

TinyModel model_of(int64_t items, uint32_t seed) {
  TinyModel tiny;
  tiny.network = converter::random_network({items, 8, 2, 12, 6, 1}, seed);
  tiny.network.item_bias = converter::RandomNumbers(seed).vector(items);
  tiny.catalogue = integer_catalogue(items, seed);
  for (int64_t i = 0; i < items; ++i) tiny.catalogue.trained.push_back(i % 7 != 3);
  // Items of equal rows have equal scores.
  for (int64_t i = 5; i < items; i += 11) {
    std::copy_n(tiny.network.items.row(2), 8, tiny.network.items.row(i));
    tiny.network.item_bias[i] = tiny.network.item_bias[2];
  }
  return tiny;
}

TEST_CASE("lists equal a sort of all scores: any k, seen, allow, deny, ties, untrained items") {
  // 1100 items are more than one chunk of the scan, and no whole number of panels.
  for (const int64_t items : {1, 16, 17, 100, 1100}) {
    for (const fb::DType precision : fb::EnumValuesDType()) {
      const TinyModel tiny = model_of(items, static_cast<uint32_t>(items));
      CAPTURE(items);
      CAPTURE(std::string(fb::EnumNameDType(precision)));
      const OpenModel model(tiny.file(precision));
      // Longer than the window of 6: what has left it stays excluded.
      const std::vector<uint32_t> history = random_history(20, items, 3);
      OpenSession session(model, history);
      std::vector<uint32_t> allow = random_history(items == 1100 ? 300 : 12, items, 4);
      allow.insert(allow.end(), {allow[0], history[0], allow[0]});
      const std::vector<uint32_t> deny = random_history(15, items, 5), none;
      const uint32_t all = static_cast<uint32_t>(items);
      for (const uint32_t k : {1u, 2u, 10u, all, all + 5}) {
        for (const bool seen : {false, true}) {
          CAPTURE(k);
          CAPTURE(seen);
          check_list(&session, tiny, history, k, seen, {});
          check_list(&session, tiny, history, k, seen, {&allow, nullptr});
          check_list(&session, tiny, history, k, seen, {nullptr, &deny});
          check_list(&session, tiny, history, k, seen, {&allow, &deny});
          check_list(&session, tiny, history, k, seen, {&none, nullptr});
        }
      }
    }
  }
}

TEST_CASE("untrained items can be scored and be part of a history, but never recommended") {
  const TinyModel tiny = model_of(40, 1);
  const OpenModel model(tiny.file());
  OpenSession session(model, {3, 10});
  for (const pintle_recommendation& entry : session.recommend(40, PINTLE_INCLUDE_SEEN)) {
    CHECK(entry.item % 7 != 3);
  }
  CHECK(std::isfinite(session.scores({3})[0]));
}

TEST_CASE("scores are the same bits whatever the list around them") {
  for (const fb::DType precision : fb::EnumValuesDType()) {
    const OpenModel model(model_of(100, 2).file(precision));
    OpenSession session(model, {1, 2, 3});
    const std::vector<float> all = session.all_scores();
    for (uint32_t item = 0; item < 100; ++item) {
      const float alone = session.scores({item})[0];
      CHECK(std::memcmp(&alone, &all[item], sizeof(float)) == 0);
    }
    CHECK(session.scores({99, 0, 99, 50}) == std::vector<float>{all[99], all[0], all[99], all[50]});
    CHECK(session.scores({}).empty());
  }
}

TEST_CASE("a batch gives what single calls give, and says how far it came") {
  const TinyModel tiny = model_of(100, 3);
  const OpenModel model(tiny.file());
  std::vector<uint32_t> items;
  std::vector<size_t> offsets = {0};
  for (uint32_t h = 0; h < 9; ++h) {
    const std::vector<uint32_t> history = random_history(h % 4 == 3 ? 0 : 2 * h + 1, 100, h);
    items.insert(items.end(), history.begin(), history.end());
    offsets.push_back(items.size());
  }
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 7;
  std::vector<pintle_recommendation> out(9 * 7);
  std::vector<size_t> counts(9, 99);
  size_t done = 99;
  OpenSession session(model, {5, 6});
  const auto run = [&] {
    return pintle_recommend_batch(session.get(), items.data(), offsets.data(), 9, &request,
                                  out.data(), counts.data(), &done);
  };
  REQUIRE(run() == PINTLE_OK);
  CHECK(done == 9);
  for (size_t h = 0; h < 9; ++h) {
    const std::vector<uint32_t> history(items.begin() + static_cast<ptrdiff_t>(offsets[h]),
                                        items.begin() + static_cast<ptrdiff_t>(offsets[h + 1]));
    if (history.empty()) {
      CHECK(counts[h] == 0);
      continue;
    }
    OpenSession single(model, history);
    REQUIRE(counts[h] == 7);
    CHECK(same_list({out.begin() + static_cast<ptrdiff_t>(h * 7),
                     out.begin() + static_cast<ptrdiff_t>(h * 7 + 7)},
                    single.recommend(request)));
  }
  size_t events = 9;
  CHECK(pintle_session_event_count(session.get(), &events) == PINTLE_OK);
  CHECK(events == 0);

  items[offsets[6]] = 100;
  CHECK(run() == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(done == 6);
  CHECK(pintle_session_event_count(session.get(), &events) == PINTLE_OK);
  CHECK(events == 0);
}

TEST_CASE("scores that are not numbers come last") {
  const TinyModel tiny = model_of(40, 4);
  std::vector<uint8_t> file = tiny.file();
  const uint64_t bias = fb::GetSizePrefixedModel(file.data())->item_bias()->data()->offset();
  const float broken[] = {NAN, -NAN, -INFINITY, INFINITY};
  for (size_t i = 0; i < 4; ++i) std::memcpy(&file[bias + 4 * (20 + i)], &broken[i], 4);
  const OpenModel model(file, "", 0);
  OpenSession session(model, {1, 2});
  const auto list = session.recommend(40, PINTLE_INCLUDE_SEEN);
  std::set<uint32_t> items;
  for (const pintle_recommendation& entry : list) items.insert(entry.item);
  CHECK(list.size() == 34);  // 6 of 40 are untrained
  CHECK(items.size() == 34);
  CHECK(list[0].item == 23);
  CHECK(list[31].item == 20);
  CHECK(list[32].item == 21);
  CHECK(list[33].item == 22);
  CHECK(session.recommend(5).size() == 5);
}

}  // namespace
}  // namespace pintle::test
