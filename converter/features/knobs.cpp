// SPDX-License-Identifier: Apache-2.0
#include "converter/features/knobs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>
#include <tuple>

#include "converter/features/evidence.h"
#include "converter/features/feature_effects.h"
#include "converter/features/feature_help.h"
#include "converter/features/knob_range.h"
#include "converter/features/reward_curve.h"
#include "converter/features/temperature.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steered_lists.h"

namespace pintle::converter {
namespace {

// What side effects weigh against the effect itself in choose_features: shares of other attributes,
// popularity, NDCG.
constexpr double kSpareShares = 0.5, kSparePopularity = 0.1, kSpareNdcg = 1.0;
// Scales at which the popularity knob's features are tried, to find its unit.
constexpr double kFirstScale = 1.0 / 640, kScaleFactor = 1.5;
constexpr int kScales = 12;

Histories take_first(const Histories& histories, size_t users) {
  if (histories.users.size() <= users) return histories;
  // Evenly over the users: logs are often sorted by something.
  const size_t step = histories.users.size() / users;
  Histories taken = take_part(histories, 0, step);
  taken.users.resize(users);
  taken.items.resize(users);
  return taken;
}

std::string short_text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

class KnobBuilder {
 public:
  KnobBuilder(const ModelParts& parts, const Interpretation& interpretation,
              const Histories& training, const KnobOptions& options, ThreadPool* pool)
      : parts_(parts),
        options_(options),
        pool_(pool),
        users_(take_first(training, options.curve_users)),
        halves_{take_part(users_, 0, 2), take_part(users_, 1, 2)},
        popularity_(item_popularity(training, parts.catalogue.id_order.size())) {
    steerable_.saes = interpretation.saes;
    steerable_.temperature = fit_temperature(open_in_memory(join_parts(parts, steerable_)), users_);
    model_ = open_in_memory(join_parts(parts, steerable_));
    if (interpretation.saes.empty()) return;
    const InterpretedSae& sae = interpretation.saes.at(options.sae);
    if (sae.statistics.empty()) {
      throw Error("the SAE " + sae.name + " has no statistics: label it first");
    }
    effects_ = measure_feature_effects(model_, options.sae, sae,
                                       take_first(halves_.choosing, options.effect_users),
                                       popularity_, pool);
    contrast_ = popularity_contrast(model_, sae, users_, popularity_, pool);
  }

  BuiltKnobs build() {
    for (uint32_t a = 0; a < parts_.catalogue.attributes.size(); ++a) add_attribute(a);
    if (effects_) add_popularity();
    BuiltKnobs built;
    built.temperature = steerable_.temperature;
    built.wish_unit = wish_unit();
    set_ranges(&built.knobs);
    built.refused = std::move(refused_);
    return built;
  }

 private:
  // A knob whose range is as wide as its steps go.
  struct Draft {
    Knob knob;
    RewardSteps up, down;
  };

  void refuse(const Knob& knob, const std::string& reason) {
    refused_.push_back({knob.attribute_group, knob.attribute_name, reason});
  }

  void add_attribute(uint32_t attribute) {
    Draft draft;
    Knob& knob = draft.knob;
    std::tie(knob.attribute_group, knob.attribute_name) = parts_.catalogue.attributes[attribute];
    knob.name = knob_name(attribute);
    knob.sae = options_.sae;
    const double items = items_of(attribute);
    if (items < static_cast<double>(options_.min_items)) {
      refuse(knob, short_text(items) + " items, fewer than " + std::to_string(options_.min_items));
      return;
    }
    WeightedFeatures features{options_.sae, {}};
    find_steps(attribute, features, &draft);
    if (draft.up.rewards.empty() && draft.down.rewards.empty()) {
      refuse(knob, "no reward brings half of the people one item more, or takes one away");
      return;
    }
    features = helping_features(attribute, reward_points(draft.up, draft.down));
    if (!features.weights.empty()) {
      find_steps(attribute, features, &draft);
      knob.features = features.weights;
    }
    add(std::move(draft));
  }

  void find_steps(uint32_t attribute, const WeightedFeatures& features, Draft* draft) const {
    draft->up = find_rewards(model_, users_, attribute, 1, features, pool_);
    draft->down = find_rewards(model_, users_, attribute, -1, features, pool_);
  }

  double items_of(uint32_t attribute) const {
    const pintle_attribute_info info = require(model_.attribute(attribute), "attribute", attribute);
    if (info.memberships == nullptr) return static_cast<double>(info.item_count);
    return std::accumulate(info.memberships, info.memberships + info.item_count, 0.0) / kWholeLevel;
  }

  // The attribute's name; with its group where another group has the same name.
  std::string knob_name(uint32_t attribute) const {
    const auto& attributes = parts_.catalogue.attributes;
    const std::string& name = attributes[attribute].second;
    const auto same = std::count_if(attributes.begin(), attributes.end(),
                                    [&](const auto& other) { return other.second == name; });
    return same == 1 ? name : attributes[attribute].first + "/" + name;
  }

  Eigen::VectorXd spared() const {
    Eigen::VectorXd weights = Eigen::VectorXd::Constant(effects_->changes.cols(), kSpareShares);
    weights(effects_->popularity()) = kSparePopularity;
    weights(effects_->ndcg()) = kSpareNdcg;
    return weights;
  }

  // Per unit of strength; none where they do not help.
  WeightedFeatures helping_features(uint32_t attribute,
                                    const std::vector<std::pair<float, float>>& points) const {
    WeightedFeatures features{options_.sae, {}};
    if (!effects_) return features;
    features.weights = choose_features(*effects_, attribute, spared(), {}, options_.features);
    const std::optional<FeatureHelp> help =
        find_feature_help(model_, halves_, attribute, features, points, pool_);
    if (!help) return {options_.sae, {}};
    for (auto& feature : features.weights) feature.second *= static_cast<float>(help->dose);
    return features;
  }

  void add_popularity() {
    // Only features that tell popular tastes from unpopular ones.
    std::vector<uint32_t> candidates(contrast_.size());
    std::iota(candidates.begin(), candidates.end(), 0u);
    std::stable_sort(candidates.begin(), candidates.end(), [&](uint32_t a, uint32_t b) {
      return std::abs(contrast_[a]) > std::abs(contrast_[b]);
    });
    candidates.resize(std::min<size_t>(candidates.size(), 4 * options_.features));
    const WeightedFeatures features{
        options_.sae, choose_features(*effects_, effects_->popularity(), spared(), candidates,
                                      options_.features)};
    std::vector<ListVariant> variants(1);
    std::vector<double> scales{0};
    for (int i = 0; i < kScales; ++i) {
      scales.push_back(kFirstScale * std::pow(kScaleFactor, i));
      variants.push_back({edits_of(features, scales.back())});
    }
    const std::vector<ListMeasure> measures =
        measure_lists(model_, users_, variants, pool_, popularity_);
    for (size_t i = 1; i < measures.size(); ++i) {
      const double low = measures[i - 1].mean_value, high = measures[i].mean_value;
      const double aim = measures[0].mean_value + kPopularityOfUnit;
      if (high < aim) continue;
      const double unit = scales[i - 1] + (scales[i] - scales[i - 1]) * (aim - low) / (high - low);
      Draft draft;
      draft.knob.name = "Popularity";
      draft.knob.sae = options_.sae;
      for (const auto& [feature, weight] : features.weights) {
        draft.knob.features.emplace_back(feature, weight * static_cast<float>(unit));
      }
      add(std::move(draft));
      return;
    }
    refused_.push_back({"", "Popularity",
                        "its features do not move the mean popularity of the lists by " +
                            short_text(kPopularityOfUnit)});
  }

  void add(Draft draft) {
    Knob& knob = draft.knob;
    const bool has_attribute = !knob.attribute_group.empty() || !knob.attribute_name.empty();
    if (has_attribute) knob.rewards = reward_points(draft.up, draft.down);
    knob.min_strength = has_attribute ? knob.rewards.front().first : -kMostSteps;
    knob.max_strength = has_attribute ? knob.rewards.back().first : kMostSteps;
    drafts_.push_back(std::move(draft));
  }

  // On the model with all drafts in it: what is measured is what ships.
  void set_ranges(std::vector<Knob>* knobs) {
    Interpretation trial = steerable_;
    for (const Draft& draft : drafts_) trial.knobs.push_back(draft.knob);
    const Model model = open_in_memory(join_parts(parts_, trial));
    for (uint32_t i = 0; i < drafts_.size(); ++i) {
      Draft& draft = drafts_[i];
      if (set_range(model, i, users_, draft.up, draft.down, popularity_, pool_, &draft.knob)) {
        knobs->push_back(std::move(draft.knob));
      } else {
        refuse(draft.knob, "a tenth of a unit costs 5 % of NDCG@10 either way, or NDCG@10 is 0");
      }
    }
  }

  float wish_unit() const {
    std::vector<float> units;
    for (const Draft& draft : drafts_) {
      if (!draft.up.rewards.empty()) units.push_back(static_cast<float>(draft.up.rewards[0]));
    }
    if (units.empty()) return worth_of_last_entry(model_, users_, steerable_.temperature);
    std::sort(units.begin(), units.end());
    return quantile(units, 0.5);
  }

  const ModelParts& parts_;
  const KnobOptions options_;
  ThreadPool* const pool_;
  const Histories users_;
  const HelpUsers halves_;
  const std::vector<float> popularity_;
  Interpretation steerable_;  // the SAEs and the temperature
  Model model_;
  std::optional<FeatureEffects> effects_;  // of the SAE, if there is one
  std::vector<double> contrast_;
  std::vector<Draft> drafts_;
  std::vector<RefusedKnob> refused_;
};

}  // namespace

BuiltKnobs build_knobs(const ModelParts& parts, const Interpretation& interpretation,
                       const Histories& training, const KnobOptions& options, ThreadPool* pool) {
  return KnobBuilder(parts, interpretation, training, options, pool).build();
}

}  // namespace pintle::converter
