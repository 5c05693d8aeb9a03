// SPDX-License-Identifier: Apache-2.0
//
// A small model with attributes and a popularity prior, and sessions with profiles.
#ifndef PINTLE_TESTS_UNIT_PROFILED_MODEL_H_
#define PINTLE_TESTS_UNIT_PROFILED_MODEL_H_

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "support/tiny_models.h"
#include "unit/random_network.h"

namespace pintle::test {

inline constexpr uint32_t kProfiledItems = 200;

// "genre: Noir" are multiples of 5, "genre: Space" of 3, "mood: Calm" all that are 1 modulo 4.
inline bool has_attribute(uint32_t item, uint32_t attribute) {
  return attribute == 0 ? item % 5 == 0 : attribute == 1 ? item % 3 == 0 : item % 4 == 1;
}
inline TinyModel profiled_model(uint32_t seed = 1) {
  TinyModel tiny;
  tiny.network = converter::random_network({kProfiledItems, 12, 2, 12, 6, 1}, seed);
  tiny.catalogue = integer_catalogue(kProfiledItems);
  tiny.catalogue.attributes = {{"genre", "Noir"}, {"genre", "Space"}, {"mood", "Calm"}};
  double sum = 0;
  for (uint32_t item = 0; item < kProfiledItems; ++item) {
    std::vector<uint32_t>& own = tiny.catalogue.item_attributes.emplace_back();
    for (uint32_t attribute = 0; attribute < 3; ++attribute) {
      if (has_attribute(item, attribute)) own.push_back(attribute);
    }
    sum += 1 + item % 17;
  }
  for (uint32_t item = 0; item < kProfiledItems; ++item) {
    tiny.catalogue.popularity.push_back(static_cast<float>(std::log((1 + item % 17) / sum)));
  }
  return tiny;
}

// mt19937's numbers are of 64 bits in some libraries.
inline uint32_t draw(std::mt19937* random, uint32_t below) {
  return static_cast<uint32_t>((*random)() % below);
}

inline pintle_feedback random_feedback(std::mt19937* random) {
  const uint32_t kind = draw(random, PINTLE_FEEDBACK_PREFERS + 1);
  const uint32_t target = draw(random, kind >= PINTLE_FEEDBACK_MORE_OF ? 3 : kProfiledItems);
  const float weight = static_cast<float>(1 + draw(random, 1000)) / 1000;
  const int64_t time = draw(random, 4) == 0 ? PINTLE_NO_DATE : 1700000000 + draw(random, 50000000);
  return {kind, target, weight, 0, time, 0};
}

class ProfiledSession : public OpenSession {
 public:
  ProfiledSession(const OpenModel& model, const std::vector<uint32_t>& history)
      : OpenSession(model, history) {}

  uint64_t give(const pintle_feedback& feedback) {
    uint64_t number = 0;
    REQUIRE(pintle_profile_give(get(), &feedback, &number) == PINTLE_OK);
    return number;
  }
  void set_options(float strength, float trust) {
    pintle_profile_options options = PINTLE_PROFILE_OPTIONS_INIT;
    options.strength = strength;
    options.trust = trust;
    REQUIRE(pintle_profile_set_options(get(), &options) == PINTLE_OK);
  }
  std::vector<pintle_feedback> feedback() const {
    std::vector<pintle_feedback> all(PINTLE_FEEDBACK_EVENTS);
    size_t count = 0;
    REQUIRE(pintle_profile_get_feedback(get(), all.data(), all.size(), &count) == PINTLE_OK);
    all.resize(count);
    return all;
  }
  float offset(uint32_t item) {
    size_t count = 0;
    float offset = 0;
    REQUIRE(pintle_profile_explain_item(get(), item, PINTLE_NO_DATE, nullptr, 0, &count, &offset) ==
            PINTLE_OK);
    return offset;
  }
  std::vector<pintle_profile_part> parts(int64_t now) {
    std::vector<pintle_profile_part> parts(8);
    size_t count = 0;
    REQUIRE(pintle_profile_explain(get(), now, parts.data(), parts.size(), &count) == PINTLE_OK);
    REQUIRE(count <= parts.size());
    parts.resize(count);
    return parts;
  }
  std::string describe(const pintle_profile_part& part) const {
    char text[200];
    size_t length = 0;
    REQUIRE(pintle_profile_describe(get(), &part, text, sizeof(text), &length) == PINTLE_OK);
    REQUIRE(length == std::string(text).size());
    REQUIRE(pintle_profile_describe(get(), &part, text, length, nullptr) ==
            PINTLE_ERR_BUFFER_TOO_SMALL);
    REQUIRE(pintle_profile_describe(get(), &part, text, length + 1, nullptr) == PINTLE_OK);
    return text;
  }
  std::string save() const {
    size_t size = 0;
    REQUIRE(pintle_session_save(get(), nullptr, 0, &size) == PINTLE_OK);
    std::string bytes(size, ' ');
    REQUIRE(pintle_session_save(get(), bytes.data(), size, &size) == PINTLE_OK);
    return bytes;
  }
  void restore(const std::string& bytes) {
    REQUIRE(pintle_session_restore(get(), bytes.data(), bytes.size(), nullptr) == PINTLE_OK);
  }
  // Items that no list holds.
  std::vector<uint32_t> kept_out() {
    std::vector<bool> is_there(kProfiledItems);
    for (const pintle_recommendation& entry : recommend(kProfiledItems, PINTLE_INCLUDE_SEEN)) {
      is_there[entry.item] = true;
    }
    std::vector<uint32_t> out;
    for (uint32_t item = 0; item < kProfiledItems; ++item) {
      if (!is_there[item]) out.push_back(item);
    }
    return out;
  }
  bool is_kept_out(uint32_t item) {
    for (const uint32_t out : kept_out()) {
      if (out == item) return true;
    }
    return false;
  }
};

}  // namespace pintle::test

#endif  // PINTLE_TESTS_UNIT_PROFILED_MODEL_H_
