// SPDX-License-Identifier: Apache-2.0
//
// Edits of sparse features against a literal double-precision computation, and the state that they
// must not leave behind.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "support/reference_forward.h"
#include "support/reference_steering.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

using Edits = std::vector<pintle_edit>;

constexpr double kBound = 1e-4;
constexpr uint32_t kAlways = PINTLE_STEER_REPLACE | PINTLE_STEER_ALL_POSITIONS;

std::vector<uint32_t> history_of(const TinyModel& tiny, uint32_t seed) {
  const size_t window = static_cast<size_t>(tiny.network.window);
  return random_history(seed % 4 == 3 ? window / 2 + 1 : window + seed % 4, tiny.network.items.rows,
                        seed);
}

uint32_t draw(std::mt19937* random, uint32_t below) {
  return static_cast<uint32_t>((*random)() % below);
}

// A set of one to four edits of any kind, at any SAE.
Edits draw_edits(std::mt19937* random) {
  Edits edits;
  for (uint32_t i = draw(random, 4); i < 4; ++i) {
    const float value = static_cast<float>(draw(random, 41)) / 10 - 2;
    pintle_edit edit = {draw(random, 7), 0, 0, 0, value};
    if (edit.kind == PINTLE_EDIT_KNOB) {
      edit.target = draw(random, 3);
      edit.value = edit.target == 1 ? value : value / 2;
    } else {
      edit.sae = draw(random, 3);
      edit.target = draw(random, 21);
      edit.flags = draw(random, 4);
      if (edit.kind == PINTLE_EDIT_SCALE) edit.flags &= PINTLE_EDIT_ONLY_ACTIVE;
    }
    edits.push_back(edit);
  }
  return edits;
}

std::vector<double> plain_scores(const TinyModel& tiny, const std::vector<uint32_t>& history) {
  return converter::reference_scores(tiny.network, wide(history));
}

// kBound, or what rounding alone may do where the network itself magnifies it: of the random ones, one
// nearly cancels the state in front of a norm, and there the exact scores move by 4e-5 (elsewhere by
// less than 2e-6) if every item's embedding is moved by one unit in the last place. A run in float
// rounds so at every step.
double bound_of(const TinyModel& tiny, const std::vector<uint32_t>& history,
                const pintle_steering& steering, const std::vector<double>& exact) {
  constexpr double kRoundedSteps = 16;
  TinyModel nudged = tiny;
  std::mt19937 random(1);
  for (float& value : nudged.network.items.values) {
    value = std::nextafter(value, random() % 2 == 0 ? 100.0f : -100.0f);
  }
  const std::vector<double> moved = reference_steered_scores(nudged, history, steering);
  return std::max(kBound, kRoundedSteps * relative_difference({moved.begin(), moved.end()}, exact));
}

TEST_CASE("any edits, at any hooks, in any architecture, equal the literal computation") {
  for (uint32_t seed = 0; seed < 2 * kArchitectureCount; ++seed) {
    const TinyModel tiny = steerable_model(any_model(seed).network);
    CAPTURE(seed);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    const std::vector<uint32_t> history = history_of(tiny, seed);
    const uint32_t items = static_cast<uint32_t>(model.info().item_count);
    OpenSession session(model, history);
    const auto plain = session.recommend(items, PINTLE_INCLUDE_SEEN);
    std::mt19937 random(seed);
    for (uint32_t round = 0; round < 4; ++round) {
      const Edits edits = draw_edits(&random);
      const pintle_steering steering = steering_of(edits, round);  // all four sets of flags
      CAPTURE(round);
      const std::vector<double> exact = reference_steered_scores(tiny, history, steering);
      CHECK(relative_difference(steered_scores(&session, items, &steering), exact) <
            bound_of(tiny, history, steering, exact));
      CHECK(same_list(session.recommend(items, PINTLE_INCLUDE_SEEN), plain));
    }
    session.append({1});
    std::vector<uint32_t> longer = history;
    longer.push_back(1);
    CHECK(relative_difference(session.all_scores(), plain_scores(tiny, longer)) < kBound);
  }
}

TEST_CASE("edits take effect in their order, each on what the one before left") {
  const TinyModel tiny = steerable_model(plain_model().network);
  const OpenModel model(tiny.file());
  const std::vector<uint32_t> history = {3, 1, 4};
  OpenSession session(model, history);
  const Edits forward = {{PINTLE_EDIT_SET, 2, 0, 0, 1},
                         {PINTLE_EDIT_SCALE, 2, 0, 0, 3},
                         {PINTLE_EDIT_ADD, 2, 0, 0, -0.5f}};
  const Edits backward = {forward[2], forward[1], forward[0]};
  const Edits result = {{PINTLE_EDIT_SET, 2, 0, 0, 2.5f}};
  const auto list = [&](const Edits& edits) {
    const pintle_steering steering = steering_of(edits);
    return session.recommend(10, 0, &steering);
  };
  CHECK(same_list(list(forward), list(result)));
  CHECK(same_list(list(backward), list({forward[0]})));
  CHECK_FALSE(same_list(list(forward), list(backward)));
}

TEST_CASE("edits that do nothing leave the unsteered list, bit for bit") {
  for (uint32_t seed = 0; seed < kArchitectureCount; seed += 3) {
    const TinyModel tiny = steerable_model(any_model(seed).network);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    OpenSession session(model, history_of(tiny, seed));
    const uint32_t items = static_cast<uint32_t>(model.info().item_count);
    const auto plain = session.recommend(items);
    for (const Edits& edits :
         {Edits{}, Edits{{PINTLE_EDIT_KNOB, 0, 0, 0, 0}},
          Edits{{PINTLE_EDIT_KNOB, 1, 0, 0, 0}, {PINTLE_EDIT_KNOB, 2, 0, 0, 0}},
          Edits{{PINTLE_EDIT_ADD, 5, 0, 0, 0}, {PINTLE_EDIT_SCALE, 7, 1, 0, 1}}}) {
      for (const uint32_t flags : {0u, uint32_t{PINTLE_STEER_ALL_POSITIONS}}) {
        const pintle_steering steering = steering_of(edits, flags);
        CHECK(same_list(session.recommend(items, 0, &steering), plain));
      }
    }
    const pintle_steering empty_replace = steering_of({}, kAlways);
    CHECK(same_list(session.recommend(items, 0, &empty_replace), plain));
  }
}

TEST_CASE("no call sees the steering of another: sets, explanations and appends in any order") {
  for (uint32_t seed = 0; seed < kArchitectureCount; ++seed) {
    const TinyModel tiny = steerable_model(any_model(seed).network);
    CAPTURE(seed);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    const uint32_t items = static_cast<uint32_t>(model.info().item_count);
    std::vector<uint32_t> history = history_of(tiny, seed);
    OpenSession session(model, history);
    std::mt19937 random(seed);
    const std::vector<double> plain = plain_scores(tiny, history);
    for (int step = 0; step < 10; ++step) {
      CAPTURE(step);
      const Edits edits = draw_edits(&random);
      const pintle_steering steering = steering_of(edits, draw(&random, 4));
      switch (draw(&random, 5)) {
        case 0: {
          std::vector<pintle_event_effect> effects(50);
          size_t count = 0;
          CHECK(pintle_explain_events(session.get(), 0, effects.data(), 50, &count) == PINTLE_OK);
          break;
        }
        case 1: {
          std::vector<pintle_feature_value> effects(3);
          size_t count = 0;
          float score, rest;
          CHECK(pintle_explain_features(session.get(), draw(&random, 3), 1, effects.data(), 3,
                                        &count, &score, &rest) == PINTLE_OK);
          break;
        }
        case 2: {
          const uint32_t item = draw(&random, items);
          session.append({item});
          history.push_back(item);
          break;
        }
        default:
          CHECK(relative_difference(steered_scores(&session, items, &steering),
                                    reference_steered_scores(tiny, history, steering)) < kBound);
      }
      if (draw(&random, 2) == 0) {
        CHECK(relative_difference(session.all_scores(), plain_scores(tiny, history)) < kBound);
      }
    }
  }
}

TEST_CASE("a quantized SAE steers as its rounded weights do") {
  TinyModel tiny = steerable_model(plain_model().network);
  const OpenModel model(tiny.file(fb::DType_I8));
  for (converter::InterpretedSae& sae : tiny.interpretation.saes) {
    const auto round = [](converter::Matrix* matrix, const converter::PackedTensor& packed) {
      *matrix = rounded(packed);
    };
    round(&sae.weights.encoder, converter::pack_panels("e", sae.weights.encoder, fb::DType_I8));
    round(&sae.weights.decoder, converter::pack_rows("d", sae.weights.decoder, fb::DType_I8));
  }
  tiny.network = rounded(tiny.network, fb::DType_I8);
  const std::vector<uint32_t> history = {7, 8, 9, 10};
  OpenSession session(model, history);
  for (const uint32_t sae : {0u, 2u}) {  // TopK's choice may differ by a rounding
    const Edits edits = {{PINTLE_EDIT_SET, 4, sae, 0, 1.5f}, {PINTLE_EDIT_SCALE, 9, sae, 0, -2}};
    const pintle_steering steering = steering_of(edits);
    CHECK(relative_difference(steered_scores(&session, 37, &steering),
                              reference_steered_scores(tiny, history, steering)) < 2e-3);
  }
}

}  // namespace
}  // namespace pintle::test
