// SPDX-License-Identifier: Apache-2.0
#include "converter/features/knobs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "converter/features/evidence.h"
#include "converter/features/feature_effects.h"
#include "converter/features/feature_help.h"
#include "converter/features/knob_range.h"
#include "converter/features/reward_curve.h"
#include "converter/features/temperature.h"
#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "converter/run/list_batch.h"
#include "converter/run/runtime_model.h"

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

// "building knobs [===>   ] 12 of 31 knobs": one bar over both halves of the work, rewards and ranges.
class KnobBar {
 public:
  explicit KnobBar(size_t knobs) : bar_("building knobs", "knobs", knobs) {}

  // Knobs of which a half is done, and lists that were made.
  void add(size_t halves, size_t lists) {
    halves_ += halves;
    lists_ += lists;
    const size_t knobs = halves_ / 2;
    bar_.advance(knobs - std::exchange(knobs_, knobs), std::to_string(lists_) + " lists");
  }
  ListReport report() {
    return [this](size_t searches, size_t lists) { add(searches, lists); };
  }

 private:
  Progress bar_;
  size_t halves_ = 0, knobs_ = 0, lists_ = 0;
};

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
    std::vector<Draft> drafts = first_drafts();
    KnobBar bar(static_cast<size_t>(std::count_if(
        drafts.begin(), drafts.end(), [](const Draft& draft) { return !draft.is_refused(); })));
    find_rewards_of(&drafts, &bar);
    BuiltKnobs built;
    built.temperature = steerable_.temperature;
    built.wish_unit = wish_unit(drafts);
    set_ranges(&drafts, &bar);
    // Those that a range could not be found for are told after the others, as they were found out.
    for (const bool of_range : {false, true}) {
      for (const Draft& draft : drafts) {
        if (!draft.is_refused() || draft.has_steps != of_range) continue;
        const Knob& knob = draft.knob;
        const bool has_name = has_attribute(knob);
        built.refused.push_back(
            {knob.attribute_group, has_name ? knob.attribute_name : knob.name, draft.refusal});
      }
    }
    for (Draft& draft : drafts) {
      if (!draft.is_refused()) built.knobs.push_back(std::move(draft.knob));
    }
    return built;
  }

 private:
  // A knob whose range is as wide as its steps go, or why there is none.
  struct Draft {
    uint32_t attribute = 0;
    Knob knob;
    RewardSteps up, down;
    bool has_steps = false;
    std::string refusal;
    bool is_refused() const { return !refusal.empty(); }
  };

  static bool has_attribute(const Knob& knob) {
    return !knob.attribute_group.empty() || !knob.attribute_name.empty();
  }

  // The attributes in the catalogue's order, then popularity; those of too few items are refused.
  std::vector<Draft> first_drafts() const {
    std::vector<Draft> drafts;
    for (uint32_t a = 0; a < parts_.catalogue.attributes.size(); ++a) {
      Draft& draft = drafts.emplace_back();
      draft.attribute = a;
      Knob& knob = draft.knob;
      std::tie(knob.attribute_group, knob.attribute_name) = parts_.catalogue.attributes[a];
      knob.name = knob_name(a);
      knob.sae = options_.sae;
      const auto without = options_.without.find(parts_.catalogue.attributes[a]);
      if (without != options_.without.end()) {
        draft.refusal = without->second;
        continue;
      }
      const double items = items_of(a);
      if (items >= static_cast<double>(options_.min_items)) continue;
      draft.refusal =
          short_text(items) + " items, fewer than " + std::to_string(options_.min_items);
    }
    if (effects_) {
      Knob& knob = drafts.emplace_back().knob;
      knob.name = "Popularity";
      knob.sae = options_.sae;
    }
    return drafts;
  }

  static std::vector<Draft*> not_refused(std::vector<Draft>* drafts) {
    std::vector<Draft*> kept;
    for (Draft& draft : *drafts) {
      if (!draft.is_refused()) kept.push_back(&draft);
    }
    return kept;
  }

  void find_rewards_of(std::vector<Draft>* drafts, KnobBar* bar) const {
    const std::vector<Draft*> kept = not_refused(drafts);
    run_searches(
        kept.size(), pool_,
        [&](size_t i, const MeasureLists& measure) {
          Draft* const draft = kept[i];
          if (has_attribute(draft->knob)) {
            draft_attribute(draft, measure);
          } else {
            draft_popularity(draft, measure);
          }
          if (draft->is_refused()) return;
          draft->has_steps = true;
          Knob& knob = draft->knob;
          knob.min_strength = has_attribute(knob) ? knob.rewards.front().first : -kMostSteps;
          knob.max_strength = has_attribute(knob) ? knob.rewards.back().first : kMostSteps;
        },
        bar->report());
    bar->add(kept.size() - not_refused(drafts).size(), 0);  // nothing more is done for them
  }

  void draft_attribute(Draft* draft, const MeasureLists& measure) const {
    WeightedFeatures features{options_.sae, {}};
    find_steps(features, measure, draft);
    if (draft->up.rewards.empty() && draft->down.rewards.empty()) {
      draft->refusal = "no reward brings half of the people one item more, or takes one away";
      return;
    }
    features = helping_features(draft->attribute, reward_points(draft->up, draft->down), measure);
    if (!features.weights.empty()) {
      find_steps(features, measure, draft);
      draft->knob.features = features.weights;
    }
    draft->knob.rewards = reward_points(draft->up, draft->down);
  }

  void find_steps(const WeightedFeatures& features, const MeasureLists& measure,
                  Draft* draft) const {
    draft->up = find_rewards(model_, users_, draft->attribute, 1, features, measure);
    draft->down = find_rewards(model_, users_, draft->attribute, -1, features, measure);
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
    // A soft group may be the target's twin.
    for (uint32_t a = 0; a < parts_.catalogue.attributes.size(); ++a) {
      if (is_soft(model_, a)) weights(a) = 0;
    }
    weights(effects_->popularity()) = kSparePopularity;
    weights(effects_->ndcg()) = kSpareNdcg;
    return weights;
  }

  // Per unit of strength; none where they do not help.
  WeightedFeatures helping_features(uint32_t attribute,
                                    const std::vector<std::pair<float, float>>& points,
                                    const MeasureLists& measure) const {
    WeightedFeatures features{options_.sae, {}};
    // Of soft attributes the wish is all there is.
    if (!effects_ || is_soft(model_, attribute)) return features;
    features.weights = choose_features(*effects_, attribute, spared(), {}, options_.features);
    const std::optional<FeatureHelp> help =
        find_feature_help(model_, halves_, attribute, features, points, measure);
    if (!help) return {options_.sae, {}};
    for (auto& feature : features.weights) feature.second *= static_cast<float>(help->dose);
    return features;
  }

  void draft_popularity(Draft* draft, const MeasureLists& measure) const {
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
    const std::vector<ListMeasure> measures = measure(model_, users_, variants, popularity_);
    for (size_t i = 1; i < measures.size(); ++i) {
      const double low = measures[i - 1].mean_value, high = measures[i].mean_value;
      const double aim = measures[0].mean_value + kPopularityOfUnit;
      if (high < aim) continue;
      const double unit = scales[i - 1] + (scales[i] - scales[i - 1]) * (aim - low) / (high - low);
      for (const auto& [feature, weight] : features.weights) {
        draft->knob.features.emplace_back(feature, weight * static_cast<float>(unit));
      }
      return;
    }
    draft->refusal = "its features do not move the mean popularity of the lists by " +
                     short_text(kPopularityOfUnit);
  }

  // On the model with all drafts in it: what is measured is what ships.
  void set_ranges(std::vector<Draft>* drafts, KnobBar* bar) const {
    const std::vector<Draft*> kept = not_refused(drafts);
    Interpretation trial = steerable_;
    for (const Draft* draft : kept) trial.knobs.push_back(draft->knob);
    const Model model = open_in_memory(join_parts(parts_, trial));
    run_searches(
        kept.size(), pool_,
        [&](size_t i, const MeasureLists& measure) {
          Draft* const draft = kept[i];
          if (set_range(model, static_cast<uint32_t>(i), users_, draft->up, draft->down,
                        popularity_, measure, &draft->knob)) {
            return;
          }
          draft->refusal = "a tenth of a unit costs 5 % of NDCG@10 either way, or NDCG@10 is 0";
        },
        bar->report());
  }

  float wish_unit(const std::vector<Draft>& drafts) const {
    // Items of a soft group count in part, so that one more of them takes more than one item. They set the
    // unit only where there is no other knob.
    std::vector<float> units;
    for (const bool soft : {false, true}) {
      for (const Draft& draft : drafts) {
        if (draft.up.rewards.empty() || is_soft(model_, draft.attribute) != soft) continue;
        units.push_back(static_cast<float>(draft.up.rewards[0]));
      }
      if (!units.empty()) break;
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
};

}  // namespace

BuiltKnobs build_knobs(const ModelParts& parts, const Interpretation& interpretation,
                       const Histories& training, const KnobOptions& options, ThreadPool* pool) {
  return KnobBuilder(parts, interpretation, training, options, pool).build();
}

}  // namespace pintle::converter
