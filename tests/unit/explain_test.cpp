// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support/reference_steering.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

constexpr const char* kHooks[] = {"block:0", "mlp", "last"};

struct Explained {
  std::vector<pintle_feature_value> features;
  size_t count = 0;
  float score = 0, remainder = 0;
};

Explained explain(OpenSession* session, uint32_t sae, uint32_t item, size_t capacity) {
  Explained result;
  result.features.resize(capacity);
  REQUIRE(pintle_explain_features(session->get(), sae, item, result.features.data(), capacity,
                                  &result.count, &result.score, &result.remainder) == PINTLE_OK);
  result.features.resize(std::min(capacity, result.count));
  return result;
}

std::vector<pintle_feature_value> active(OpenSession* session, uint32_t sae, size_t capacity,
                                         size_t* count) {
  std::vector<pintle_feature_value> features(capacity);
  REQUIRE(pintle_active_features(session->get(), sae, features.data(), capacity, count) ==
          PINTLE_OK);
  features.resize(std::min(capacity, *count));
  return features;
}

double spread(const std::vector<float>& scores) {
  double largest = 0;
  for (const float score : scores) largest = std::max(largest, std::fabs(double{score}));
  return largest;
}

TEST_CASE("active features are the literal ones of the newest state, strongest first") {
  for (uint32_t seed = 0; seed < kArchitectureCount; seed += 5) {
    const TinyModel tiny = steerable_model(any_model(seed).network);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    const std::vector<uint32_t> history = random_history(5, tiny.network.items.rows, seed);
    OpenSession session(model, history);
    for (uint32_t sae = 0; sae < 3; ++sae) {
      CAPTURE(std::string(kHooks[sae]));
      const converter::SaeWeights& weights = tiny.interpretation.saes[sae].weights;
      const std::vector<double> expected =
          reference_features(weights, reference_hook_state(tiny, history, weights.hook));
      size_t count = 0, few_count = 0;
      const auto all = active(&session, sae, 21, &count);
      CHECK(count == static_cast<size_t>(std::count_if(expected.begin(), expected.end(),
                                                       [](double f) { return f > 0; })));
      for (size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].value == doctest::Approx(expected[all[i].feature]).epsilon(1e-3));
        if (i > 0) CHECK(all[i].value <= all[i - 1].value);
      }
      const auto few = active(&session, sae, 2, &few_count);
      CHECK(few_count == count);
      for (size_t i = 0; i < few.size(); ++i) CHECK(few[i].feature == all[i].feature);
    }
  }
}

// Scores of a history with some features of one SAE off.
class Ablated {
 public:
  Ablated(const TinyModel& tiny, const std::vector<uint32_t>& history, uint32_t sae, uint32_t item)
      : tiny_(tiny), history_(history), sae_(sae), item_(item) {}
  double score(const std::vector<uint32_t>& off) const {
    std::vector<pintle_edit> edits;
    for (const uint32_t feature : off) edits.push_back({PINTLE_EDIT_ABLATE, feature, sae_, 0, 0});
    return reference_steered_scores(tiny_, history_, steering_of(edits))[item_];
  }
  // The mean of what each feature of `order` changes when features are switched off in that order, and
  // when they are switched on again in it; added to shares[feature], times `weight`.
  void add_shares(const std::vector<uint32_t>& order, double weight,
                  std::vector<double>* shares) const {
    for (size_t i = 0; i < order.size(); ++i) {
      const auto begin = order.begin(), here = begin + static_cast<ptrdiff_t>(i);
      const double went_off = score({begin, here}) - score({begin, here + 1});
      const double came_on = score({here + 1, order.end()}) - score({here, order.end()});
      (*shares)[order[i]] += weight * (went_off + came_on) / 2;
    }
  }

 private:
  const TinyModel& tiny_;
  const std::vector<uint32_t>& history_;
  const uint32_t sae_, item_;
};

TEST_CASE("contributions are shares of what the features change together") {
  size_t features_found = 0;
  for (uint32_t seed = 0; seed < kArchitectureCount; seed += 5) {
    const TinyModel tiny = steerable_model(any_model(seed).network);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    const std::vector<uint32_t> history = random_history(6, tiny.network.items.rows, seed);
    OpenSession session(model, history);
    const std::vector<float> scores = session.all_scores();
    const double bound = 1e-4 * spread(scores);
    const converter::Matrix& table =
        tiny.network.output_items ? *tiny.network.output_items : tiny.network.items;
    for (uint32_t sae = 0; sae < 3; ++sae) {
      CAPTURE(std::string(kHooks[sae]));
      const converter::SaeWeights& weights = tiny.interpretation.saes[sae].weights;
      const std::vector<double> activations =
          reference_features(weights, reference_hook_state(tiny, history, weights.hook));
      std::vector<uint32_t> order, from_middle;
      for (uint32_t f = 0; f < 21; ++f) {
        if (activations[f] > 0) order.push_back(f);
        if (activations[(f + 10) % 21] > 0) from_middle.push_back((f + 10) % 21);
      }
      for (const uint32_t item : {0u, 4u}) {
        const Ablated ablated(tiny, history, sae, item);
        std::vector<double> expected(21);
        if (sae < 2) {
          ablated.add_shares(order, 0.5, &expected);
          ablated.add_shares(from_middle, 0.5, &expected);
        } else {  // at last: activation * (decoder row . item)
          for (const uint32_t f : order) {
            for (int64_t c = 0; c < weights.dim; ++c) {
              expected[f] +=
                  activations[f] * double{weights.decoder.row(f)[c]} * table.row(item)[c];
            }
          }
        }
        const Explained found = explain(&session, sae, item, 21);
        CHECK(found.score == scores[item]);
        CHECK(found.count == order.size());
        for (size_t i = 0; i < found.features.size(); ++i) {
          const auto [feature, value] = found.features[i];
          CHECK(std::fabs(expected[feature] - value) < bound);
          if (i > 0) CHECK(std::fabs(value) <= std::fabs(found.features[i - 1].value));
        }
        features_found += found.features.size();
        // Nothing that the features change is left over.
        CHECK(std::fabs(found.remainder - ablated.score(order)) < bound);
      }
    }
    CHECK(session.all_scores() == scores);
  }
  CHECK(features_found > 500);
}

TEST_CASE(
    "with room for a few contributions the largest are told, and the remainder takes the rest") {
  for (uint32_t seed = 0; seed < kArchitectureCount; seed += 5) {
    const TinyModel tiny = steerable_model(any_model(seed).network);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    OpenSession session(model, random_history(6, tiny.network.items.rows, seed));
    const double bound = 1e-5 * spread(session.all_scores());
    for (uint32_t sae = 0; sae < 3; ++sae) {
      CAPTURE(std::string(kHooks[sae]));
      const Explained all = explain(&session, sae, 4, 21);
      for (const size_t capacity : {0, 1, 3}) {
        const Explained few = explain(&session, sae, 4, capacity);
        CHECK(few.count == all.count);
        CHECK(few.score == all.score);
        double sum = few.remainder;
        for (size_t i = 0; i < few.features.size(); ++i) {
          CHECK(few.features[i].feature == all.features[i].feature);
          CHECK(few.features[i].value == all.features[i].value);
          sum += few.features[i].value;
        }
        CHECK(std::fabs(sum - few.score) < bound);
        if (capacity == 0) CHECK(few.remainder == few.score);
      }
    }
  }
}

TEST_CASE("leaving an event out equals a history without it") {
  for (uint32_t seed = 0; seed < kArchitectureCount; ++seed) {
    const TinyModel tiny = any_model(seed);
    CAPTURE(seed);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file());
    const size_t window = static_cast<size_t>(tiny.network.window);
    const size_t skipped = static_cast<size_t>(tiny.network.skip_oldest);
    const std::vector<uint32_t> history =
        random_history(std::min<size_t>(window, 7) + skipped, tiny.network.items.rows, seed);
    OpenSession session(model, history);
    const std::vector<float> scores = session.all_scores();
    const size_t events = history.size() - skipped;
    std::vector<pintle_event_effect> effects(20);
    size_t count = 99;
    REQUIRE(pintle_explain_events(session.get(), 2, effects.data(), 20, &count) == PINTLE_OK);
    CHECK(count == (events > 1 ? events : 0));
    for (size_t i = 0; i < count; ++i) {
      const size_t position = history.size() - 1 - effects[i].age;
      REQUIRE(position < history.size());
      CHECK(effects[i].item == history[position]);
      std::vector<uint32_t> without = history;
      without.erase(without.begin() + static_cast<ptrdiff_t>(position));
      const float rerun = OpenSession(model, without).scores({2})[0];
      CHECK(std::fabs(scores[2] - rerun - effects[i].effect) < 1e-4 * spread(scores));
      if (i > 0) CHECK(std::fabs(effects[i].effect) <= std::fabs(effects[i - 1].effect));
    }
    std::vector<pintle_event_effect> largest(1);
    size_t again = 0;
    REQUIRE(pintle_explain_events(session.get(), 2, largest.data(), 1, &again) == PINTLE_OK);
    CHECK(again == count);
    if (count > 0) CHECK(largest[0].age == effects[0].age);
    CHECK(session.all_scores() == scores);
  }
}

TEST_CASE("of a history longer than the window, the window's events are explained") {
  const TinyModel tiny = plain_model();  // window 6
  const OpenModel model(tiny.file());
  const std::vector<uint32_t> history = random_history(11, 37, 1);
  OpenSession session(model, history);
  const float score = session.scores({30})[0];
  std::vector<pintle_event_effect> effects(11);
  size_t count = 0;
  REQUIRE(pintle_explain_events(session.get(), 30, effects.data(), 11, &count) == PINTLE_OK);
  REQUIRE(count == 6);
  for (size_t i = 0; i < count; ++i) {
    std::vector<uint32_t> window(history.end() - 6, history.end());
    window.erase(window.end() - 1 - effects[i].age);
    CHECK(score - effects[i].effect ==
          doctest::Approx(OpenSession(model, window).scores({30})[0]).epsilon(1e-4));
  }
}

TEST_CASE("explaining needs a history, an SAE and an item that exist") {
  const OpenModel model(steerable_model(plain_model().network).file());
  OpenSession session(model);
  pintle_feature_value features[4];
  pintle_event_effect events[4];
  size_t count = 7;
  float score = 7, rest = 7, state[12] = {7};
  const auto explain_features = [&](uint32_t sae, uint32_t item) {
    return pintle_explain_features(session.get(), sae, item, features, 4, &count, &score, &rest);
  };
  CHECK(explain_features(0, 0) == PINTLE_ERR_EMPTY_HISTORY);
  CHECK(pintle_explain_events(session.get(), 0, events, 4, &count) == PINTLE_ERR_EMPTY_HISTORY);
  CHECK(pintle_active_features(session.get(), 0, features, 4, &count) == PINTLE_ERR_EMPTY_HISTORY);
  CHECK(pintle_session_state(session.get(), "last", state, std::size(state)) ==
        PINTLE_ERR_EMPTY_HISTORY);
  session.append({1, 2});
  CHECK(explain_features(3, 0) == PINTLE_ERR_UNKNOWN_NAME);
  CHECK(explain_features(0, 37) == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(pintle_explain_events(session.get(), 37, events, 4, &count) == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(pintle_active_features(session.get(), 3, features, 4, &count) == PINTLE_ERR_UNKNOWN_NAME);
  for (const char* hook : {"", "block", "block:", "block:2", "mlp:2", "mlp:-1", "block:1 ",
                           "last:0", "Last", "block:00001", "block:4294967296"}) {
    CAPTURE(std::string(hook));
    CHECK(pintle_session_state(session.get(), hook, state, std::size(state)) ==
          PINTLE_ERR_UNKNOWN_NAME);
  }
  CHECK(count == 7);
  CHECK(score == 7);
  CHECK(rest == 7);
  CHECK(state[0] == 7);
}

}  // namespace
}  // namespace pintle::test
