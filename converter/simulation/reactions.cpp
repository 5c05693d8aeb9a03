// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/reactions.h"

#include <algorithm>
#include <cmath>

namespace pintle::converter {
namespace {

// Of the catalogue so much is like enough to what they like.
constexpr double kLikedShare = 0.05;
// How often people say something of what they look at: of what their taste is about, of what they would like else, of
// what they would not.
constexpr double kOfTaste = 0.8, kOfLiked = 0.5, kOfOthers = 0.3;

}  // namespace

Reactions::Reactions(const ItemFacts& facts, Persona persona, const Person& person,
                     const ReactionOptions& options)
    : facts_(facts),
      persona_(persona),
      person_(person),
      options_(options),
      random_(person.seed),
      found_(person.liked),
      is_done_(facts.item_count()) {
  for (const uint32_t item : person.targets) is_done_[item] = true;
  if (persona != Persona::kAvoids) return;
  std::vector<double> likeness;
  for (uint32_t item = 0; item < facts.item_count(); ++item) {
    double most = -1;
    for (const uint32_t liked : person.liked) most = std::max(most, facts.likeness(item, liked));
    likeness.push_back(most);
  }
  const auto least =
      likeness.begin() +
      static_cast<std::ptrdiff_t>((1 - kLikedShare) * static_cast<double>(likeness.size()));
  std::nth_element(likeness.begin(), least, likeness.end());
  least_likeness_ = *least;
}

bool Reactions::would_like(uint32_t item) const {
  for (const uint32_t liked : person_.liked) {
    if (facts_.likeness(item, liked) >= least_likeness_) return true;
  }
  return false;
}

// Always true: that something was said.
bool Reactions::says(uint32_t item, bool likes, std::vector<pintle_feedback>* said) {
  if (random_.uniform() < options_.flips) likes = !likes;
  constexpr uint32_t kFor[] = {PINTLE_FEEDBACK_LIKE, PINTLE_FEEDBACK_LIKE, PINTLE_FEEDBACK_FINISH,
                               PINTLE_FEEDBACK_MORE_LIKE};
  constexpr uint32_t kAgainst[] = {PINTLE_FEEDBACK_DISLIKE, PINTLE_FEEDBACK_DISLIKE,
                                   PINTLE_FEEDBACK_NOT_INTERESTED, PINTLE_FEEDBACK_LESS_LIKE};
  const uint64_t which = random_.below(4);
  said->push_back({likes ? kFor[which] : kAgainst[which], item, 1, 0, PINTLE_NO_DATE, 0});
  is_done_[item] = true;
  return true;
}

void Reactions::look(uint32_t item, std::vector<pintle_feedback>* said) {
  const double chance = random_.uniform();
  if (persona_ == Persona::kRandom) {
    if (chance < kOfLiked) says(item, random_.below(2) == 0, said);
    return;
  }
  const bool is_taste = facts_.has(item, person_.attribute);
  if (persona_ == Persona::kAvoids) {
    if (is_taste ? chance < kOfTaste : would_like(item) && chance < kOfLiked) {
      says(item, !is_taste, said);
    }
  } else if (is_taste ? chance < kOfTaste : chance < kOfOthers) {
    says(item, is_taste, said);
  }
}

std::vector<pintle_feedback> Reactions::react(const std::vector<uint32_t>& list) {
  std::vector<pintle_feedback> said;
  if (persona_ == Persona::kChanged) {
    const uint32_t item = person_.taken[next_++];
    said.push_back({next_ % 2 == 0 ? PINTLE_FEEDBACK_LIKE : PINTLE_FEEDBACK_FINISH, item, 1, 0,
                    PINTLE_NO_DATE, 0});
    return said;
  }
  if (options_.states && !has_stated_ && persona_ != Persona::kRandom) {
    has_stated_ = true;
    said.push_back({persona_ == Persona::kWants ? PINTLE_FEEDBACK_MORE_OF : PINTLE_FEEDBACK_LESS_OF,
                    person_.attribute, 1, 0, PINTLE_NO_DATE, 0});
  }
  for (size_t r = 0; r < list.size(); ++r) {
    const bool looks = random_.uniform() < 1 / std::log2(static_cast<double>(r) + 2);
    if (looks && !is_done_[list[r]]) look(list[r], &said);
  }
  // What they like that no list holds yet they come upon by searching, one a list.
  while (persona_ == Persona::kWants && !found_.empty()) {
    const uint32_t item = found_.back();
    found_.pop_back();
    if (!is_done_[item] && says(item, true, &said)) break;
  }
  return said;
}

}  // namespace pintle::converter
