// SPDX-License-Identifier: Apache-2.0
#include "converter/features/feature_help.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <vector>

#include "converter/features/sweep_summary.h"

namespace pintle::converter {
namespace {

constexpr double kParts[] = {0.5, 0.25, 0.1};
// Doses of the weights, which are made for a share of 1, and how many people's lists show what each
// does: a part need not be met exactly, since the wish beside it makes up for it.
constexpr double kFirstDose = 0.005, kDoseFactor = 2.5;
constexpr int kDoses = 9;  // to 7.6
constexpr size_t kDoseUsers = 300;
// Rewards of the wish alone: parts of the first step's, those of all steps, multiples of the last's.
constexpr double kPartsOfFirst[] = {0.03, 0.1, 0.2, 0.35, 0.5, 0.75}, kTimesLast[] = {2, 5, 20};
// How near a mix's share has to come to the aim, in parts of the way, in how many attempts, and the
// most that the wish beside the features may be of the wish alone.
constexpr double kNear = 0.05, kMostFraction = 1.5;
constexpr int kMixAttempts = 4;
// Of the wish alone; the judging users' mixes must lie between.
constexpr double kJudgedParts[] = {0.25, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 4.0};
constexpr size_t kJudged = std::size(kJudgedParts);

struct Dose {
  double features = 0, reward = 0;
};

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

// Two neighbours of ys between which y lies: the second one's place, and how far y is along.
std::optional<std::pair<size_t, double>> place_between(const std::vector<double>& ys, double y) {
  for (size_t i = 1; i < ys.size(); ++i) {
    const double step = ys[i] - ys[i - 1];
    const double part = step == 0 ? -1 : (y - ys[i - 1]) / step;
    if (part >= 0 && part <= 1) return std::pair{i, part};
  }
  return std::nullopt;
}

// The wish alone on the choosing users, for (sign 1) or against (-1), at rewards rising from 0.
struct WishCurve {
  double sign;
  std::vector<double> rewards, shares, ndcg;
};

// A share, and the wish alone that brings it.
struct AimedWish {
  double share, reward, strength;  // reward and strength below 0: against
};

// Of one part of the features: one dose an aim.
struct Mix {
  double part, dose_per_unit;
  std::vector<Dose> doses = {};
  double gain =
      0;  // of the choosing users' NDCG@10 at the last of the aims, against the wish alone
};

class HelpSearch {
 public:
  HelpSearch(const Model& model, uint32_t attribute, const WeightedFeatures& features,
             const std::vector<std::pair<float, float>>& points, const MeasureLists& measure)
      : model_(model),
        attribute_(attribute),
        features_(features),
        points_(points),
        measure_(measure) {}

  std::optional<FeatureHelp> run(const HelpUsers& users) {
    const WishCurve up = wish_curve(users.choosing, 1);
    base_ = up.shares[0];
    const std::optional<AimedWish> doubled = aimed_wish(SweepAim::kDoubled, up);
    if (!doubled) return std::nullopt;
    aims_ = {*doubled};
    std::vector<Mix> mixes = mixes_of_parts(users.choosing);
    approach(users.choosing, up, &mixes);
    mixes.erase(
        std::remove_if(mixes.begin(), mixes.end(), [](const Mix& mix) { return !(mix.gain > 0); }),
        mixes.end());
    if (mixes.empty()) return std::nullopt;
    const WishCurve down = wish_curve(users.choosing, -1);
    for (const SweepAim aim : {SweepAim::kToHalf, SweepAim::kHalved}) {
      const WishCurve& curve = aimed_share(aim, base_) > base_ ? up : down;
      const std::optional<AimedWish> wish = aimed_wish(aim, curve);
      if (!wish) continue;
      aims_.push_back(*wish);
      approach(users.choosing, curve, &mixes);
    }
    return judge(users.judging, mixes);
  }

 private:
  std::vector<ListVariant> variants_of(const std::vector<Dose>& doses) const {
    std::vector<ListVariant> variants;
    for (const Dose& dose : doses) {
      ListVariant variant{edits_of(features_, dose.features)};
      if (dose.reward != 0) variant.wishes = {wish_of(model_, attribute_, dose.reward)};
      variants.push_back(std::move(variant));
    }
    return variants;
  }

  std::vector<ListMeasure> measure(const Histories& users, const std::vector<Dose>& doses) const {
    return measure_(model_, users, variants_of(doses), {});
  }

  std::vector<double> shares(const std::vector<ListMeasure>& measures) const {
    std::vector<double> values;
    for (const ListMeasure& measure : measures) values.push_back(measure.shares[attribute_]);
    return values;
  }

  WishCurve wish_curve(const Histories& users, double sign) const {
    WishCurve curve{sign, {0}, {}, {}};
    std::vector<double> steps;  // their rewards, rising
    for (const auto& [strength, reward] : points_) {
      if (sign * static_cast<double>(strength) > 0) steps.push_back(static_cast<double>(reward));
    }
    std::sort(steps.begin(), steps.end());
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    if (!steps.empty()) {
      for (const double part : kPartsOfFirst) curve.rewards.push_back(part * steps.front());
      curve.rewards.insert(curve.rewards.end(), steps.begin(), steps.end());
      for (const double times : kTimesLast) curve.rewards.push_back(times * steps.back());
    }
    std::vector<Dose> doses;
    for (const double reward : curve.rewards) doses.push_back({0, sign * reward});
    const std::vector<ListMeasure> measures = measure(users, doses);
    curve.shares = shares(measures);
    for (const ListMeasure& measure : measures) curve.ndcg.push_back(measure.ndcg);
    return curve;
  }

  // None if the aim is out of the wish's reach.
  std::optional<AimedWish> aimed_wish(SweepAim aim, const WishCurve& curve) const {
    const double share = aimed_share(aim, base_);
    if (curve.sign * (share - base_) <= 0) return std::nullopt;
    const auto reward = first_reach(curve.rewards, curve.shares, share, curve.sign);
    const double strength = reward ? strength_of(points_, curve.sign * *reward) : 0;
    if (strength == 0) return std::nullopt;
    return AimedWish{share, curve.sign * *reward, strength};
  }

  std::vector<Mix> mixes_of_parts(const Histories& users) const {
    std::vector<double> strengths{0};
    for (int i = 0; i < kDoses; ++i) strengths.push_back(kFirstDose * std::pow(kDoseFactor, i));
    std::vector<Dose> doses;
    for (const double strength : strengths) doses.push_back({strength, 0});
    std::vector<ListVariant> variants = variants_of(doses);
    std::vector<Gets> who(users.users.size(), Gets::kNothing);
    const size_t step = std::max<size_t>(1, who.size() / kDoseUsers);
    for (size_t u = 0; u < who.size(); u += step) who[u] = Gets::kList;
    for (ListVariant& variant : variants) variant.who = who;
    const std::vector<double> by_features = shares(measure_(model_, users, variants, {}));
    std::vector<Mix> mixes;
    for (const double part : kParts) {
      const double share = by_features[0] + part * (aims_[0].share - base_);
      const auto dose = first_reach(strengths, by_features, share, 1);
      if (dose) mixes.push_back({part, *dose / aims_[0].strength});
    }
    return mixes;
  }

  // Gives every mix its dose for the last of the aims: how much of the wish the features leave to be
  // done there. Drops the mixes that do not come near. curve: the wish alone, in the aim's direction.
  void approach(const Histories& users, const WishCurve& curve, std::vector<Mix>* mixes) const {
    struct Attempt {
      Mix mix;
      double fraction, last_fraction = 0, last_share = 0;  // of the wish alone; the one before
    };
    const AimedWish& aim = aims_.back();
    const double way = aim.share - base_;
    std::vector<Attempt> attempts;
    for (Mix& mix : *mixes) attempts.push_back({std::move(mix), 1 - mix.part});
    mixes->clear();
    for (int i = 0; i < kMixAttempts && !attempts.empty(); ++i) {
      std::vector<Dose> doses;
      for (const Attempt& attempt : attempts) {
        doses.push_back({attempt.mix.dose_per_unit * aim.strength, attempt.fraction * aim.reward});
      }
      const std::vector<ListMeasure> measures = measure(users, doses);
      std::vector<Attempt> next;
      for (size_t a = 0; a < attempts.size(); ++a) {
        Attempt& attempt = attempts[a];
        const double share = measures[a].shares[attribute_];
        const auto alone = place_between(curve.shares, share);
        if (std::abs(share - aim.share) <= kNear * std::abs(way) && alone) {
          const auto [place, part] = *alone;
          attempt.mix.gain =
              measures[a].ndcg - (1 - part) * curve.ndcg[place - 1] - part * curve.ndcg[place];
          attempt.mix.doses.push_back(doses[a]);
          mixes->push_back(std::move(attempt.mix));
          continue;
        }
        // At first as if the wish worked as alone, then by the last two.
        double slope = way;
        if (i > 0) {
          slope = (share - attempt.last_share) / (attempt.fraction - attempt.last_fraction);
        }
        const double fraction =
            std::clamp(attempt.fraction + (aim.share - share) / slope, 0.0, kMostFraction);
        if (!(slope * way > 0) || fraction == attempt.fraction) continue;
        next.push_back({std::move(attempt.mix), fraction, attempt.fraction, share});
      }
      attempts = std::move(next);
    }
  }

  std::optional<FeatureHelp> judge(const Histories& users, const std::vector<Mix>& mixes) const {
    std::vector<Dose> doses;  // of every aim the wish alone, then the mixes
    for (size_t a = 0; a < aims_.size(); ++a) {
      for (const double part : kJudgedParts) doses.push_back({0, part * aims_[a].reward});
      for (const Mix& mix : mixes) doses.push_back(mix.doses[a]);
    }
    const std::vector<ListMeasure> measures = measure(users, doses);
    std::optional<FeatureHelp> best;
    for (size_t m = 0; m < mixes.size(); ++m) {
      std::vector<double> gains;  // by user, over the aims
      bool is_judged = true;
      for (size_t a = 0; a < aims_.size() && is_judged; ++a) {
        const ListMeasure* const alone = &measures[a * (kJudged + mixes.size())];
        is_judged = add_gains(alone, alone[kJudged + m], &gains);
      }
      if (!is_judged) continue;
      const FeatureHelp help = help_of(mixes[m].dose_per_unit, gains);
      if (!(help.gain > kStandardErrors * help.standard_error)) continue;
      if (!best || help.gain > best->gain) best = help;
    }
    return best;
  }

  static FeatureHelp help_of(double dose_per_unit, const std::vector<double>& gains) {
    const double count = static_cast<double>(gains.size());
    double sum = 0, squares = 0;
    for (const double gain : gains) {
      sum += gain;
      squares += gain * gain;
    }
    FeatureHelp help{dose_per_unit, sum / count, 0};
    const double variance = std::max(0.0, squares / count - help.gain * help.gain);
    help.standard_error = std::sqrt(variance / count);
    return help;
  }

  // alone: the wish alone at kJudgedParts. False if the mix's share lies not between them.
  bool add_gains(const ListMeasure* alone, const ListMeasure& mix,
                 std::vector<double>* gains) const {
    std::vector<double> reached;
    for (size_t i = 0; i < kJudged; ++i) reached.push_back(alone[i].shares[attribute_]);
    const auto found = place_between(reached, mix.shares[attribute_]);
    if (!found) return false;
    const auto [place, part] = *found;
    const UserLists &below = alone[place - 1].users, &above = alone[place].users;
    gains->resize(mix.users.rank.size());
    for (size_t u = 0; u < gains->size(); ++u) {
      const double wish = (1 - part) * ndcg_of(below.rank[u]) + part * ndcg_of(above.rank[u]);
      (*gains)[u] += ndcg_of(mix.users.rank[u]) - wish;
    }
    return true;
  }

  const Model& model_;
  const uint32_t attribute_;
  const WeightedFeatures& features_;
  const std::vector<std::pair<float, float>>& points_;
  const MeasureLists& measure_;
  double base_ = 0;              // the share of the choosing users' unsteered lists
  std::vector<AimedWish> aims_;  // the doubled share first
};

}  // namespace

std::optional<FeatureHelp> find_feature_help(const Model& model, const HelpUsers& users,
                                             uint32_t attribute, const WeightedFeatures& features,
                                             const std::vector<std::pair<float, float>>& points,
                                             const MeasureLists& measure) {
  return HelpSearch(model, attribute, features, points, measure).run(users);
}

}  // namespace pintle::converter
