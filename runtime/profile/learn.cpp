// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/learn.h"

#include <math.h>
#include <string.h>

#include "runtime/profile/group_posterior.h"
#include "runtime/profile/near_items.h"

namespace pintle::internal {
namespace {

// Time goes in steps: so many a half-life, in each of which the weights stay the same (at most 0.14 % off).
constexpr double kStepsPerHalfLife = 512;
// Of ProfileState.is_touched: whether the attribute's sums have changed since its odds were found.
constexpr uint8_t kWeighed = 1, kChanged = 2;

int64_t step_of(const ProfileState& profile, int64_t now) {
  const double half_life = profile.options.half_life_seconds;
  if (!(half_life > 0) || now == PINTLE_NO_DATE) return 0;
  const double step = half_life / kStepsPerHalfLife;
  return static_cast<int64_t>(floor(static_cast<double>(now) / (step > 1 ? step : 1)));
}

// Feedback into the sums and out of them, by the same numbers.
class Summing {
 public:
  explicit Summing(Session* session)
      : catalogue_(session->model->catalogue), profile_(session->profile) {}

  void forget() {
    const uint32_t* touched = profile_.touched.front(profile_.touched_count);
    for (uint32_t i = 0; i < profile_.touched_count; ++i) {
      *profile_.sums.at(touched[i], 1) = {};
      *profile_.weights.at(touched[i], 1) = 0;
      profile_.has_offsets = false;
      *profile_.is_touched.at(touched[i], 1) = 0;
    }
    profile_.touched_count = 0;
    profile_.total = {};
  }

  // sign: 1 into, -1 out of.
  void add(const FeedbackEntry& entry, int64_t sign) {
    const double response = response_of(entry.feedback.kind);
    if (response == 0) return;
    const int against = response < 0 ? 1 : 0;
    const double weight = fabs(response) * faded_weight(profile_, entry.feedback) * kFixedOne;
    if (names_attribute(entry.feedback.kind)) {
      AttributeSums* sums = sums_of(entry.feedback.target);
      const bool is_preference = entry.feedback.kind == PINTLE_FEEDBACK_PREFERS;
      (is_preference ? sums->preferred : sums->itself[against]) += sign * llrint(weight);
      return;
    }
    if (entry.shown.count == 0) return;  // a taste cannot be told from everybody's
    profile_.total.items[against] += sign * llrint(weight);
    for_attributes(entry.feedback.target, [&](AttributeSums* sums, double membership) {
      sums->items[against] += sign * llrint(weight * membership);
    });
    profile_.total.shown += sign * llrint(weight);
    const double each = weight / entry.shown.count;
    for (uint32_t i = 0; i < entry.shown.count; ++i) {
      for_attributes(entry.shown.items[i], [&](AttributeSums* sums, double membership) {
        sums->shown += sign * llrint(each * membership);
      });
    }
  }

 private:
  template <typename Use>
  void for_attributes(uint32_t item, const Use& use) {
    const uint32_t* attributes = nullptr;
    size_t count = 0;
    if (catalogue_.get_attributes(item, &attributes, &count) != PINTLE_OK) return;
    const uint8_t* memberships = catalogue_.memberships_of(item);
    for (size_t i = 0; i < count; ++i) {
      use(sums_of(attributes[i]), memberships == nullptr ? 1 : memberships[i] / 15.0);
    }
  }
  AttributeSums* sums_of(uint32_t attribute) {
    uint8_t& is_touched = *profile_.is_touched.at(attribute, 1);
    if (!is_touched) *profile_.touched.at(profile_.touched_count++, 1) = attribute;
    is_touched = kChanged;
    return profile_.sums.at(attribute, 1);
  }

  const Catalogue& catalogue_;
  ProfileState& profile_;
};

// From sums to weights.
class Weighing {
 public:
  explicit Weighing(Session* session)
      : session_(session), model_(*session->model), profile_(session->profile) {}

  void weigh() {
    weigh_attributes();
    update_near_items(session_);
  }

 private:
  void weigh_attributes() {
    const uint32_t* touched = profile_.touched.front(profile_.touched_count);
    // Feedback on an attribute leaves the others' odds as they are.
    const bool is_other_total = !(profile_.total == profile_.weighed_total);
    uint32_t live = 0;
    int64_t rivals = 0;
    for (uint32_t i = 0; i < profile_.touched_count; ++i) {
      const AttributeSums& sums = *profile_.sums.at(touched[i], 1);
      double& avoids = *profile_.avoid_odds.at(touched[i], 1);
      double& wants = *profile_.want_odds.at(touched[i], 1);
      uint8_t& is_touched = *profile_.is_touched.at(touched[i], 1);
      if (is_other_total || is_touched == kChanged) {
        const GroupOdds odds = sums.is_empty() ? GroupOdds{0, 0} : odds_of(sums, touched[i]);
        avoids = odds.avoids;
        wants = odds.wants;
        is_touched = kWeighed;
      }
      if (sums.is_empty()) continue;
      ++live;
      if (!is_stated(sums)) rivals += as_rival({avoids, wants});
    }
    profile_.weighed_total = profile_.total;
    const double untouched =
        (model_.catalogue.attribute_count - live) * GroupPosterior::untouched_sum();
    for (uint32_t i = 0; i < profile_.touched_count; ++i) {
      const GroupOdds odds = {*profile_.avoid_odds.at(touched[i], 1),
                              *profile_.want_odds.at(touched[i], 1)};
      const AttributeSums& sums = *profile_.sums.at(touched[i], 1);
      const bool stated = is_stated(sums);
      float& weight = *profile_.weights.at(touched[i], 1);
      const int64_t others = stated ? rivals : rivals - as_rival(odds);
      const float before = weight;
      weight = GroupPosterior::weight(odds, static_cast<double>(others) / kOddsOne + untouched);
      if (sums.preferred != 0) {
        weight = GroupPosterior::with_preference(
            weight, static_cast<double>(sums.preferred) / kFixedOne, profile_.is_handed_over);
      }
      if (weight != before) profile_.has_offsets = false;
    }
  }
  // In fixed point, as the order in which attributes were touched must not tell; more than counts anyway is left out.
  static constexpr double kOddsOne = 0x1p32;
  static int64_t as_rival(const GroupOdds& odds) {
    constexpr double kMost = 2 * GroupPosterior::kMostRivals;
    return llrint((odds.sum() < kMost ? odds.sum() : kMost) * kOddsOne);
  }
  static bool is_stated(const AttributeSums& sums) { return sums.itself[0] != sums.itself[1]; }

  GroupOdds odds_of(const AttributeSums& sums, uint32_t attribute) {
    // Of what the person meets: mostly what they were shown, and a part of the catalogue's.
    constexpr double kShown = 0.75;
    double share = mean_of(attribute);
    if (profile_.total.shown > 0) {
      const double shown =
          static_cast<double>(sums.shown) / static_cast<double>(profile_.total.shown);
      share = kShown * shown + (1 - kShown) * share;
    }
    GroupEvidence evidence;
    for (int s = 0; s < 2; ++s) {
      evidence.with[s] = static_cast<double>(sums.items[s]) / kFixedOne;
      evidence.without[s] =
          static_cast<double>(profile_.total.items[s] - sums.items[s]) / kFixedOne;
    }
    evidence.stated = static_cast<double>(sums.itself[0] - sums.itself[1]) / kFixedOne;
    constexpr double kLeast = GroupLogs::kLeastShare, kMost = GroupLogs::kMostShare;
    // Most groups of a catalogue that has many.
    if (!(share > kLeast)) return odds_of_small(evidence);
    return GroupPosterior::odds(evidence, GroupLogs(evidence, share < kMost ? share : kMost));
  }

  // Of a group of the least share. Those that no feedback was about are alike.
  GroupOdds odds_of_small(const GroupEvidence& evidence) {
    const bool is_plain = evidence.with[0] + evidence.with[1] == 0 && evidence.stated == 0;
    if (is_plain && has_plain_odds_) return plain_odds_;
    const GroupOdds odds = GroupPosterior::odds(evidence, small_logs_);
    if (is_plain) {
      plain_odds_ = odds;
      has_plain_odds_ = true;
    }
    return odds;
  }

  // An attribute's share of the catalogue.
  double mean_of(uint32_t attribute) {
    float& mean = *profile_.means.at(attribute, 1);
    if (mean >= 0) return static_cast<double>(mean);
    mean = 0;
    double sum = 0;
    for (const Catalogue* part = &model_.catalogue; part != nullptr; part = part->added) {
      const uint32_t* items = nullptr;
      uint32_t count = 0;
      if (part->get_items(attribute, &items, &count) != PINTLE_OK) return 0;
      const uint8_t* memberships = part->memberships_in(attribute);
      for (uint32_t i = 0; i < count; ++i) sum += memberships == nullptr ? 15 : memberships[i];
    }
    mean = static_cast<float>(sum / 15 / (model_.base_item_count + model_.added.item_count));
    return static_cast<double>(mean);
  }

  Session* const session_;
  const Model& model_;
  ProfileState& profile_;
  const GroupLogs small_logs_{{{1, 1}, {1, 1}, 0}, GroupLogs::kLeastShare};
  GroupOdds plain_odds_ = {0, 0};
  bool has_plain_odds_ = false;
};

}  // namespace

double faded_weight(const ProfileState& profile, const pintle_feedback& feedback) {
  const double weight = static_cast<double>(feedback.weight);
  if (!(profile.options.half_life_seconds > 0) || feedback.time == PINTLE_NO_DATE) return weight;
  const double age = static_cast<double>(profile.step - step_of(profile, feedback.time));
  return age <= 0 ? weight : weight * exp2(-age / kStepsPerHalfLife);
}

void learn(Session* session, const FeedbackEntry& added) {
  if (session->profile.is_summed) Summing(session).add(added, 1);
  session->profile.is_weighed = false;
}

void unlearn(Session* session, const FeedbackEntry& removed) {
  if (session->profile.is_summed) Summing(session).add(removed, -1);
  session->profile.is_weighed = false;
}

void learn_profile(Session* session, int64_t now) {
  ProfileState& profile = session->profile;
  const int64_t step = step_of(profile, now);
  if (!profile.is_summed || profile.step != step) {
    profile.step = step;
    Summing summing(session);
    summing.forget();
    forget_near_weights(session);
    for (uint32_t i = 0; i < profile.log.count(); ++i) summing.add(profile.log.entry(i), 1);
    profile.is_summed = true;
    profile.is_weighed = false;
  }
  const bool handed_over = is_handed_over(session->history.event_count());
  if (profile.is_weighed && profile.is_handed_over == handed_over) return;
  profile.is_handed_over = handed_over;
  Weighing(session).weigh();
  profile.is_weighed = true;
}

}  // namespace pintle::internal
