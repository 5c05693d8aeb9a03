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

// x where the piecewise linear curve through (xs, ys), in order, first reaches y; none if it does not.
std::optional<double> first_reach(const std::vector<double>& xs, const std::vector<double>& ys,
                                  double y) {
  for (size_t i = 1; i < xs.size(); ++i) {
    if (ys[i] < y) continue;
    if (ys[i] <= ys[i - 1]) return xs[i];
    return xs[i - 1] + (xs[i] - xs[i - 1]) * std::max(0.0, (y - ys[i - 1]) / (ys[i] - ys[i - 1]));
  }
  return std::nullopt;
}

class HelpSearch {
 public:
  HelpSearch(const Model& model, uint32_t attribute, const WeightedFeatures& features,
             ThreadPool* pool)
      : model_(model), attribute_(attribute), features_(features), pool_(pool) {}

  std::optional<FeatureHelp> run(const HelpUsers& users) const {
    // On the choosing half: which reward alone, and which reward beside each dose, meet the share.
    const std::vector<double> rewards = rising(kFirstReward, kRewardFactor, kRewards);
    std::vector<Dose> doses;
    for (const double reward : rewards) doses.push_back({0, reward});
    const std::vector<double> alone_shares = shares(measure(users.choosing, doses));
    const double base = alone_shares[0], aim = aimed_share(SweepAim::kDoubled, base);
    const std::optional<double> alone = first_reach(rewards, alone_shares, aim);
    if (!alone) return std::nullopt;
    const std::vector<Dose> mixes = choose_mixes(users.choosing, base, aim, *alone);
    if (mixes.empty()) return std::nullopt;

    // On the judging half: each against the reward alone, where that gives the same share.
    doses.clear();
    for (const double part : {0.25, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 4.0}) {
      doses.push_back({0, part * *alone});
    }
    const std::vector<ListMeasure> judged_alone = measure(users.judging, doses);
    const std::vector<ListMeasure> judged = measure(users.judging, mixes);
    std::optional<FeatureHelp> best;
    for (size_t m = 0; m < mixes.size(); ++m) {
      FeatureHelp help{mixes[m].features, *alone, 0, 0};
      if (!compare(judged_alone, judged[m], &help)) continue;
      if (!(help.gain > kStandardErrors * help.standard_error)) continue;
      if (!best || help.gain > best->gain) best = help;
    }
    return best;
  }

 private:
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

  std::vector<Dose> choose_mixes(const Histories& users, double base, double aim,
                                 double alone) const {
    const std::vector<double> strengths = rising(kFirstDose, kDoseFactor, kDoses);
    std::vector<Dose> doses;
    for (const double strength : strengths) doses.push_back({strength, 0});
    const std::vector<double> by_features = shares(measure(users, doses));
    std::vector<Dose> mixes;
    for (const double part : kParts) {
      const auto strength = first_reach(strengths, by_features, base + part * (aim - base));
      if (!strength) continue;
      const std::vector<double> fractions{0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1};
      doses.clear();
      for (const double fraction : fractions) doses.push_back({*strength, fraction * alone});
      const auto fraction = first_reach(fractions, shares(measure(users, doses)), aim);
      if (fraction) mixes.push_back({*strength, *fraction * alone});
    }
    return mixes;
  }

  // False if the lists by the reward alone do not enclose the mix's share.
  bool compare(const std::vector<ListMeasure>& alone, const ListMeasure& mix,
               FeatureHelp* help) const {
    const double share = mix.shares[attribute_];
    const auto after = std::find_if(alone.begin(), alone.end(), [&](const ListMeasure& measure) {
      return measure.shares[attribute_] >= share;
    });
    if (after == alone.end() || after == alone.begin()) return false;
    const ListMeasure &below = after[-1], &above = *after;
    const double from = below.shares[attribute_];
    const double part = (share - from) / (above.shares[attribute_] - from);
    const size_t users = mix.users.rank.size();
    double sum = 0, squares = 0;
    for (size_t u = 0; u < users; ++u) {
      const double plain = (1 - part) * ndcg_of(below.users.rank[u]) +
                           part * ndcg_of(above.users.rank[u]);
      const double difference = ndcg_of(mix.users.rank[u]) - plain;
      sum += difference;
      squares += difference * difference;
    }
    const double count = static_cast<double>(users);
    help->gain = sum / count;
    const double variance = std::max(0.0, squares / count - help->gain * help->gain);
    help->standard_error = std::sqrt(variance / count);
    return true;
  }

  const Model& model_;
  const uint32_t attribute_;
  const WeightedFeatures& features_;
  ThreadPool* const pool_;
};

}  // namespace

std::optional<FeatureHelp> find_feature_help(const Model& model, const HelpUsers& users,
                                             uint32_t attribute, const WeightedFeatures& features,
                                             ThreadPool* pool) {
  return HelpSearch(model, attribute, features, pool).run(users);
}

}  // namespace pintle::converter
