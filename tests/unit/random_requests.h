// SPDX-License-Identifier: Apache-2.0
//
// Random small models and requests for lists under wishes and rules.
#ifndef PINTLE_TESTS_UNIT_RANDOM_REQUESTS_H_
#define PINTLE_TESTS_UNIT_RANDOM_REQUESTS_H_

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/reference_lists.h"
#include "unit/random_network.h"

namespace pintle::test {

// Draws that are the same everywhere.
class Draws {
 public:
  explicit Draws(uint32_t seed) : random_(seed) {}
  uint32_t below(size_t end) { return static_cast<uint32_t>(random_() % end); }
  bool one_in(uint32_t n) { return below(n) == 0; }
  float between(float low, float high) {
    return low + (high - low) * static_cast<float>(below(1 << 16)) / (1 << 16);
  }
  std::vector<uint32_t> items(size_t count, size_t end) {
    std::vector<uint32_t> drawn(count);
    for (uint32_t& item : drawn) item = below(end);
    return drawn;
  }

 private:
  std::mt19937 random_;
};

inline constexpr int64_t kNow = 1700000000;
inline constexpr uint32_t kGenres = 4, kArtists = 5;  // attributes 0 to 3 and 4 to 8

// Genres overlap and may be soft; an item has an artist, two of them or none.
inline converter::Catalogue random_catalogue(int64_t items, Draws* draws) {
  converter::Catalogue catalogue = integer_catalogue(items, draws->below(1000));
  for (uint32_t g = 0; g < kGenres; ++g) {
    catalogue.attributes.emplace_back("genre", "g" + std::to_string(g));
  }
  for (uint32_t a = 0; a < kArtists; ++a) {
    catalogue.attributes.emplace_back("artist", "a" + std::to_string(a));
  }
  const bool is_soft = draws->one_in(2), has_pairs = draws->one_in(3);
  for (int64_t i = 0; i < items; ++i) {
    std::vector<uint32_t> attributes;
    std::vector<uint8_t> memberships;
    for (uint32_t g = 0; g < kGenres; ++g) {
      if (!draws->one_in(3)) continue;
      attributes.push_back(g);
      memberships.push_back(is_soft && g < 2 ? static_cast<uint8_t>(1 + draws->below(15)) : 15);
    }
    uint32_t artist = kGenres + draws->below(kArtists + 1);
    for (int more = has_pairs && draws->one_in(2) ? 2 : 1; more > 0; --more, ++artist) {
      if (artist >= kGenres + kArtists) break;
      attributes.push_back(artist);
      memberships.push_back(15);
    }
    catalogue.item_attributes.push_back(attributes);
    if (is_soft) catalogue.item_memberships.push_back(memberships);
    catalogue.trained.push_back(!draws->one_in(8));
    // From the next days to about a year ago.
    catalogue.dates.push_back(draws->one_in(8) ? converter::kUnknownDate
                                               : static_cast<int32_t>(kNow / 60) + 5000 -
                                                     static_cast<int32_t>(draws->below(500000)));
  }
  catalogue.trained[0] = true;
  return catalogue;
}

inline converter::Knob genre_knob(uint32_t genre) {
  converter::Knob knob;
  knob.name = "g" + std::to_string(genre);
  knob.attribute_group = "genre";
  knob.attribute_name = knob.name;
  knob.rewards = {{-3, 0.09f}, {-1, 0.02f}, {0, 0}, {1, 0.015f}, {4, 0.1f}};
  knob.min_strength = -3;
  knob.max_strength = 4;
  return knob;
}

// Some rows are equal, so that scores are; probabilities are flat or steep.
inline TinyModel random_model(uint32_t seed, int64_t items) {
  Draws draws(seed);
  TinyModel tiny;
  tiny.network = converter::random_network({items, 6, 1, 6, 4, 1}, seed);
  for (int64_t i = 1; i < items; ++i) {
    if (draws.one_in(10)) std::copy_n(tiny.network.items.row(i - 1), 6, tiny.network.items.row(i));
  }
  tiny.catalogue = random_catalogue(items, &draws);
  tiny.interpretation.temperature = draws.between(0.2f, 1.2f);
  tiny.interpretation.wish_unit = draws.between(0.01f, 0.05f);
  tiny.interpretation.knobs = {genre_knob(0), genre_knob(1)};
  return tiny;
}

// A request and what it points to.
struct OwnedRequest {
  OwnedRequest() = default;
  OwnedRequest(const OwnedRequest&) = delete;

  std::vector<pintle_wish> wishes;
  std::vector<pintle_rule> rules;
  std::vector<pintle_edit> edits;
  std::vector<uint32_t> allow, deny;
  pintle_wishes asked = PINTLE_WISHES_INIT;
  pintle_steering steering = PINTLE_STEERING_INIT;
  pintle_request request = PINTLE_REQUEST_INIT;

  // To be called once the vectors are what they are to be.
  const pintle_request& get() {
    asked.wishes = wishes.data();
    asked.wish_count = wishes.size();
    asked.rules = rules.data();
    asked.rule_count = rules.size();
    asked.now = kNow;
    if (asked.half_life_seconds == 0) asked.half_life_seconds = 30 * 86400;
    steering.edits = edits.data();
    steering.edit_count = edits.size();
    request.allow = allow.data();
    request.allow_count = allow.size();
    request.deny = deny.data();
    request.deny_count = deny.size();
    request.wishes = &asked;
    request.steering = &steering;
    return request;
  }
};

inline void draw_wishes(size_t items, Draws* draws, OwnedRequest* to) {
  bool taken[PINTLE_WISH_EXPLORE + 1] = {};
  for (uint32_t left = draws->below(5); left > 0; --left) {
    const uint32_t kind = draws->below(PINTLE_WISH_EXPLORE + 1);
    pintle_wish wish = {kind, 0, draws->between(-3, 3)};
    if (kind == PINTLE_WISH_ATTRIBUTE) wish.target = draws->below(kGenres + 1);
    if (kind == PINTLE_WISH_ITEM) wish.target = draws->below(items);
    if (kind >= PINTLE_WISH_FRESH && std::exchange(taken[kind], true)) continue;
    if (kind >= PINTLE_WISH_DIVERSE) wish.value = draws->between(0, 1);
    if (draws->one_in(10)) wish.value = 0;
    to->wishes.push_back(wish);
  }
  to->asked.seed = draws->below(1 << 20);
  to->asked.half_life_seconds = draws->between(1, 200) * 86400;
  for (uint32_t left = draws->one_in(3) ? 1 + draws->below(2) : 0; left > 0; --left) {
    to->edits.push_back({PINTLE_EDIT_KNOB, draws->below(2), 0, 0, draws->between(-3, 4)});
  }
}

inline void draw_rules(size_t items, Draws* draws, OwnedRequest* to) {
  for (uint32_t left = draws->one_in(3) ? 0 : 1 + draws->below(4); left > 0; --left) {
    const uint32_t kind = draws->below(PINTLE_RULE_PIN + 1);
    pintle_rule rule = {kind, draws->below(kGenres + 1), 0, 0};
    if (kind <= PINTLE_RULE_EXACTLY) rule.share = draws->between(0, 1);
    if (kind == PINTLE_RULE_CAP) rule.count = draws->below(3);
    if (kind == PINTLE_RULE_CAP_EACH) rule = {kind, draws->below(2), draws->below(3), 0};
    if (kind == PINTLE_RULE_RUN) rule.count = 1 + draws->below(2);
    if (kind == PINTLE_RULE_RUN_EACH) rule = {kind, draws->below(2), 1 + draws->below(2), 0};
    if (kind == PINTLE_RULE_PIN) {
      rule = {kind, draws->below(items), 1 + draws->below(to->request.k), 0};
      const bool is_taken =
          std::any_of(to->rules.begin(), to->rules.end(), [&](const pintle_rule& other) {
            return other.kind == kind && (other.target == rule.target || other.count == rule.count);
          });
      if (is_taken) continue;
    }
    to->rules.push_back(rule);
  }
}

// Any wishes, rules and filters.
inline void draw_request(size_t items, Draws* draws, OwnedRequest* to) {
  to->request.k = draws->one_in(6) ? 1 + draws->below(2) : 3 + draws->below(2);
  to->request.flags = draws->one_in(4) ? PINTLE_INCLUDE_SEEN : 0;
  if (draws->one_in(6)) {
    to->request.flags |= PINTLE_ONLY_ALLOWED;
    to->allow = draws->items(draws->below(2 * items), items);
  }
  if (draws->one_in(3)) to->deny = draws->items(draws->below(5), items);
  draw_wishes(items, draws, to);
  draw_rules(items, draws, to);
}

inline std::string words(const OwnedRequest& asked) {
  std::string text =
      "k " + std::to_string(asked.request.k) + " flags " + std::to_string(asked.request.flags);
  for (const pintle_edit& edit : asked.edits) {
    text += "; knob " + std::to_string(edit.target) + " " + std::to_string(edit.value);
  }
  for (const pintle_wish& wish : asked.wishes) {
    text += "; wish " + std::to_string(wish.kind) + " " + std::to_string(wish.target) + " " +
            std::to_string(wish.value);
  }
  for (const pintle_rule& rule : asked.rules) {
    text += "; rule " + std::to_string(rule.kind) + " " + std::to_string(rule.target) + " " +
            std::to_string(rule.count) + " " + std::to_string(rule.share);
  }
  return text;
}

inline ItemList items_of(const std::vector<pintle_recommendation>& list) {
  ItemList items;
  for (const pintle_recommendation& entry : list) items.push_back(entry.item);
  return items;
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_UNIT_RANDOM_REQUESTS_H_
