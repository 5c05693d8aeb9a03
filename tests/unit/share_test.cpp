// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "support/tiny_models.h"

namespace pintle::test {
namespace {

// Items of Noir are those that 3 divides. Knob 0 reaches any share, knob 1 hardly moves, knob 2
// moves upward alone, knob 3 has no attribute, knob 4 steers features and a bonus.
TinyModel share_model() {
  TinyModel tiny = steerable_model(plain_model().network);
  tiny.interpretation.knobs = {
      {"wide", "genre", "Noir", 0, {}, 1, 0, 1, -30, 30, {}},
      {"tight", "genre", "Noir", 0, {}, 1e-6f, 0, 1, -1, 1, {}},
      {"upward", "genre", "Noir", 0, {}, 1, 0, 1, 0, 30, {}},
      {"free", "", "", 2, {{0, 1}}, 0, 0, 1, -1, 1, {}},
      {"mixed", "genre", "Noir", 0, {{3, 0.1f}}, 0, 0.05f, 0.8f, -5, 5, {}}};
  tiny.interpretation.presets.clear();
  return tiny;
}

struct Solved {
  pintle_share_solution solution = PINTLE_SHARE_SOLUTION_INIT;
  std::vector<pintle_recommendation> list;
};

Solved solve(OpenSession* session, uint32_t knob, float target, float min_overlap = 0,
             const pintle_steering* steering = nullptr) {
  pintle_request request = PINTLE_REQUEST_INIT;
  request.steering = steering;
  std::vector<pintle_recommendation> scratch(10), out(10);
  size_t count = 0;
  Solved solved = {};
  REQUIRE(pintle_solve_share(session->get(), &request, knob, target, min_overlap, scratch.data(),
                             out.data(), &count, &solved.solution) == PINTLE_OK);
  out.resize(count);
  solved.list = out;
  return solved;
}

std::vector<pintle_recommendation> list_at(OpenSession* session, uint32_t knob, float strength,
                                           std::vector<pintle_edit> edits = {}) {
  edits.push_back({PINTLE_EDIT_KNOB, knob, 0, 0, strength});
  const pintle_steering steering = steering_of(edits);
  return session->recommend(10, 0, &steering);
}

float share_of(const std::vector<pintle_recommendation>& list) {
  float having = 0;
  for (const pintle_recommendation& entry : list) having += entry.item % 3 == 0 ? 1 : 0;
  return having / static_cast<float>(list.size());
}

float overlap_of(const std::vector<pintle_recommendation>& a,
                 const std::vector<pintle_recommendation>& b) {
  float shared = 0;
  for (const auto& x : a) {
    for (const auto& y : b) shared += x.item == y.item ? 1 : 0;
  }
  return shared / static_cast<float>(a.size());
}

TEST_CASE("every share that the range holds is reached, by no more strength than it takes") {
  const OpenModel model(share_model().file());
  for (uint32_t seed = 0; seed < 10; ++seed) {
    OpenSession session(model, random_history(4, 37, seed));
    const auto plain = session.recommend();
    for (const uint32_t knob : {0u, 4u}) {
      for (int tenths = 0; tenths <= 10; ++tenths) {
        const float target = static_cast<float>(tenths) / 10;
        CAPTURE(seed);
        CAPTURE(knob);
        CAPTURE(target);
        const Solved solved = solve(&session, knob, target);
        const pintle_share_solution& s = solved.solution;
        CHECK(same_list(solved.list, list_at(&session, knob, s.strength)));
        CHECK(s.share == share_of(solved.list));
        CHECK(s.overlap == overlap_of(plain, solved.list));
        const float start = share_of(plain);
        if (target == start) CHECK(s.strength == 0);
        if (s.stop == PINTLE_SHARE_AT_RANGE) {
          CHECK(knob == 4);
          CHECK(std::fabs(s.strength) == 5);
          continue;
        }
        CHECK(s.stop == PINTLE_SHARE_REACHED);
        if (target > start) {
          CHECK(s.share >= target);
          CHECK(s.strength > 0);
          CHECK(share_of(list_at(&session, knob, s.strength - 1e-3f)) < target);
        } else if (target < start) {
          CHECK(s.share <= target);
          CHECK(s.strength < 0);
          CHECK(share_of(list_at(&session, knob, s.strength + 1e-3f)) > target);
        }
      }
    }
    CHECK(same_list(session.recommend(), plain));
  }
}

TEST_CASE("the range ends the search, and the list is that of its end") {
  const OpenModel model(share_model().file());
  OpenSession session(model, {1, 2, 4});
  const auto plain = session.recommend();
  REQUIRE(share_of(plain) > 0);
  REQUIRE(share_of(plain) < 1);
  const Solved up = solve(&session, 1, 1), down = solve(&session, 1, 0);
  CHECK(up.solution.stop == PINTLE_SHARE_AT_RANGE);
  CHECK(up.solution.strength == 1);
  CHECK(down.solution.stop == PINTLE_SHARE_AT_RANGE);
  CHECK(down.solution.strength == -1);
  const Solved blocked = solve(&session, 2, 0);  // its range ends at 0
  CHECK(blocked.solution.stop == PINTLE_SHARE_AT_RANGE);
  CHECK(blocked.solution.strength == 0);
  CHECK(same_list(blocked.list, plain));
}

TEST_CASE("the overlap ends the search, and holds where it ended") {
  const OpenModel model(share_model().file());
  OpenSession session(model, {1, 2, 4});
  const auto plain = session.recommend();
  for (const float min_overlap : {1.0f, 0.9f, 0.7f}) {
    CAPTURE(min_overlap);
    const Solved solved = solve(&session, 0, 1, min_overlap);
    CHECK(solved.solution.stop == PINTLE_SHARE_AT_OVERLAP);
    CHECK(solved.solution.overlap >= min_overlap);
    CHECK(overlap_of(plain, solved.list) >= min_overlap);
    CHECK(overlap_of(plain, list_at(&session, 0, solved.solution.strength + 1e-3f)) < min_overlap);
  }
  const Solved loose = solve(&session, 0, 1, 0.5f);  // the whole share keeps six of ten
  CHECK(loose.solution.stop == PINTLE_SHARE_REACHED);
  CHECK(loose.solution.share == 1);
}

TEST_CASE("the request's own edits apply throughout") {
  const OpenModel model(share_model().file());
  OpenSession session(model, {1, 2, 4});
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, 3, 0, 0, 1}};
  const pintle_steering steering = steering_of(edits);
  const Solved solved = solve(&session, 0, 0.8f, 0, &steering);
  CHECK(solved.solution.share >= 0.8f);
  CHECK(same_list(solved.list, list_at(&session, 0, solved.solution.strength, edits)));
  CHECK(solved.solution.overlap == overlap_of(session.recommend(10, 0, &steering), solved.list));
}

TEST_CASE("knobs without an attribute, and shares that are none, are refused") {
  const OpenModel model(share_model().file());
  OpenSession session(model);
  pintle_request request = PINTLE_REQUEST_INIT;
  pintle_recommendation scratch[10], out[10];
  size_t count = 77;
  pintle_share_solution solution = PINTLE_SHARE_SOLUTION_INIT;
  solution.strength = solution.share = solution.overlap = 5;
  solution.stop = 5;
  const auto status = [&](uint32_t knob, float target, float overlap) {
    return pintle_solve_share(session.get(), &request, knob, target, overlap, scratch, out, &count,
                              &solution);
  };
  CHECK(status(0, 0.5f, 0) == PINTLE_ERR_EMPTY_HISTORY);
  session.append({1});
  CHECK(status(3, 0.5f, 0) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(status(5, 0.5f, 0) == PINTLE_ERR_UNKNOWN_NAME);
  for (const float bad : {-0.01f, 1.01f, NAN, INFINITY}) {
    CHECK(status(0, bad, 0) == PINTLE_ERR_INVALID_ARGUMENT);
    CHECK(status(0, 0.5f, bad) == PINTLE_ERR_INVALID_ARGUMENT);
  }
  request.k = 0;
  CHECK(status(0, 0.5f, 0) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(count == 77);
  CHECK(solution.stop == 5);
}

}  // namespace
}  // namespace pintle::test
