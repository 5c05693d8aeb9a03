// SPDX-License-Identifier: Apache-2.0
//
// Whatever a session has been asked before, its answers are, bit for bit, those of a fresh session
// with the same history. Last bits depend on how many events a pass takes at once, so the fresh
// session takes its events in the lumps in which a plain model of the contract says that the old one
// has computed them: at every first question after an append, and anew after a call that runs the
// whole window in another way.
#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <vector>

#include "support/tiny_models.h"

namespace pintle::test {
namespace {

using Lumps = std::vector<size_t>;  // event counts up to which passes ran, ascending
using Edits = std::vector<pintle_edit>;
using List = std::vector<pintle_recommendation>;

struct Event {
  uint32_t item;
  pintle_window_policy policy;
};

struct Explanation {
  std::vector<float> values;
  std::vector<uint32_t> names;

  bool operator==(const Explanation& other) const {
    return names == other.names && values.size() == other.values.size() &&
           (values.empty() ||
            std::memcmp(values.data(), other.values.data(), values.size() * sizeof(float)) == 0);
  }
};

Explanation events_of(OpenSession* session, uint32_t item) {
  std::vector<pintle_event_effect> effects(64);
  size_t count = 0;
  REQUIRE(pintle_explain_events(session->get(), item, effects.data(), 64, &count) == PINTLE_OK);
  Explanation result;
  for (size_t i = 0; i < count; ++i) {
    result.values.push_back(effects[i].effect);
    result.names.push_back(effects[i].age);
  }
  return result;
}

Explanation features_of(OpenSession* session, uint32_t sae, uint32_t item) {
  std::vector<pintle_feature_value> features(5);
  size_t count = 0;
  float score = 0, remainder = 0;
  REQUIRE(pintle_explain_features(session->get(), sae, item, features.data(), 5, &count, &score,
                                  &remainder) == PINTLE_OK);
  Explanation result;
  for (size_t i = 0; i < count && i < 5; ++i) {
    result.values.push_back(features[i].value);
    result.names.push_back(features[i].feature);
  }
  result.values.insert(result.values.end(), {score, remainder});
  return result;
}

List steered(OpenSession* session, const Edits& edits, uint32_t flags) {
  const pintle_steering steering = steering_of(edits, flags);
  return session->recommend(8, 0, &steering);
}

List wished(OpenSession* session, const std::vector<pintle_wish>& wishes,
            const std::vector<pintle_rule>& rules) {
  pintle_wishes asked = PINTLE_WISHES_INIT;
  asked.wishes = wishes.data();
  asked.wish_count = wishes.size();
  asked.rules = rules.data();
  asked.rule_count = rules.size();
  asked.now = 1340000000;  // among the catalogue's dates
  asked.half_life_seconds = 30 * 86400;
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 8;
  request.wishes = &asked;
  return session->recommend(request);
}

// A session, and what the contract says about it.
class Watched {
 public:
  Watched(const TinyModel& tiny, const OpenModel& model)
      : tiny_(tiny), model_(model), session_(model) {}

  void append(const std::vector<uint32_t>& items) {
    session_.append(items);
    for (const uint32_t item : items) events_.push_back({item, policy_});
    is_current_ = items.empty() && is_current_;
  }
  void reset() {
    session_.reset();
    events_.clear();
    cache_.clear();
    is_current_ = false;
  }
  void flip_policy() {
    policy_ = policy_ == PINTLE_WINDOW_EXACT ? PINTLE_WINDOW_HOP : PINTLE_WINDOW_EXACT;
    REQUIRE(pintle_session_set_window_policy(session_.get(), policy_) == PINTLE_OK);
  }
  bool has_events() const { return !events_.empty(); }

  void check_plain() {
    const List found = session_.recommend(8);
    compute();
    CHECK(same_list(found, replay(hidden_).recommend(8)));
    CHECK(session_.scores({0, 1, 4}) == replay(hidden_).scores({0, 1, 4}));
  }
  // Edits of states at the hook of `sae`.
  void check_steered(uint32_t sae, const Edits& edits, uint32_t flags) {
    const List found = steered(&session_, edits, flags);
    compute();
    const size_t layers = tiny_.network.blocks.size();
    const bool is_bidirectional = tiny_.network.mask != fb::AttentionMask_Causal;
    const bool is_last = sae == 2;
    const bool reaches_others = is_bidirectional && sae == 0 && layers > 2;
    if (!is_last && ((flags & PINTLE_STEER_ALL_POSITIONS) != 0 || reaches_others)) {
      CHECK(same_list(found, steered_replay({events_.size()}, edits, flags)));
      cache_.clear();
    } else if (is_last) {
      CHECK(same_list(found, steered_replay(hidden_, edits, flags)));
    } else {
      restore();
      CHECK(same_list(found, steered_replay(cache_, edits, flags)));
    }
  }
  // A knob that leaves the states as they are: probabilities are kept from one list to the next.
  void check_knob(const Edits& edits) {
    const List found = steered(&session_, edits, 0);
    compute();
    CHECK(same_list(found, steered_replay(hidden_, edits, 0)));
  }
  // So are the classes of items, of the latest wishes and rules.
  void check_wished(const std::vector<pintle_wish>& wishes, const std::vector<pintle_rule>& rules) {
    const List found = wished(&session_, wishes, rules);
    compute();
    OpenSession fresh = replay(hidden_);
    CHECK(same_list(found, wished(&fresh, wishes, rules)));
  }
  void check_events(uint32_t item) {
    const Explanation found = events_of(&session_, item);
    compute();
    OpenSession fresh = replay(hidden_);
    CHECK(found == events_of(&fresh, item));
    if (found.names.size() > 1) cache_.clear();
  }
  void check_features(uint32_t sae, uint32_t item) {
    const Explanation found = features_of(&session_, sae, item);
    compute();
    // Where the SAE is not the last hook's, its effects are those of steered runs, if any.
    const bool has_runs = sae != 2 && found.values.size() > 2;
    const bool is_bidirectional = tiny_.network.mask != fb::AttentionMask_Causal;
    const bool whole = has_runs && is_bidirectional && sae == 0 && tiny_.network.blocks.size() > 2;
    const bool is_mixed = taps_ != hidden_;
    if (has_runs && !whole) restore();
    if (!is_mixed && (!has_runs || whole || cache_ == hidden_)) {
      OpenSession fresh = replay(hidden_);
      CHECK(found == features_of(&fresh, sae, item));
    }
    if (whole) cache_.clear();
  }
  void check_states() {
    const std::vector<float> block = session_.state("block:0"), last = session_.state("last");
    compute();
    CHECK(block == replay(taps_).state("block:0"));
    CHECK(last == replay(hidden_).state("last"));
  }

 private:
  // The unsteered pass, if it is due: over what was appended since the last.
  void compute() {
    if (is_current_) return;
    cache_.push_back(events_.size());
    hidden_ = taps_ = cache_;
    is_current_ = true;
  }
  // What a steered pass behind a hook reads, if it was lost.
  void restore() {
    if (cache_.empty()) taps_ = cache_ = {events_.size()};
  }
  OpenSession replay(const Lumps& lumps) const {
    REQUIRE(lumps.back() == events_.size());
    OpenSession fresh(model_);
    size_t next = 0;
    for (const size_t end : lumps) {
      for (; next < end;) {
        const pintle_window_policy policy = events_[next].policy;
        std::vector<uint32_t> items;
        for (; next < end && events_[next].policy == policy; ++next) {
          items.push_back(events_[next].item);
        }
        REQUIRE(pintle_session_set_window_policy(fresh.get(), policy) == PINTLE_OK);
        fresh.append(items);
      }
      fresh.recommend(1);
    }
    return fresh;
  }
  List steered_replay(const Lumps& lumps, const Edits& edits, uint32_t flags) const {
    OpenSession fresh = replay(lumps);
    return steered(&fresh, edits, flags);
  }

  const TinyModel& tiny_;
  const OpenModel& model_;
  OpenSession session_;
  std::vector<Event> events_;
  pintle_window_policy policy_ = PINTLE_WINDOW_EXACT;
  Lumps cache_;   // of the passes that made the cached keys and values; empty: they are lost
  Lumps hidden_;  // and the hidden state
  Lumps taps_;    // and the states at the hooks
  bool is_current_ = false;
};

void run_sequence(const TinyModel& tiny, const OpenModel& model, uint32_t seed, int length) {
  std::mt19937 random(seed);
  const auto below = [&](uint32_t end) { return static_cast<uint32_t>(random() % end); };
  const auto draw = [&](const std::vector<float>& values) {
    return values[below(static_cast<uint32_t>(values.size()))];
  };
  const uint32_t items = static_cast<uint32_t>(tiny.network.items.rows);
  const uint32_t window = static_cast<uint32_t>(tiny.network.window);
  Watched watched(tiny, model);
  const Edits at_block = {{PINTLE_EDIT_ADD, 3, 0, 0, 1.5f}, {PINTLE_EDIT_SET, 9, 0, 0, 0.5f}};
  const Edits at_mlp = {{PINTLE_EDIT_SET, 7, 1, 0, 1.0f}};
  const Edits at_last = {{PINTLE_EDIT_ADD, 4, 2, 0, 1.0f}, {PINTLE_EDIT_ABLATE, 5, 2, 0, 0}};
  const Edits noir = {{PINTLE_EDIT_KNOB, 0, 0, 0, 2.0f}}, space = {{PINTLE_EDIT_KNOB, 1, 0, 0, 3}};
  for (int step = 0; step < length; ++step) {
    CAPTURE(step);
    const uint32_t what = watched.has_events() ? below(19) : 0;
    CAPTURE(what);
    const uint32_t flags = below(4) == 0 ? PINTLE_STEER_REPLACE : 0;
    switch (what) {
      case 0:
      case 1:
      case 2: {
        // As a rule a few; now and then a whole window and more.
        const uint32_t count = 1 + below(below(4) == 0 ? window + 3 : 3);
        std::vector<uint32_t> added(count);
        for (uint32_t& item : added) item = below(items);
        watched.append(added);
        break;
      }
      case 3:
        watched.append({});
        break;
      case 4:
      case 5:
        watched.check_plain();
        break;
      case 6:
        watched.check_steered(0, at_block, flags);
        break;
      case 7:
        watched.check_steered(1, at_mlp, flags);
        break;
      case 8:
        watched.check_steered(2, at_last, flags);
        break;
      case 9:
        watched.check_steered(0, at_block, flags | PINTLE_STEER_ALL_POSITIONS);
        break;
      case 10:
        watched.check_steered(0, noir, flags);
        break;
      case 11:
        watched.check_knob(space);
        break;
      case 12:
        watched.check_events(below(items));
        break;
      case 13:
        watched.check_features(below(3), below(items));
        break;
      case 14:
        watched.check_states();
        break;
      case 15:
        watched.flip_policy();
        break;
      case 16:
        watched.check_wished({{PINTLE_WISH_ATTRIBUTE, below(5), draw({-1, -0.5f, 0.5f, 1})},
                              {PINTLE_WISH_FRESH, 0, draw({0, 0.5f, 1})}},
                             {{PINTLE_RULE_AT_LEAST, below(5), 0, 0.25f}});
        break;
      case 17:
        watched.check_wished({{PINTLE_WISH_DIVERSE, 0, 0.3f}, {PINTLE_WISH_EXPLORE, 0, 0.2f}},
                             {{PINTLE_RULE_CAP_EACH, below(3), 2, 0}});
        break;
      default:
        if (below(4) == 0) watched.reset();
        break;
    }
  }
}

TEST_CASE("any sequence of calls leaves the answers of a fresh session") {
  for (uint32_t seed = 0; seed < kArchitectureCount; ++seed) {
    TinyModel tiny = steerable_model(any_model(seed).network);
    tiny.catalogue = soft_catalogue(tiny.network.items.rows);
    CAPTURE(seed);
    CAPTURE(describe(tiny.network));
    const OpenModel model(tiny.file(seed % 3 == 0 ? fb::DType_I8 : fb::DType_F32));
    for (uint32_t run = 0; run < 6; ++run) run_sequence(tiny, model, 100 * seed + run, 60);
  }
}

}  // namespace
}  // namespace pintle::test
