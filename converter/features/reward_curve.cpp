// SPDX-License-Identifier: Apache-2.0
#include "converter/features/reward_curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>

#include "converter/run/steered_lists.h"

namespace pintle::converter {
namespace {

// Rewards that are tried first, in expected DCG: from far below what an item of a large catalogue is
// worth to beyond all that a whole list of certain items is, which does whatever can be done.
constexpr double kFirstCurveReward = 1e-8, kCurveRewardFactor = 3;
constexpr int kCurveRewards = 24;  // to 940
// Between two of them, then.
constexpr int kFinerRewards = 8;

double asked_quantile(size_t people) {
  return std::clamp(0.5 + 2 / std::sqrt(static_cast<double>(people)), 0.55, 0.75);
}

// One direction of one attribute.
class RewardSearch {
 public:
  RewardSearch(const Model& model, const Histories& users, uint32_t attribute, int sign,
               const WeightedFeatures& features, ThreadPool* pool)
      : model_(model),
        users_(users),
        attribute_(attribute),
        sign_(sign),
        features_(features),
        pool_(pool) {}

  RewardSteps run() {
    plain_ = measure({ListVariant{{}, 0, {}, attribute_}})[0];
    std::vector<double> coarse;
    for (int i = 0; i < kCurveRewards; ++i)
      coarse.push_back(kFirstCurveReward * std::pow(kCurveRewardFactor, i));
    std::vector<Trial> trials;
    for (int step = 1; step <= kMostSteps; ++step) {
      for (const double reward : coarse) trials.push_back({step, reward});
    }
    try_all(trials);
    RewardSteps steps;
    std::vector<Trial> finer;
    std::vector<double> first_reached;  // of `coarse`, by step
    for (int step = 1; step <= kMostSteps; ++step) {
      const size_t people = people_of(step);
      if (people < fewest_people() || reached(step, coarse.back()) < quantile_of(step)) {
        steps.has_run_out = true;
        break;
      }
      size_t i = 0;
      while (reached(step, coarse[i]) < quantile_of(step)) ++i;
      first_reached.push_back(coarse[i]);
      for (int f = 1; i > 0 && f < kFinerRewards; ++f) {
        finer.push_back({step, coarse[i - 1] * std::pow(kCurveRewardFactor,
                                                        f / static_cast<double>(kFinerRewards))});
      }
    }
    try_all(finer);
    for (size_t s = 0; s < first_reached.size(); ++s) {
      const double reward = exact(static_cast<int>(s) + 1);
      // Rewards rise with the strength; a step that needs no more than the last one gets the same.
      steps.rewards.push_back(s == 0 ? reward : std::max(reward, steps.rewards.back()));
    }
    return steps;
  }

 private:
  // A reward, tried with the features that the step's strength has. Without features the step makes
  // no difference to the lists.
  struct Trial {
    int step;
    double reward;
  };
  std::pair<int, double> key(int step, double reward) const {
    return {features_.weights.empty() ? 0 : step, reward};
  }

  std::vector<std::vector<uint8_t>> measure(const std::vector<ListVariant>& variants) const {
    std::vector<std::vector<uint8_t>> levels;
    for (ListMeasure& measure : measure_lists(model_, users_, variants, pool_)) {
      levels.push_back(std::move(measure.users.level));
    }
    return levels;
  }

  void try_all(const std::vector<Trial>& trials) {
    std::vector<ListVariant> variants;
    std::vector<std::pair<int, double>> keys;
    for (const Trial& trial : trials) {
      const auto trial_key = key(trial.step, trial.reward);
      if (!levels_.emplace(trial_key, std::vector<uint8_t>()).second) continue;
      keys.push_back(trial_key);
      variants.push_back({edits_of(features_, sign_ * trial.step),
                          0,
                          {wish_of(model_, attribute_, sign_ * trial.reward)},
                          attribute_});
    }
    if (variants.empty()) return;
    std::vector<std::vector<uint8_t>> levels = measure(variants);
    for (size_t i = 0; i < keys.size(); ++i) levels_[keys[i]] = std::move(levels[i]);
  }

  bool counts(size_t user, int step) const {
    return sign_ > 0 || plain_[user] >= step * static_cast<int>(kWholeLevel);
  }
  size_t people_of(int step) const {
    size_t people = 0;
    for (size_t u = 0; u < plain_.size(); ++u) people += counts(u, step) ? 1 : 0;
    return people;
  }
  size_t fewest_people() const {
    const double part = sign_ > 0 ? 0 : kFewestPart * static_cast<double>(plain_.size());
    return std::max(kFewestPeople, static_cast<size_t>(std::ceil(part)));
  }
  double quantile_of(int step) const { return asked_quantile(people_of(step)); }

  // The part of the step's people who have gained (or lost) so many items. REQUIRES: it was tried.
  double reached(int step, double reward) const {
    const std::vector<uint8_t>& levels = levels_.at(key(step, reward));
    size_t people = 0, there = 0;
    for (size_t u = 0; u < plain_.size(); ++u) {
      if (!counts(u, step)) continue;
      ++people;
      there += sign_ * (levels[u] - plain_[u]) >= step * static_cast<int>(kWholeLevel) ? 1 : 0;
    }
    return static_cast<double>(there) / static_cast<double>(people);
  }

  // Linear in the logarithm between the tried rewards around the quantile.
  double exact(int step) const {
    const double wanted = quantile_of(step);
    double last_reward = 0, last = 0;
    for (const auto& [tried, levels] : levels_) {  // by step, then by reward
      if (tried.first != key(step, 0).first) continue;
      const double reward = tried.second, now = reached(step, reward);
      if (now >= wanted) {
        if (last_reward == 0 || now <= last) return reward;
        return last_reward * std::pow(reward / last_reward, (wanted - last) / (now - last));
      }
      last_reward = reward;
      last = now;
    }
    return last_reward;
  }

  const Model& model_;
  const Histories& users_;
  const uint32_t attribute_;
  const int sign_;
  const WeightedFeatures& features_;
  ThreadPool* const pool_;
  std::vector<uint8_t> plain_;  // by user: fifteenths of the attribute in the unsteered list
  std::map<std::pair<int, double>, std::vector<uint8_t>> levels_;  // the same, by trial
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
                         const WeightedFeatures& features, ThreadPool* pool) {
  return RewardSearch(model, users, attribute, sign, features, pool).run();
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
