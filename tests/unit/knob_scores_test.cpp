// SPDX-License-Identifier: Apache-2.0
//
// What knobs add to the scores of their attribute's items.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/reference_steering.h"
#include "support/tiny_models.h"
#include "unit/random_network.h"

namespace pintle::test {
namespace {

const std::vector<uint32_t> kHistory = {4, 9, 20};

// Knobs on items alone: 0 a bias for Noir, 1 and 2 bonuses of Space and Calm at two temperatures.
TinyModel knob_model() {
  TinyModel tiny = plain_model();
  tiny.catalogue = text_catalogue(37);
  for (int64_t i = 0; i < 37; ++i) tiny.catalogue.trained.push_back(i % 5 != 0);
  tiny.interpretation.knobs = {{"noir", "genre", "Noir", 0, {}, 0.25f, 0, 1, -40, 40, {}},
                               {"space", "genre", "Space", 0, {}, 0, 0.01f, 0.6f, -40, 40, {}},
                               {"calm", "mood", "Calm", 0, {}, 0.1f, 0.02f, 1.7f, -40, 40, {}}};
  return tiny;
}

TEST_CASE("bias and bonus are those of the formula, for one knob and for several at once") {
  const TinyModel tiny = knob_model();
  const OpenModel model(tiny.file());
  OpenSession session(model, kHistory);
  const std::vector<std::vector<pintle_edit>> sets = {
      {{PINTLE_EDIT_KNOB, 0, 0, 0, 2}},
      {{PINTLE_EDIT_KNOB, 1, 0, 0, 3}},
      {{PINTLE_EDIT_KNOB, 2, 0, 0, -0.1f}},
      {{PINTLE_EDIT_KNOB, 1, 0, 0, 1}, {PINTLE_EDIT_KNOB, 2, 0, 0, 4}},
      {{PINTLE_EDIT_KNOB, 2, 0, 0, 4}, {PINTLE_EDIT_KNOB, 1, 0, 0, 1}},
      {{PINTLE_EDIT_KNOB, 0, 0, 0, -3}, {PINTLE_EDIT_KNOB, 1, 0, 0, 40}}};
  for (size_t i = 0; i < sets.size(); ++i) {
    CAPTURE(i);
    const pintle_steering steering = steering_of(sets[i]);
    const std::vector<double> expected = reference_steered_scores(tiny, kHistory, steering);
    for (const pintle_recommendation& entry :
         session.recommend(37, PINTLE_INCLUDE_SEEN, &steering)) {
      CHECK(entry.score == doctest::Approx(expected[entry.item]).epsilon(1e-4));
    }
  }
}

TEST_CASE("a bonus that takes more than an item's probability puts it last, in order") {
  const TinyModel tiny = knob_model();
  const OpenModel model(tiny.file());
  OpenSession session(model, kHistory);
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, 1, 0, 0, -40}};  // -0.4
  const pintle_steering steering = steering_of(edits);
  const auto plain = session.recommend(37, PINTLE_INCLUDE_SEEN);
  const auto list = session.recommend(37, PINTLE_INCLUDE_SEEN, &steering);
  REQUIRE(list.size() == plain.size());
  std::vector<uint32_t> expected, found;
  for (const bool space : {false, true}) {
    for (const pintle_recommendation& entry : plain) {
      if ((entry.item % 4 == 1) == space) expected.push_back(entry.item);
    }
  }
  for (const pintle_recommendation& entry : list) {
    found.push_back(entry.item);
    CHECK(std::isfinite(entry.score));
  }
  CHECK(found == expected);
}

TEST_CASE("a stronger knob never lowers its items' ranks, and others keep their scores") {
  const TinyModel tiny = knob_model();
  const OpenModel model(tiny.file());
  OpenSession session(model, kHistory);
  const std::vector<float> plain = session.all_scores();
  for (const uint32_t knob : {0u, 1u, 2u}) {
    size_t before = 0;
    for (float strength = -40; strength <= 40; strength += 2.5f) {
      CAPTURE(knob);
      CAPTURE(strength);
      const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, knob, 0, 0, strength}};
      const pintle_steering steering = steering_of(edits);
      size_t having = 0;
      for (const pintle_recommendation& entry : session.recommend(10, 0, &steering)) {
        const bool has = knob == 0   ? entry.item % 3 == 0
                         : knob == 1 ? entry.item % 4 == 1
                                     : entry.item % 2 == 1;
        having += has ? 1 : 0;
        if (!has) CHECK(entry.score == plain[entry.item]);
      }
      CHECK(having >= before);
      before = having;
    }
    CHECK(before >= 4);
  }
}

TEST_CASE("an allow list and a whole scan agree on steered scores, bit for bit") {
  const OpenModel model(knob_model().file(fb::DType_I8));
  OpenSession session(model, kHistory);
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, 1, 0, 0, 3},
                                          {PINTLE_EDIT_KNOB, 0, 0, 0, 1}};
  const pintle_steering steering = steering_of(edits);
  const auto scan = session.recommend(37, PINTLE_INCLUDE_SEEN, &steering);
  std::vector<uint32_t> allow;
  for (uint32_t item = 37; item-- > 0;) allow.push_back(item);
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 37;
  request.flags = PINTLE_INCLUDE_SEEN;
  request.flags |= PINTLE_ONLY_ALLOWED;
  request.allow = allow.data();
  request.allow_count = allow.size();
  request.steering = &steering;
  CHECK(same_list(session.recommend(request), scan));
}

TEST_CASE("a scan with knobs leaves out nothing: short lists are the start of the whole one") {
  // Enough items for many scans with a threshold; logits of a trained network's spread.
  TinyModel tiny;
  tiny.network = converter::random_network({1100, 8, 2, 12, 6, 1}, 3);
  for (float& value : tiny.network.items.values) value *= 4;
  tiny.catalogue = text_catalogue(1100);
  tiny.interpretation.knobs = {{"noir", "genre", "Noir", 0, {}, 0.25f, 0, 1, -40, 40, {}},
                               {"space", "genre", "Space", 0, {}, 0, 0.01f, 0.6f, -40, 40, {}},
                               {"calm", "mood", "Calm", 0, {}, 0.1f, 1e-6f, 1.7f, -40, 40, {}}};
  for (const fb::DType precision : {fb::DType_F32, fb::DType_I8, fb::DType_I4}) {
    const OpenModel model(tiny.file(precision));
    OpenSession session(model, kHistory);
    for (const float strength : {-40.0f, -3.0f, -0.1f, 1e-6f, 0.5f, 7.0f, 40.0f}) {
      for (uint32_t knobs = 1; knobs < 8; ++knobs) {
        CAPTURE(strength);
        CAPTURE(knobs);
        std::vector<pintle_edit> edits;
        for (uint32_t knob = 0; knob < 3; ++knob) {
          const float value = knob == 1 ? strength : -strength;
          if ((knobs >> knob & 1) != 0) edits.push_back({PINTLE_EDIT_KNOB, knob, 0, 0, value});
        }
        if (knobs == 7) edits.insert(edits.end(), 7, edits[0]);  // more than a scan keeps
        const pintle_steering steering = steering_of(edits);
        auto all = session.recommend(1100, 0, &steering);
        std::vector<uint32_t> allow;  // one by one, not in a scan
        for (uint32_t item = 0; item < 1100; item += 97) allow.push_back(item);
        pintle_request request = PINTLE_REQUEST_INIT;
        request.steering = &steering;
        request.flags |= PINTLE_ONLY_ALLOWED;
        request.allow = allow.data();
        request.allow_count = allow.size();
        for (const pintle_recommendation& entry : session.recommend(request)) {
          const auto same = std::find_if(
              all.begin(), all.end(), [&](const auto& other) { return other.item == entry.item; });
          REQUIRE(same != all.end());
          CHECK(same->score == entry.score);
        }
        for (const uint32_t k : {300u, 30u, 3u}) {
          all.resize(k);
          CHECK(same_list(session.recommend(k, 0, &steering), all));
        }
      }
    }
  }
}

}  // namespace
}  // namespace pintle::test
