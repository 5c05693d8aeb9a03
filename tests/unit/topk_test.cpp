// SPDX-License-Identifier: Apache-2.0
#include "runtime/scan/topk.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace pintle {
using namespace pintle::internal;  // what this tests is not public
namespace {

struct Offer {
  uint32_t item;
  float score;
};

std::vector<Offer> top(const std::vector<Offer>& offers, uint32_t k, bool ask_first = false) {
  std::vector<pintle_recommendation> entries(k);
  TopK best(entries.data(), k);
  for (const Offer& offer : offers) {
    if (!ask_first || best.may_enter(offer.score)) best.offer(offer.item, offer.score);
  }
  const size_t count = best.finish();
  std::vector<Offer> result;
  for (size_t i = 0; i < count; ++i) result.push_back({entries[i].item, entries[i].score});
  return result;
}

std::vector<Offer> sorted(std::vector<Offer> offers, uint32_t k) {
  for (Offer& offer : offers) {
    if (std::isnan(offer.score)) offer.score = -INFINITY;
  }
  std::sort(offers.begin(), offers.end(), [](const Offer& a, const Offer& b) {
    return a.score > b.score || (a.score == b.score && a.item < b.item);
  });
  offers.resize(std::min<size_t>(offers.size(), k));
  return offers;
}

bool same(const std::vector<Offer>& a, const std::vector<Offer>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Offer& x, const Offer& y) {
    return x.item == y.item && x.score == y.score;
  });
}

TEST_CASE("the best k of any stream, in order, ties by item") {
  std::mt19937 random(1);
  const float special[] = {NAN, -NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
  for (int round = 0; round < 500; ++round) {
    const uint32_t n = static_cast<uint32_t>(random() % 60);
    const auto values = 1 + random() % 20;  // few values: many ties
    std::vector<Offer> offers;
    for (uint32_t i = 0; i < n; ++i) {
      const bool is_special = random() % 8 == 0;
      offers.push_back(
          {i, is_special ? special[random() % 6] : static_cast<float>(random() % values) - 5});
    }
    for (const uint32_t k : {1u, 2u, 3u, 10u, 59u, 100u}) {
      CHECK(same(top(offers, k), sorted(offers, k)));
      CHECK(same(top(offers, k, true), sorted(offers, k)));  // ascending items may ask first
    }
    std::shuffle(offers.begin(), offers.end(), random);
    CHECK(same(top(offers, 10), sorted(offers, 10)));
  }
}

TEST_CASE("nothing offered gives nothing; no score can displace a better one") {
  CHECK(top({}, 5).empty());
  pintle_recommendation entries[2];
  TopK best(entries, 2);
  CHECK(best.may_enter(NAN));  // there is room
  best.offer(0, 1);
  best.offer(1, 2);
  CHECK_FALSE(best.may_enter(1));
  CHECK_FALSE(best.may_enter(NAN));
  CHECK_FALSE(best.may_enter(-INFINITY));
  CHECK(best.may_enter(1.5f));
}

}  // namespace
}  // namespace pintle
