// SPDX-License-Identifier: Apache-2.0
//
// Groups by example: who belongs to them, and wishes and rules for them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "support/contains.h"
#include "support/tiny_models.h"
#include "unit/random_network.h"

namespace pintle::test {
namespace {

using Items = std::vector<uint32_t>;

constexpr uint32_t kItems = 300, kThemes = 6, kDim = 12;
constexpr uint32_t kUntrained = 295;
uint32_t theme_of(uint32_t item) { return item % kThemes; }

// Rows are a theme's direction and noise; lengths differ, as do the variances of the dimensions.
TinyModel themed_model(uint32_t seed = 1) {
  TinyModel tiny;
  tiny.network = converter::random_network({kItems, kDim, 2, 12, 6, 1}, seed);
  tiny.catalogue = integer_catalogue(kItems);
  tiny.catalogue.trained.assign(kItems, true);
  tiny.catalogue.trained[kUntrained] = false;
  std::mt19937 random(seed);
  const auto draw = [&] { return static_cast<float>(random() % 2001) / 1000 - 1; };
  std::vector<float> themes(kThemes * kDim);
  for (float& value : themes) value = draw();
  for (uint32_t item = 0; item < kItems; ++item) {
    const float length = 0.5f + static_cast<float>(random() % 100) / 100;
    for (uint32_t c = 0; c < kDim; ++c) {
      const float value = themes[theme_of(item) * kDim + c] + 0.6f * draw();
      tiny.network.items.row(item)[c] = length * value / (1 + static_cast<float>(c % 4)) + 0.3f;
    }
  }
  return tiny;
}

pintle_status set(const OpenSession& session, uint32_t example, const Items& like,
                  const Items& unlike = {}) {
  return pintle_session_set_example(session.get(), example, like.data(), like.size(), unlike.data(),
                                    unlike.size());
}

std::vector<uint32_t> memberships(const OpenSession& session, uint32_t example) {
  std::vector<uint32_t> all(kItems);
  for (uint32_t item = 0; item < kItems; ++item) {
    REQUIRE(pintle_session_get_example(session.get(), example, item, &all[item]) == PINTLE_OK);
  }
  return all;
}

// The group as lists/example.h defines it, in double precision, from the rows that the file holds.
std::vector<double> reference(const OpenModel& model, const Items& like, const Items& unlike) {
  using Matrix = std::vector<std::vector<double>>;
  Matrix rows(kItems, std::vector<double>(kDim));
  std::vector<double> mean(kDim);
  double trained = 0;
  for (uint32_t item = 0; item < kItems; ++item) {
    float row[kDim];
    REQUIRE(pintle_model_get_item_vector(model.get(), item, row, kDim) == PINTLE_OK);
    std::copy(row, row + kDim, rows[item].begin());
    if (item == kUntrained) continue;
    ++trained;
    for (uint32_t c = 0; c < kDim; ++c) mean[c] += rows[item][c];
  }
  Matrix covariance(kDim, std::vector<double>(kDim));
  for (uint32_t item = 0; item < kItems; ++item) {
    for (uint32_t c = 0; c < kDim; ++c) rows[item][c] -= mean[c] / trained;
    if (item == kUntrained) continue;
    for (uint32_t a = 0; a < kDim; ++a) {
      for (uint32_t b = 0; b < kDim; ++b) covariance[a][b] += rows[item][a] * rows[item][b];
    }
  }
  double trace = 0;
  for (uint32_t c = 0; c < kDim; ++c) trace += covariance[c][c];
  for (uint32_t c = 0; c < kDim; ++c) covariance[c][c] += 0.3 * trace / kDim;
  // Cholesky's factor; a row's coordinates are its solution of the triangle, made to unit length.
  Matrix factor(kDim, std::vector<double>(kDim));
  for (uint32_t a = 0; a < kDim; ++a) {
    for (uint32_t b = 0; b <= a; ++b) {
      double sum = covariance[a][b];
      for (uint32_t c = 0; c < b; ++c) sum -= factor[a][c] * factor[b][c];
      factor[a][b] = a == b ? std::sqrt(sum) : sum / factor[b][b];
    }
  }
  for (std::vector<double>& row : rows) {
    double square = 0;
    for (uint32_t a = 0; a < kDim; ++a) {
      for (uint32_t c = 0; c < a; ++c) row[a] -= factor[a][c] * row[c];
      row[a] /= factor[a][a];
      square += row[a] * row[a];
    }
    for (double& value : row) value /= std::sqrt(square);
  }
  const auto is_in = [](const Items& items, uint32_t item) {
    return std::find(items.begin(), items.end(), item) != items.end();
  };
  std::vector<double> levels(kItems);
  for (int round = 1; round <= 4; ++round) {
    double weight = 0;
    std::vector<double> centre(kDim), members(kDim);
    for (uint32_t item = 0; item < kItems; ++item) {
      if (is_in(like, item) || is_in(unlike, item)) continue;
      weight += levels[item];
      for (uint32_t c = 0; c < kDim; ++c) members[c] += levels[item] * rows[item][c];
    }
    const double count = static_cast<double>(like.size()) + (round > 1 ? 30 : 0);
    for (uint32_t c = 0; c < kDim; ++c) {
      for (const uint32_t item : like) centre[c] += rows[item][c] / count;
      if (round > 1) centre[c] += 30 * members[c] / weight / count;
      for (const uint32_t item : unlike) {
        centre[c] -= 0.1 * rows[item][c] / (static_cast<double>(unlike.size()) + 1);
      }
    }
    std::vector<double> values(kItems);
    double sum = 0, squares = 0;
    for (uint32_t item = 0; item < kItems; ++item) {
      for (uint32_t c = 0; c < kDim; ++c) values[item] += rows[item][c] * centre[c];
      if (item == kUntrained) continue;
      sum += values[item];
      squares += values[item] * values[item];
    }
    const double middle = sum / trained;
    const double deviation = std::sqrt(squares / trained - middle * middle);
    double gap = 0;
    for (const uint32_t item : like) {  // in the centre that the others make
      const double rest = (values[item] * count - 1) / (count - 1);
      gap += (rest - middle) / deviation / static_cast<double>(like.size());
    }
    gap = round == 1 ? 2 : std::max(gap, 0.3);
    for (uint32_t item = 0; item < kItems; ++item) {
      const double z = (values[item] - middle) / deviation;
      const double odds = std::exp(1.5 * gap * (z - gap / 2)) / 4;
      levels[item] = item == kUntrained ? 0 : std::round(15 * odds / (1 + odds));
    }
  }
  for (const uint32_t item : like) levels[item] = 15;
  for (const uint32_t item : unlike) levels[item] = 0;
  return levels;
}

const Items kLike = {2, 20, 50, 92, 128, 200}, kUnlike = {3, 33, 140};

TEST_CASE("memberships are those of the formula, whatever the table's precision") {
  const TinyModel tiny = themed_model();
  for (const std::string& isa : isas_under_test()) {
    for (const fb::DType precision : {fb::DType_F32, fb::DType_F16, fb::DType_I8, fb::DType_I4}) {
      const OpenModel model(tiny.file(precision), isa, PINTLE_OPEN_EXAMPLES);
      const OpenSession session(model);
      for (const Items& unlike : {Items(), kUnlike}) {
        CAPTURE(isa);
        CAPTURE(precision);
        CAPTURE(unlike.size());
        REQUIRE(set(session, 1, kLike, unlike) == PINTLE_OK);
        const std::vector<uint32_t> found = memberships(session, 1);
        const std::vector<double> expected = reference(model, kLike, unlike);
        size_t near = 0, members = 0;
        for (uint32_t item = 0; item < kItems; ++item) {
          CHECK(std::fabs(found[item] - expected[item]) <= 1);  // at the border of two fifteenths
          near += found[item] != expected[item] ? 1 : 0;
          members += found[item] > 0 ? 1 : 0;
        }
        CHECK(near <= 5);
        CHECK(members > 20);
        CHECK(members < kItems / 2);
      }
    }
  }
}

double mean_of_theme(const std::vector<uint32_t>& levels, uint32_t theme, const Items& but = {}) {
  double sum = 0, count = 0;
  for (uint32_t item = 0; item < kItems; ++item) {
    if (theme_of(item) != theme || std::find(but.begin(), but.end(), item) != but.end()) continue;
    sum += levels[item];
    ++count;
  }
  return sum / count;
}

TEST_CASE("a few items of a theme find the others, and items disliked push theirs away") {
  const OpenModel model(themed_model().file(), "", PINTLE_OPEN_EXAMPLES);
  const OpenSession session(model);
  REQUIRE(set(session, 0, kLike) == PINTLE_OK);
  const std::vector<uint32_t> group = memberships(session, 0);
  for (const uint32_t item : kLike) CHECK(group[item] == 15);
  CHECK(group[kUntrained] == 0);
  CHECK(mean_of_theme(group, 2, kLike) > 7);
  for (uint32_t theme = 0; theme < kThemes; ++theme) {
    if (theme != 2) CHECK(mean_of_theme(group, theme) < 3);
  }
  // Two themes, and then one of them disliked.
  const Items both = {2, 20, 50, 3, 33, 63};
  REQUIRE(set(session, 0, both) == PINTLE_OK);
  const std::vector<uint32_t> of_both = memberships(session, 0);
  const Items unlike = {69, 93, 141, 171, 201};
  REQUIRE(set(session, 0, {2, 20, 50}, unlike) == PINTLE_OK);
  const std::vector<uint32_t> of_one = memberships(session, 0);
  for (const uint32_t item : unlike) CHECK(of_one[item] == 0);
  CHECK(mean_of_theme(of_both, 3, unlike) > mean_of_theme(of_one, 3, unlike) + 3);
  CHECK(mean_of_theme(of_one, 2, {2, 20, 50}) > mean_of_theme(of_both, 2, {2, 20, 50}));
}

TEST_CASE("examples are the session's own, side by side, and outlive a reset") {
  const OpenModel model(themed_model().file(), "", PINTLE_OPEN_EXAMPLES);
  const OpenSession session(model, {1, 2}), other(model);
  std::vector<std::vector<uint32_t>> groups;
  for (uint32_t e = 0; e < PINTLE_EXAMPLES; ++e) {
    REQUIRE(set(session, e, {e, e + kThemes, e + 4 * kThemes}) == PINTLE_OK);
    groups.push_back(memberships(session, e));
    REQUIRE(set(other, 0, {e, e + kThemes, e + 4 * kThemes}) == PINTLE_OK);
    CHECK(memberships(other, 0) == groups[e]);
  }
  REQUIRE(pintle_session_reset(session.get()) == PINTLE_OK);
  for (uint32_t e = 0; e < PINTLE_EXAMPLES; ++e) CHECK(memberships(session, e) == groups[e]);
  CHECK(groups[0] != groups[1]);
}

// A list for a group: wished for, and half of it a rule.
std::vector<pintle_recommendation> list_for(OpenSession* session, uint32_t target, bool with_rule,
                                            size_t k) {
  const pintle_wish wish = {PINTLE_WISH_ATTRIBUTE, target, 2};
  const pintle_rule rule = {PINTLE_RULE_AT_LEAST, target, 0, 0.5f};
  pintle_wishes wishes = PINTLE_WISHES_INIT;
  wishes.wishes = &wish;
  wishes.wish_count = 1;
  wishes.rules = &rule;
  wishes.rule_count = with_rule ? 1 : 0;
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = k;
  request.wishes = &wishes;
  return session->recommend(request);
}

TEST_CASE("wishes and rules take an example as they take a soft attribute of the file") {
  TinyModel tiny = themed_model();
  const OpenModel model(tiny.file(), "", PINTLE_OPEN_EXAMPLES);
  OpenSession session(model, {1, 2, 3});
  // The same memberships as attributes of another file of the same network.
  TinyModel with_attributes = tiny;
  with_attributes.catalogue.attributes = {{"by example", "first"}, {"by example", "second"}};
  with_attributes.catalogue.item_attributes.assign(kItems, {});
  with_attributes.catalogue.item_memberships.assign(kItems, {});
  for (uint32_t e = 0; e < 2; ++e) {
    REQUIRE(set(session, e, {e + 2, e + 20, e + 50}) == PINTLE_OK);
    const std::vector<uint32_t> group = memberships(session, e);
    for (uint32_t item = 0; item < kItems; ++item) {
      if (group[item] == 0) continue;
      with_attributes.catalogue.item_attributes[item].push_back(e);
      with_attributes.catalogue.item_memberships[item].push_back(static_cast<uint8_t>(group[item]));
    }
  }
  const OpenModel stored(with_attributes.file());
  OpenSession other(stored, {1, 2, 3});
  int changed = 0;
  for (const size_t k : {1, 10, 40}) {
    for (const uint32_t e : {0u, 1u, 0u}) {
      for (const bool with_rule : {false, true}) {
        const auto list = list_for(&session, PINTLE_EXAMPLE_ATTRIBUTE + e, with_rule, k);
        CHECK(same_list(list, list_for(&other, e, with_rule, k)));
        changed += same_list(list, session.recommend(static_cast<uint32_t>(k))) ? 0 : 1;
      }
    }
  }
  CHECK(changed >= 12);
}

TEST_CASE("a list is of the example as it is now, not as it was at the call before") {
  const OpenModel model(themed_model().file(), "", PINTLE_OPEN_EXAMPLES);
  OpenSession session(model, {1, 2, 3});
  const auto count_of = [&](uint32_t theme) {
    const auto list = list_for(&session, PINTLE_EXAMPLE_ATTRIBUTE, true, 10);
    return std::count_if(list.begin(), list.end(), [&](const pintle_recommendation& entry) {
      return theme_of(entry.item) == theme;
    });
  };
  for (const uint32_t theme : {2u, 5u, 4u, 2u}) {
    REQUIRE(set(session, 0, {theme + 6, theme + 24, theme + 48, theme + 96}) == PINTLE_OK);
    CHECK(count_of(theme) >= 4);
  }
}

TEST_CASE("a single item, items that are all alike and zero rows") {
  TinyModel tiny = themed_model();
  for (const float value : {0.0f, 0.5f}) {
    for (uint32_t item = 0; item < kItems; ++item) {
      std::fill_n(tiny.network.items.row(item), kDim, value);
    }
    const OpenModel model(tiny.file(), "", PINTLE_OPEN_EXAMPLES);
    const OpenSession session(model);
    REQUIRE(set(session, 0, {4}, {5}) == PINTLE_OK);
    std::vector<uint32_t> alone(kItems);
    alone[4] = 15;
    CHECK(memberships(session, 0) == alone);
  }
  const OpenModel model(themed_model().file(), "", PINTLE_OPEN_EXAMPLES);
  const OpenSession session(model);
  REQUIRE(set(session, 0, {8}) == PINTLE_OK);
  const std::vector<uint32_t> group = memberships(session, 0);
  CHECK(group[8] == 15);
  CHECK(mean_of_theme(group, 2, {8}) > mean_of_theme(group, 3));
}

TEST_CASE("what cannot be is refused in words, and the example stays as it was") {
  const OpenModel model(themed_model().file(), "", PINTLE_OPEN_EXAMPLES);
  OpenSession session(model, {1});
  REQUIRE(set(session, 0, kLike, kUnlike) == PINTLE_OK);
  const std::vector<uint32_t> before = memberships(session, 0);
  const auto refused = [&](pintle_status status, uint32_t example, const Items& like,
                           const Items& unlike, const std::string& words) {
    CHECK(set(session, example, like, unlike) == status);
    check_contains(pintle_session_last_error(session.get()), words);
  };
  const auto invalid = PINTLE_ERR_INVALID_ARGUMENT;
  refused(invalid, 0, {}, {1}, "nothing that it is to be like");
  refused(invalid, 4, {1}, {}, "example 4 of 4");
  refused(PINTLE_ERR_UNKNOWN_ITEM, 0, {1, kItems}, {}, "like 1: item 300, of a catalogue of 300");
  refused(PINTLE_ERR_UNKNOWN_ITEM, 0, {1}, {kItems}, "unlike 0: item 300");
  refused(invalid, 0, {1, 2, 1}, {}, "like 2: item 1 is named before");
  refused(invalid, 0, {1, 2}, {5, 2}, "unlike 1: item 2 is named before");
  refused(invalid, 0, {kUntrained}, {}, "or was never trained");
  Items many(PINTLE_EXAMPLE_ITEMS + 1);
  for (uint32_t i = 0; i < many.size(); ++i) many[i] = 10 + i;
  refused(invalid, 0, many, {}, "like: 65 items of at most 64");
  refused(invalid, 0, {1}, many, "unlike: 65 items of at most 64");
  CHECK(memberships(session, 0) == before);
  many.pop_back();
  CHECK(set(session, 1, many, {1}) == PINTLE_OK);

  uint32_t membership = 77;
  CHECK(pintle_session_get_example(session.get(), 2, 1, &membership) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(membership == 77);
  const pintle_wish wish = {PINTLE_WISH_ATTRIBUTE, PINTLE_EXAMPLE_ATTRIBUTE + 2, 1};
  pintle_wishes wishes = PINTLE_WISHES_INIT;
  wishes.wishes = &wish;
  wishes.wish_count = 1;
  pintle_request request = PINTLE_REQUEST_INIT;
  request.wishes = &wishes;
  pintle_recommendation out[10];
  size_t count;
  CHECK(pintle_recommend(session.get(), &request, out, &count) == PINTLE_ERR_UNKNOWN_NAME);
  check_contains(pintle_session_last_error(session.get()), "wish 0: example 2 is not set");
  const OpenModel without(themed_model().file());
  const OpenSession none(without);
  CHECK(set(none, 0, {1}) == invalid);
  check_contains(pintle_session_last_error(none.get()), "PINTLE_OPEN_EXAMPLES");
}

}  // namespace
}  // namespace pintle::test
