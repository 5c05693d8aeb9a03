// SPDX-License-Identifier: Apache-2.0
#include "converter/features/reward_curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>

namespace pintle::converter {
namespace {

// Rewards that are tried, in expected DCG: from far below what an item of a large catalogue is worth to
// beyond all that a whole list of certain items is, which does whatever can be done.
constexpr double kFirstCurveReward = 1e-8, kCurveRewardFactor = 3;
constexpr int kCurveRewards = 24;  // to 940
// From one of them to the next.
constexpr int kFinerRewards = 8;
constexpr int kLastPlace =
    (kCurveRewards - 1) * kFinerRewards;  // of the grid of both; the first is 0

double reward_at(int place) {
  const double coarse = kFirstCurveReward * std::pow(kCurveRewardFactor, place / kFinerRewards);
  const int finer = place % kFinerRewards;
  if (finer == 0) return coarse;
  return coarse * std::pow(kCurveRewardFactor, finer / static_cast<double>(kFinerRewards));
}

double asked_quantile(size_t people) {
  return std::clamp(0.5 + 2 / std::sqrt(static_cast<double>(people)), 0.55, 0.75);
}

// What the people's lists have gained (downwards: lost) at one reward, in fifteenths, by person: between
// two bounds, which are equal where the list was made.
struct Gains {
  std::vector<int16_t> least, most;
};

// One direction of one attribute.
class RewardSearch {
 public:
  RewardSearch(const Model& model, const Histories& users, uint32_t attribute, int sign,
               const WeightedFeatures& features, const MeasureLists& measure)
      : model_(model),
        users_(users),
        attribute_(attribute),
        sign_(sign),
        features_(features),
        measure_(measure) {
    for (size_t u = 0; u < users.items.size(); ++u) {
      if (is_measured(users.items[u])) people_.push_back(u);
    }
  }

  RewardSteps run() {
    plain_ = measure({ListVariant{{}, 0, {}, attribute_}})[0];
    std::vector<Crossing> crossings = steps_with_people();
    measure_at(&crossings, [](const Crossing&) { return kLastPlace; });
    RewardSteps steps;
    steps.has_run_out = crossings.size() < kMostSteps;
    for (size_t i = 0; i < crossings.size(); ++i) {
      if (reached(crossings[i].step, kLastPlace) >= quantile_of(crossings[i].step)) continue;
      crossings.resize(i);
      steps.has_run_out = true;
    }
    bisect(&crossings);
    // How many have gained at the two places: of the others bounds were enough.
    measure_at(&crossings, [](const Crossing& crossing) { return crossing.above; });
    measure_at(&crossings, [](const Crossing& crossing) { return crossing.below; });
    for (const Crossing& crossing : crossings) {
      const double reward = exact(crossing);
      // Rewards rise with the strength; a step that needs no more than the last one gets the same.
      steps.rewards.push_back(steps.rewards.empty() ? reward
                                                    : std::max(reward, steps.rewards.back()));
    }
    return steps;
  }

 private:
  // A step's quantile is not reached at `below` (-1: no reward) and is at `above`.
  struct Crossing {
    int step, below = -1, above = kLastPlace;
    bool is_found() const { return above - below <= 1; }
    int middle() const { return below + (above - below) / 2; }
  };

  std::vector<Crossing> steps_with_people() const {
    std::vector<Crossing> crossings;
    for (int step = 1; step <= kMostSteps && people_of(step) >= fewest_people(); ++step) {
      crossings.push_back({step});
    }
    return crossings;
  }

  void bisect(std::vector<Crossing>* crossings) {
    for (;;) {
      std::vector<Crossing*> open;
      for (Crossing& crossing : *crossings) {
        narrow(&crossing);
        if (!crossing.is_found()) open.push_back(&crossing);
      }
      if (open.empty()) return;
      std::vector<Crossing> asked;
      for (const Crossing* crossing : open) asked.push_back(*crossing);
      measure_at(&asked, [](const Crossing& crossing) { return crossing.middle(); });
    }
  }

  // By all that is known already, other steps' lists among it.
  void narrow(Crossing* crossing) const {
    const auto people = static_cast<double>(people_of(crossing->step));
    const double wanted = quantile_of(crossing->step);
    for (const auto& [key, gains] : gains_) {
      const auto& [lane, place] = key;
      if (lane != lane_of(crossing->step)) continue;
      if (place <= crossing->below || place >= crossing->above) continue;
      const auto [least, most] = people_there(crossing->step, gains);
      if (static_cast<double>(least) / people >= wanted) {
        crossing->above = place;
      } else if (static_cast<double>(most) / people < wanted) {
        crossing->below = place;
      }
    }
  }

  // Makes the lists of every step at its place, of those people of whom bounds do not tell whether they
  // have gained it. place_of: -1 for none.
  template <typename PlaceOf>
  void measure_at(std::vector<Crossing>* crossings, const PlaceOf& place_of) {
    std::map<std::pair<int, int>, std::vector<uint8_t>> who;  // by lane and place: by person
    for (const Crossing& crossing : *crossings) {
      const int place = place_of(crossing);
      if (place < 0) continue;
      const std::pair<int, int> key{lane_of(crossing.step), place};
      const Gains& gains = bounds_at(key);
      std::vector<uint8_t>& asked = who[key];
      asked.resize(people_.size(), 0);
      const int needed = fifteenths(crossing.step);
      for (size_t p = 0; p < people_.size(); ++p) {
        const bool is_known = gains.least[p] >= needed || gains.most[p] < needed;
        if (counts(p, crossing.step) && !is_known) asked[p] = 1;
      }
    }
    std::vector<ListVariant> variants;
    std::vector<Gains*> results;
    std::vector<const std::vector<uint8_t>*> asked_people;
    for (const auto& [key, asked] : who) {
      if (std::find(asked.begin(), asked.end(), 1) == asked.end()) continue;
      ListVariant variant{edits_of(features_, sign_ * key.first),
                          0,
                          {wish_of(model_, attribute_, sign_ * reward_at(key.second))},
                          attribute_,
                          std::vector<Gets>(users_.items.size(), Gets::kNothing)};
      for (size_t p = 0; p < people_.size(); ++p) {
        if (asked[p] != 0) variant.who[people_[p]] = Gets::kList;
      }
      variants.push_back(std::move(variant));
      results.push_back(&gains_.at(key));
      asked_people.push_back(&asked);
    }
    if (variants.empty()) return;
    const std::vector<std::vector<uint8_t>> levels = measure(variants);
    for (size_t v = 0; v < variants.size(); ++v) {
      size_t next = 0;
      for (size_t p = 0; p < people_.size(); ++p) {
        if ((*asked_people[v])[p] == 0) continue;
        const int gain = sign_ * (levels[v][next++] - plain_[p]);
        results[v]->least[p] = results[v]->most[p] = static_cast<int16_t>(gain);
      }
    }
  }

  // What is known at a lane's place; if it is new, from the places beside it.
  const Gains& bounds_at(const std::pair<int, int>& key) {
    const auto [found, is_new] = gains_.try_emplace(key);
    if (!is_new) return found->second;
    Gains& gains = found->second;
    const auto next = std::next(found);
    if (found != gains_.begin() && std::prev(found)->first.first == key.first) {
      gains.least = std::prev(found)->second.least;
    } else {
      // Without features no reward leaves the plain list.
      const int least = features_.weights.empty() ? 0 : -kMostGain;
      gains.least.assign(people_.size(), static_cast<int16_t>(least));
    }
    if (next != gains_.end() && next->first.first == key.first) {
      gains.most = next->second.most;
    } else {
      gains.most.assign(people_.size(), kMostGain);
    }
    return gains;
  }

  std::vector<std::vector<uint8_t>> measure(const std::vector<ListVariant>& variants) const {
    std::vector<std::vector<uint8_t>> levels;
    for (ListMeasure& measure : measure_(model_, users_, variants, {})) {
      levels.push_back(std::move(measure.users.level));
    }
    return levels;
  }

  // Steps whose lists differ at the same reward: by their features; without any all are in one lane.
  int lane_of(int step) const { return features_.weights.empty() ? 0 : step; }
  static int fifteenths(int step) { return step * static_cast<int>(kWholeLevel); }

  bool counts(size_t person, int step) const {
    return sign_ > 0 || plain_[person] >= fifteenths(step);
  }
  size_t people_of(int step) const {
    size_t people = 0;
    for (size_t p = 0; p < plain_.size(); ++p) people += counts(p, step) ? 1 : 0;
    return people;
  }
  size_t fewest_people() const {
    const double part = sign_ > 0 ? 0 : kFewestPart * static_cast<double>(plain_.size());
    return std::max(kFewestPeople, static_cast<size_t>(std::ceil(part)));
  }
  double quantile_of(int step) const { return asked_quantile(people_of(step)); }

  // Of the step's people those who have gained (or lost) so many items: at least, and at most.
  std::pair<size_t, size_t> people_there(int step, const Gains& gains) const {
    std::pair<size_t, size_t> there{0, 0};
    const int needed = fifteenths(step);
    for (size_t p = 0; p < plain_.size(); ++p) {
      if (!counts(p, step)) continue;
      there.first += gains.least[p] >= needed ? 1 : 0;
      there.second += gains.most[p] >= needed ? 1 : 0;
    }
    return there;
  }

  // Their part. REQUIRES: the step was measured there.
  double reached(int step, int place) const {
    return static_cast<double>(people_there(step, gains_.at({lane_of(step), place})).first) /
           static_cast<double>(people_of(step));
  }

  // Linear in the logarithm between the two places.
  double exact(const Crossing& crossing) const {
    const double reward = reward_at(crossing.above);
    if (crossing.below < 0) return reward;
    const double below = reward_at(crossing.below), last = reached(crossing.step, crossing.below);
    const double now = reached(crossing.step, crossing.above);
    return below * std::pow(reward / below, (quantile_of(crossing.step) - last) / (now - last));
  }

  static constexpr int16_t kMostGain = kTopTen * kWholeLevel;

  const Model& model_;
  const Histories& users_;
  const uint32_t attribute_;
  const int sign_;
  const WeightedFeatures& features_;
  const MeasureLists& measure_;
  std::vector<size_t> people_;  // users who are measured; what follows has an entry for each
  std::vector<uint8_t> plain_;  // fifteenths of the attribute in the unsteered list
  std::map<std::pair<int, int>, Gains> gains_;  // by lane, then by place
};

}  // namespace

std::vector<pintle_edit> edits_of(const WeightedFeatures& features, double strength) {
  std::vector<pintle_edit> edits;
  if (strength == 0) return edits;
  for (const auto& [feature, weight] : features.weights) {
    edits.push_back({PINTLE_EDIT_ADD, feature, features.sae, 0,
                     static_cast<float>(strength * static_cast<double>(weight))});
  }
  return edits;
}

pintle_wish wish_of(const Model& model, uint32_t attribute, double reward) {
  const double unit = static_cast<double>(model.info().wish_unit);
  return {PINTLE_WISH_ATTRIBUTE, attribute, static_cast<float>(reward / unit)};
}

RewardSteps find_rewards(const Model& model, const Histories& users, uint32_t attribute, int sign,
                         const WeightedFeatures& features, const MeasureLists& measure) {
  return RewardSearch(model, users, attribute, sign, features, measure).run();
}

std::vector<std::pair<float, float>> reward_points(const RewardSteps& up, const RewardSteps& down) {
  std::vector<std::pair<float, float>> points;
  for (size_t i = down.rewards.size(); i-- > 0;) {
    points.emplace_back(-static_cast<float>(i + 1), static_cast<float>(down.rewards[i]));
  }
  points.emplace_back(0.0f, 0.0f);
  for (size_t i = 0; i < up.rewards.size(); ++i) {
    points.emplace_back(static_cast<float>(i + 1), static_cast<float>(up.rewards[i]));
  }
  return points;
}

double strength_of(const std::vector<std::pair<float, float>>& points, double reward) {
  const double sign = reward < 0 ? -1 : 1, wanted = std::abs(reward);
  std::vector<std::pair<double, double>> side;  // (distance from 0, reward)
  for (const auto& [strength, its_reward] : points) {
    const double distance = sign * static_cast<double>(strength);
    if (distance > 0) side.emplace_back(distance, static_cast<double>(its_reward));
  }
  std::sort(side.begin(), side.end());
  double from = 0, last = 0;
  for (const auto& [to, next] : side) {
    if (next >= wanted) return sign * (from + (to - from) * (wanted - last) / (next - last));
    from = to;
    last = next;
  }
  return sign * from;
}

}  // namespace pintle::converter
