// SPDX-License-Identifier: Apache-2.0
#include "converter/features/knobs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "converter/features/feature_effects.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steered_lists.h"

namespace pintle::converter {
namespace {

// What side effects weigh against the effect itself in choose_features: shares of other attributes,
// popularity, NDCG.
constexpr double kSpareShares = 0.5, kSparePopularity = 0.1, kSpareNdcg = 1.0;
// The part of a knob's effect that its features carry, tried in this order. The first that costs at
// most kCostMargin of NDCG more than the bonus alone is taken, else the smallest: on 1,500 users
// one standard error of such a difference is about that margin.
constexpr double kFeatureParts[] = {0.5, 0.25, 0.1};
constexpr double kCostMargin = 0.004;
// A knob's safe range ends where it costs so much of NDCG, or where its share stops to move.
constexpr double kSafeLoss = 0.25;
// The range of the trial knobs, which have no safe range yet.
constexpr float kAnyStrength = 1e6f;
// Where knobs are compared: the share that method.md calls the target.
double target_gain(double share) { return share < 0.25 ? share : 0.15; }

Histories take_first(const Histories& histories, size_t users) {
  if (histories.users.size() <= users) return histories;
  // Evenly over the users: logs are often sorted by something.
  const size_t step = histories.users.size() / users;
  Histories taken = take_part(histories, 0, step);
  taken.users.resize(users);
  taken.items.resize(users);
  return taken;
}

// x where the piecewise linear curve through (xs, ys), in order, first reaches y; none if it does
// not.
std::optional<double> first_reach(const std::vector<double>& xs, const std::vector<double>& ys,
                                  double y) {
  for (size_t i = 1; i < xs.size(); ++i) {
    if (ys[i] < y) continue;
    if (ys[i] <= ys[i - 1]) return xs[i];
    return xs[i - 1] + (xs[i] - xs[i - 1]) * std::max(0.0, (y - ys[i - 1]) / (ys[i] - ys[i - 1]));
  }
  return std::nullopt;
}

double value_at(const std::vector<double>& xs, const std::vector<double>& ys, double x) {
  size_t i = 1;
  while (i + 1 < xs.size() && xs[i] < x) ++i;
  return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1]);
}

// Doublings of `from`, with 0 in front.
std::vector<double> doublings(double from, size_t count, double factor) {
  std::vector<double> grid{0};
  for (size_t i = 0; i < count; ++i)
    grid.push_back(from * std::pow(factor, static_cast<double>(i)));
  return grid;
}

class KnobBuilder {
 public:
  KnobBuilder(const ModelParts& parts, const Interpretation& interpretation,
              const Histories& training, const KnobOptions& options, ThreadPool* pool)
      : parts_(parts),
        options_(options),
        pool_(pool),
        interpreted_(interpretation.saes.at(options.sae)),
        users_(take_first(training, options.curve_users)),
        popularity_(item_popularity(training, parts.catalogue.id_order.size())) {
    if (interpreted_.statistics.empty()) {
      throw Error("the SAE " + interpreted_.name + " has no statistics: label it first");
    }
    const Model plain = open_in_memory(join_parts(parts, {interpretation.saes, {}, {}}));
    temperature_ = fit_temperature(plain, users_);
    effects_ =
        measure_feature_effects(plain, options.sae, interpreted_,
                                take_first(training, options.effect_users), popularity_, pool);
    contrast_ = popularity_contrast(plain, interpreted_, users_, popularity_, pool);
    // Knobs of the bonus alone, one an attribute, whose strength is the probability itself.
    for (const auto& [group, name] : parts.catalogue.attributes) {
      Knob bonus;
      bonus.name = group + "/" + name;
      bonus.attribute_group = group;
      bonus.attribute_name = name;
      bonus.sae = options.sae;
      bonus.attribute_bonus = 1;
      bonus.temperature = temperature_;
      bonus.min_strength = -kAnyStrength;
      bonus.max_strength = kAnyStrength;
      bonuses_.push_back(bonus);
    }
    model_ = open_in_memory(join_parts(parts, {interpretation.saes, bonuses_, {}}));
  }

  std::vector<Knob> build() {
    std::vector<size_t> items(bonuses_.size(), 0);
    for (const auto& attributes : parts_.catalogue.item_attributes) {
      for (uint32_t a : attributes) ++items[a];
    }
    std::vector<Knob> knobs;
    for (size_t a = 0; a < bonuses_.size(); ++a) {
      if (items[a] < options_.min_items) continue;
      std::optional<Knob> knob = attribute_knob(static_cast<uint32_t>(a));
      if (knob) knobs.push_back(std::move(*knob));
    }
    std::optional<Knob> knob = popularity_knob();
    if (knob) knobs.push_back(std::move(*knob));
    return knobs;
  }

 private:
  using Features = std::vector<std::pair<uint32_t, float>>;

  // One trial: the features' weights times `features`, and the bonus, a probability.
  struct Dose {
    double features = 0, bonus = 0;
  };

  // What is to move: an attribute's share, or popularity.
  struct Axis {
    std::optional<uint32_t> attribute;
    double of(const ListMeasure& measure) const {
      return attribute ? measure.shares[*attribute] : measure.mean_value;
    }
  };

  std::vector<ListMeasure> measure(const Axis& axis, const Features& features,
                                   const std::vector<Dose>& doses) const {
    std::vector<ListVariant> variants;
    for (const Dose& dose : doses) {
      ListVariant variant;
      if (dose.features != 0) {
        for (const auto& [feature, weight] : features) {
          variant.edits.push_back(
              {PINTLE_EDIT_ADD, feature, options_.sae, 0,
               static_cast<float>(dose.features * static_cast<double>(weight))});
        }
      }
      if (dose.bonus != 0) {
        variant.edits.push_back(
            {PINTLE_EDIT_KNOB, axis.attribute.value(), 0, 0, static_cast<float>(dose.bonus)});
      }
      variants.push_back(std::move(variant));
    }
    return measure_lists(model_, users_, variants, pool_, popularity_);
  }

  std::vector<double> along(const Axis& axis, const std::vector<ListMeasure>& measures) const {
    std::vector<double> values;
    for (const ListMeasure& measure : measures) values.push_back(axis.of(measure));
    return values;
  }
  static std::vector<double> ndcg_along(const std::vector<ListMeasure>& measures) {
    std::vector<double> values;
    for (const ListMeasure& measure : measures) values.push_back(measure.ndcg);
    return values;
  }

  Eigen::VectorXd spared() const {
    Eigen::VectorXd weights = Eigen::VectorXd::Constant(effects_.changes.cols(), kSpareShares);
    weights(effects_.popularity()) = kSparePopularity;
    weights(effects_.ndcg()) = kSpareNdcg;
    return weights;
  }

  std::optional<Knob> attribute_knob(uint32_t attribute) {
    const Axis axis{attribute};
    Knob knob = bonuses_[attribute];
    knob.name = knob_name(attribute);
    const Features features = choose_features(effects_, attribute, spared(), {}, options_.features);

    // The bonus alone: where it reaches the target, and at what cost.
    const std::vector<double> bonuses = doublings(2e-6, 20, 2);
    std::vector<Dose> doses;
    for (double bonus : bonuses) doses.push_back({0, bonus});
    const std::vector<ListMeasure> alone = measure(axis, features, doses);
    const double base = axis.of(alone[0]), base_ndcg = alone[0].ndcg;
    const double target = base + target_gain(base);
    const std::optional<double> bonus = first_reach(bonuses, along(axis, alone), target);
    if (!bonus || base_ndcg <= 0) return std::nullopt;  // nothing to promote, or nobody to ask
    const double cost = 1 - value_at(bonuses, ndcg_along(alone), *bonus) / base_ndcg;

    const Dose dose = mix(axis, features, base, base_ndcg, *bonus, cost);
    return calibrate(axis, features, dose, std::move(knob));
  }

  // The attribute's name; with its group where another group has the same name.
  std::string knob_name(uint32_t attribute) const {
    const auto& attributes = parts_.catalogue.attributes;
    const std::string& name = attributes[attribute].second;
    const auto same = std::count_if(attributes.begin(), attributes.end(),
                                    [&](const auto& other) { return other.second == name; });
    return same == 1 ? name : attributes[attribute].first + "/" + name;
  }

  // As large a part of the features as costs no more than the bonus alone.
  Dose mix(const Axis& axis, const Features& features, double base, double base_ndcg, double bonus,
           double bonus_cost) const {
    const double gain = target_gain(base);
    const std::vector<double> strengths = doublings(0.005, 16, 1.6);
    std::vector<Dose> doses;
    for (double strength : strengths) doses.push_back({strength, 0});
    const std::vector<double> shares = along(axis, measure(axis, features, doses));
    Dose best{0, bonus};
    for (double part : kFeatureParts) {
      const std::optional<double> strength = first_reach(strengths, shares, base + part * gain);
      if (!strength) continue;
      const std::vector<double> fractions{0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1};
      doses.clear();
      for (double fraction : fractions) doses.push_back({*strength, fraction * bonus});
      const std::vector<ListMeasure> mixed = measure(axis, features, doses);
      const std::optional<double> fraction =
          first_reach(fractions, along(axis, mixed), base + gain);
      if (!fraction) continue;
      const double cost = 1 - value_at(fractions, ndcg_along(mixed), *fraction) / base_ndcg;
      best = {*strength, *fraction * bonus};
      if (cost <= bonus_cost + kCostMargin) break;
    }
    return best;
  }

  std::optional<Knob> popularity_knob() {
    // Only features that tell popular tastes from unpopular ones.
    std::vector<uint32_t> candidates(contrast_.size());
    std::iota(candidates.begin(), candidates.end(), 0u);
    std::stable_sort(candidates.begin(), candidates.end(), [&](uint32_t a, uint32_t b) {
      return std::abs(contrast_[a]) > std::abs(contrast_[b]);
    });
    candidates.resize(std::min<size_t>(candidates.size(), 4 * options_.features));
    const Axis axis{};
    const Features features =
        choose_features(effects_, effects_.popularity(), spared(), candidates, options_.features);
    Knob knob;
    knob.name = "Popularity";
    knob.sae = options_.sae;
    knob.temperature = temperature_;
    return calibrate(axis, features, {0.05, 0}, std::move(knob));
  }

  // Scales `dose` to one unit, measures the curve and sets the safe range.
  std::optional<Knob> calibrate(const Axis& axis, const Features& features, const Dose& dose,
                                Knob knob) const {
    std::vector<double> scales = doublings(1.0 / 32, 12, 1.5);
    const std::vector<ListMeasure> rising = measure(axis, features, scaled(dose, scales));
    const double base = axis.of(rising[0]);
    const std::optional<double> unit =
        first_reach(scales, along(axis, rising), base + kShareOfUnit);
    if (!unit) return std::nullopt;

    const double strengths[] = {-20, -15, -10, -8, -6, -5, -4, -3, -2, -1, -0.5, 0,
                                0.5, 1,   2,   3,  4,  5,  6,  8,  10, 15, 20};
    scales.clear();
    for (double strength : strengths) scales.push_back(strength * *unit);
    const std::vector<ListMeasure> curve = measure(axis, features, scaled(dose, scales));
    const size_t middle = scales.size() / 2;
    size_t low = middle, high = middle;
    const auto safe = [&](size_t from, size_t to) {
      const double step = axis.of(curve[to]) - axis.of(curve[from]);
      return (to > from ? step : -step) > 0 &&
             curve[to].ndcg >= (1 - kSafeLoss) * curve[middle].ndcg;
    };
    while (high + 1 < scales.size() && safe(high, high + 1)) ++high;
    while (low > 0 && safe(low, low - 1)) --low;
    if (low == middle && high == middle) return std::nullopt;
    knob.min_strength = static_cast<float>(strengths[low]);
    knob.max_strength = static_cast<float>(strengths[high]);
    for (size_t i = low; i <= high; ++i) {
      knob.curve.push_back({static_cast<float>(strengths[i]), static_cast<float>(axis.of(curve[i])),
                            static_cast<float>(curve[i].ndcg)});
    }
    for (const auto& [feature, weight] : features) {
      const double scaled_weight = static_cast<double>(weight) * dose.features * *unit;
      if (scaled_weight != 0) {
        knob.features.emplace_back(feature, static_cast<float>(scaled_weight));
      }
    }
    knob.attribute_bonus = static_cast<float>(dose.bonus * *unit);
    return knob;
  }

  static std::vector<Dose> scaled(const Dose& dose, const std::vector<double>& scales) {
    std::vector<Dose> doses;
    for (double scale : scales) doses.push_back({scale * dose.features, scale * dose.bonus});
    return doses;
  }

  const ModelParts& parts_;
  const KnobOptions options_;
  ThreadPool* const pool_;
  const InterpretedSae& interpreted_;
  const Histories users_;
  const std::vector<float> popularity_;
  float temperature_ = 1;
  FeatureEffects effects_;
  std::vector<double> contrast_;
  std::vector<Knob> bonuses_;
  Model model_;
};

}  // namespace

std::vector<Knob> build_knobs(const ModelParts& parts, const Interpretation& interpretation,
                              const Histories& training, const KnobOptions& options,
                              ThreadPool* pool) {
  return KnobBuilder(parts, interpretation, training, options, pool).build();
}

}  // namespace pintle::converter
