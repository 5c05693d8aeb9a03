// SPDX-License-Identifier: Apache-2.0
#include "converter/features/feature_help.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "converter/features/sweep_summary.h"
#include "converter/run/steered_lists.h"

namespace pintle::converter {
namespace {

constexpr double kParts[] = {0.5, 0.25, 0.1};
// Rewards from nothing to all, and doses of the weights, which are made for a share of 1.
constexpr double kFirstReward = 1e-7, kRewardFactor = 1.5;
constexpr int kRewards = 45;  // to 5
constexpr double kFirstDose = 0.005, kDoseFactor = 1.6;
constexpr int kDoses = 16;

struct Dose {
  double features = 0, reward = 0;
};

// 0, then `first` and its multiples by powers of `factor`.
std::vector<double> rising(double first, double factor, int count) {
  std::vector<double> values{0};
  for (int i = 0; i < count; ++i) values.push_back(first * std::pow(factor, i));
  return values;
}

// x where the piecewise linear curve through (xs, ys), in order, first reaches y, from below (sign 1) or
// above (-1); none if it does not, or begins beyond it.
std::optional<double> first_reach(const std::vector<double>& xs, const std::vector<double>& ys,
                                  double y, double sign) {
  if (sign * (ys[0] - y) > 0) return std::nullopt;
  for (size_t i = 1; i < xs.size(); ++i) {
    if (sign * (ys[i] - y) < 0) continue;
    // The curve has not been at y before, but for its first point.
    const double step = ys[i] - ys[i - 1];
    return step == 0 ? xs[i - 1] : xs[i - 1] + (xs[i] - xs[i - 1]) * (y - ys[i - 1]) / step;
  }
  return std::nullopt;
}

// A share, and the wish alone that brings it.
struct AimedWish {
  double share, reward, strength;  // reward and strength below 0: against
};

// Of one part of the features: one dose an aim.
struct Mix {
  double dose_per_unit;
  std::vector<Dose> doses;
};

class HelpSearch {
 public:
  HelpSearch(const Model& model, uint32_t attribute, const WeightedFeatures& features,
             const std::vector<std::pair<float, float>>& points, ThreadPool* pool)
      : model_(model), attribute_(attribute), features_(features), points_(points), pool_(pool) {}

  std::optional<FeatureHelp> run(const HelpUsers& users) {
    if (!find_aims(users.choosing)) return std::nullopt;
    const std::vector<Mix> mixes = choose_mixes(users.choosing);
    std::optional<FeatureHelp> best;
    for (const Mix& mix : mixes) {
      const std::optional<FeatureHelp> help = judge(users.judging, mix);
      if (!help || !(help->gain > kStandardErrors * help->standard_error)) continue;
      if (!best || help->gain > best->gain) best = help;
    }
    return best;
  }

 private:
  // The doubled share first, which must be in reach.
  bool find_aims(const Histories& users) {
    const std::vector<double> rewards = rising(kFirstReward, kRewardFactor, kRewards);
    for (const double sign : {1.0, -1.0}) {
      std::vector<Dose> doses;
      for (const double reward : rewards) doses.push_back({0, sign * reward});
      const std::vector<double> reached = shares(measure(users, doses));
      base_ = reached[0];
      for (const SweepAim aim : kSweepAims) {
        const double share = aimed_share(aim, base_);
        if (sign * (share - base_) <= 0) continue;
        const std::optional<double> reward = first_reach(rewards, reached, share, sign);
        const double strength = reward ? strength_of(points_, sign * *reward) : 0;
        if (strength == 0) {
          if (aim == SweepAim::kDoubled) return false;
          continue;
        }
        aims_.push_back({share, sign * *reward, strength});
      }
    }
    return true;
  }

  std::vector<ListMeasure> measure(const Histories& users, const std::vector<Dose>& doses) const {
    std::vector<ListVariant> variants;
    for (const Dose& dose : doses) {
      ListVariant variant{edits_of(features_, dose.features)};
      if (dose.reward != 0) variant.wishes = {wish_of(model_, attribute_, dose.reward)};
      variants.push_back(std::move(variant));
    }
    return measure_lists(model_, users, variants, pool_);
  }

  std::vector<double> shares(const std::vector<ListMeasure>& measures) const {
    std::vector<double> values;
    for (const ListMeasure& measure : measures) values.push_back(measure.shares[attribute_]);
    return values;
  }

  std::vector<Mix> choose_mixes(const Histories& users) const {
    const std::vector<double> strengths = rising(kFirstDose, kDoseFactor, kDoses);
    std::vector<Dose> doses;
    for (const double strength : strengths) doses.push_back({strength, 0});
    const std::vector<double> by_features = shares(measure(users, doses));
    std::vector<Mix> mixes;
    for (const double part : kParts) {
      const double share = base_ + part * (aims_[0].share - base_);
      const auto dose = first_reach(strengths, by_features, share, 1);
      if (!dose) continue;
      Mix mix{*dose / aims_[0].strength, {}};
      for (const AimedWish& aim : aims_) {
        const std::optional<Dose> beside = reward_beside(users, mix.dose_per_unit, aim);
        if (beside) mix.doses.push_back(*beside);
      }
      if (mix.doses.size() == aims_.size()) mixes.push_back(std::move(mix));
    }
    return mixes;
  }

  // How much of the wish the features leave to be done at the aim.
  std::optional<Dose> reward_beside(const Histories& users, double dose_per_unit,
                                    const AimedWish& aim) const {
    const std::vector<double> fractions{0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1, 1.2, 1.5};
    const double dose = dose_per_unit * aim.strength;
    std::vector<Dose> doses;
    for (const double fraction : fractions) doses.push_back({dose, fraction * aim.reward});
    const double sign = aim.reward > 0 ? 1 : -1;
    const auto fraction = first_reach(fractions, shares(measure(users, doses)), aim.share, sign);
    if (!fraction) return std::nullopt;
    return Dose{dose, *fraction * aim.reward};
  }

  std::optional<FeatureHelp> judge(const Histories& users, const Mix& mix) const {
    std::vector<double> gains;  // by user, over the aims
    for (size_t a = 0; a < aims_.size(); ++a) {
      std::vector<Dose> doses{mix.doses[a]};
      for (const double part : {0.25, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 4.0}) {
        doses.push_back({0, part * aims_[a].reward});
      }
      const std::vector<ListMeasure> measures = measure(users, doses);
      if (!add_gains(measures, &gains)) return std::nullopt;
    }
    const double count = static_cast<double>(gains.size());
    double sum = 0, squares = 0;
    for (const double gain : gains) {
      sum += gain;
      squares += gain * gain;
    }
    FeatureHelp help{mix.dose_per_unit, sum / count, 0};
    const double variance = std::max(0.0, squares / count - help.gain * help.gain);
    help.standard_error = std::sqrt(variance / count);
    return help;
  }

  // measures: the mix, then the wish alone at rising rewards, between two of which the mix's share must lie.
  bool add_gains(const std::vector<ListMeasure>& measures, std::vector<double>* gains) const {
    const std::vector<double> reached = shares(measures);
    for (size_t i = 2; i < measures.size(); ++i) {
      const double step = reached[i] - reached[i - 1];
      const double part = step == 0 ? -1 : (reached[0] - reached[i - 1]) / step;
      if (part < 0 || part > 1) continue;
      const UserLists &mix = measures[0].users, &below = measures[i - 1].users;
      gains->resize(mix.rank.size());
      for (size_t u = 0; u < mix.rank.size(); ++u) {
        const double alone =
            (1 - part) * ndcg_of(below.rank[u]) + part * ndcg_of(measures[i].users.rank[u]);
        (*gains)[u] += ndcg_of(mix.rank[u]) - alone;
      }
      return true;
    }
    return false;
  }

  const Model& model_;
  const uint32_t attribute_;
  const WeightedFeatures& features_;
  const std::vector<std::pair<float, float>>& points_;
  ThreadPool* const pool_;
  double base_ = 0;  // the share of the choosing users' unsteered lists
  std::vector<AimedWish> aims_;
};

}  // namespace

std::optional<FeatureHelp> find_feature_help(const Model& model, const HelpUsers& users,
                                             uint32_t attribute, const WeightedFeatures& features,
                                             const std::vector<std::pair<float, float>>& points,
                                             ThreadPool* pool) {
  return HelpSearch(model, attribute, features, points, pool).run(users);
}

}  // namespace pintle::converter
