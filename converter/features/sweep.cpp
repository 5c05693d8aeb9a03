// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "converter/io/error.h"
#include "converter/run/harvest.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// How often the aims are approached, each time with one pass over the users.
constexpr int kApproaches = 4;

// Mean state after events that have each attribute, less the mean after the others: one pass.
std::map<uint32_t, std::vector<float>> mean_differences(const Model& model,
                                                        const std::vector<uint32_t>& attributes,
                                                        const Histories& histories,
                                                        const Hook& hook, ThreadPool* pool) {
  const size_t dim = model.info().dim;
  struct Sum {
    std::vector<double> state;
    size_t count = 0;
    void add(const float* row) {
      ++count;
      for (size_t i = 0; i < state.size(); ++i) state[i] += static_cast<double>(row[i]);
    }
  };
  Sum all{std::vector<double>(dim)};
  std::map<uint32_t, Sum> having;
  for (const uint32_t attribute : attributes) having[attribute] = all;
  harvest_states(model, histories, hook, pool, [&](const UserStates& user) {
    for (size_t t = 0; t < user.items.size(); ++t) {
      const float* const row = &user.states[t * dim];
      all.add(row);
      const pintle_item_info item = require(model.item(user.items[t]), "item", user.items[t]);
      for (auto& [attribute, sum] : having) {
        // Of soft attributes, those that the item has for the greater part.
        if (2 * membership_of(item, attribute) > kWholeLevel) sum.add(row);
      }
    }
  });
  std::map<uint32_t, std::vector<float>> directions;
  for (const auto& [attribute, sum] : having) {
    const size_t others = all.count - sum.count;
    if (sum.count == 0 || others == 0) {
      throw Error("the users of the direction have " + std::to_string(sum.count) +
                  " events with the attribute and " + std::to_string(others) +
                  " without: a difference of means needs both");
    }
    std::vector<float>& direction = directions[attribute];
    for (size_t i = 0; i < dim; ++i) {
      direction.push_back(
          static_cast<float>(sum.state[i] / static_cast<double>(sum.count) -
                             (all.state[i] - sum.state[i]) / static_cast<double>(others)));
    }
  }
  return directions;
}

uint32_t require_attribute(const SweepMethod& method, std::optional<uint32_t> attribute) {
  if (!attribute) throw Error("the method " + method.name + " needs an attribute");
  return *attribute;
}

SweptModel swept_feature(const Model& model, const SweepMethod& method) {
  const uint32_t feature = method.feature;
  if (!(require(model.feature(method.sae, feature), "feature", feature).p95 > 0)) {
    throw Error("the method " + method.name +
                ": the feature has no measured 95th percentile, the unit of the strength: "
                "label the SAE with `pintle label`");
  }
  return {model, edit(PINTLE_EDIT_ADD, method.sae, feature, 1, PINTLE_EDIT_CALIBRATED)};
}

void require_whole(const SweepMethod& method, const std::vector<float>& strengths) {
  for (const float strength : strengths) {
    if (strength == std::round(strength)) continue;
    throw Error("the method " + method.name + " swaps whole items: " + std::to_string(strength) +
                " is no whole number");
  }
}

// `first`, and its multiples by powers of `factor`, on both sides of 0.
std::vector<float> doses(double first, double factor, int count) {
  std::vector<float> strengths;
  for (int i = -count; i <= count; ++i) {
    const double dose = i == 0 ? 0 : first * std::pow(factor, std::abs(i) - 1);
    strengths.push_back(static_cast<float>(i < 0 ? -dose : dose));
  }
  return strengths;
}

}  // namespace

std::vector<SweepMethod> score_methods() {
  std::vector<SweepMethod> methods;
  for (const auto& [name, scores] :
       {std::pair{"bonus", ScoreMethod::kBonus}, std::pair{"reweight", ScoreMethod::kReweight},
        std::pair{"reweight-ordered", ScoreMethod::kReweightOrdered},
        std::pair{"quota", ScoreMethod::kQuota}}) {
    methods.push_back({SweepKind::kScores, name, 0, scores, 0, 0});
  }
  return methods;
}

std::vector<float> even_strengths(float from, float to, size_t count) {
  std::vector<float> strengths;
  for (size_t i = 0; i < count; ++i) {
    const double part = count < 2 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
    strengths.push_back(static_cast<float>((1 - part) * static_cast<double>(from) +
                                           part * static_cast<double>(to)));
  }
  return strengths;
}

std::vector<float> usual_strengths(SweepKind kind, ScoreMethod scores) {
  if (kind == SweepKind::kKnob) return even_strengths(-10, 10, 41);
  if (kind != SweepKind::kScores) return doses(0.02, 1.6, 16);  // to 23
  if (scores == ScoreMethod::kQuota) return even_strengths(-10, 10, 21);
  if (scores == ScoreMethod::kBonus) return doses(1e-7, 2, 25);  // probabilities, to beyond 1
  return doses(0.02, 1.5, 20);  // a factor of 1.02 to the largest there is, e^44
}

Sweeper::Sweeper(const std::string& path, const Histories& histories, const SweepOptions& options,
                 ThreadPool* pool)
    : path_(path),
      model_(open_model(path)),
      histories_(histories),
      options_(options),
      pool_(pool) {}

const ModelParts& Sweeper::parts() {
  if (!parts_) parts_ = std::make_unique<ModelParts>(read_model_parts(path_));
  return *parts_;
}

const ScoreLists& Sweeper::score_lists() {
  if (!score_lists_) {
    score_lists_ = std::make_unique<ScoreLists>(model_, histories_, options_.attributes, pool_);
  }
  return *score_lists_;
}

const std::vector<float>& Sweeper::direction(uint32_t attribute) {
  if (directions_.empty()) {
    directions_ = mean_differences(model_, options_.direction_attributes,
                                   *options_.direction_histories, options_.hook, pool_);
  }
  return directions_.at(attribute);
}

Sweeper::SteeredMethod Sweeper::steered_method(const SweepMethod& method,
                                               std::optional<uint32_t> attribute) {
  if (method.kind == SweepKind::kFeature) return {swept_feature(model_, method), options_.flags};
  if (method.kind == SweepKind::kKnob) {
    return {unbounded_knob(parts(), method.knob), options_.flags};
  }
  if ((options_.flags & PINTLE_STEER_REPLACE) != 0) {
    throw Error("the method direction edits no SAE's features: use it in delta mode");
  }
  if (options_.direction_histories == nullptr) {
    throw Error("the method direction needs users over whom the means are taken");
  }
  return {direction_of(parts(), options_.hook, direction(require_attribute(method, attribute))),
          options_.flags};
}

std::vector<ListMeasure> Sweeper::measure(const SweepMethod& method, const SteeredMethod* steered,
                                          std::optional<uint32_t> attribute,
                                          const std::vector<float>& strengths) {
  if (steered == nullptr) {
    return score_lists().measure(method.scores, *attribute, strengths, pool_);
  }
  std::vector<ListVariant> variants;
  for (const float strength : strengths) {
    ListVariant variant{{}, steered->flags, {}, attribute};
    pintle_edit edit = steered->swept.unit;
    edit.value = strength;
    if (strength != 0) variant.edits = {edit};
    variants.push_back(std::move(variant));
  }
  return measure_lists(steered->swept.model, histories_, variants, pool_);
}

Sweep Sweeper::run(const SweepMethod& method, std::optional<uint32_t> attribute,
                   const std::vector<float>& strengths) {
  const bool is_whole = method.kind == SweepKind::kScores && method.scores == ScoreMethod::kQuota;
  if (is_whole) require_whole(method, strengths);
  std::optional<SteeredMethod> own;
  if (method.kind == SweepKind::kScores) {
    require_attribute(method, attribute);
  } else {
    own = steered_method(method, attribute);
  }
  const SteeredMethod* const steered = own ? &*own : nullptr;
  std::vector<float> all{0};
  all.insert(all.end(), strengths.begin(), strengths.end());
  std::vector<ListMeasure> measures = measure(method, steered, attribute, all);
  Sweep sweep;
  sweep.base = std::move(measures[0]);
  for (size_t i = 0; i < strengths.size(); ++i) {
    sweep.points.push_back({strengths[i], std::move(measures[i + 1])});
  }
  for (int i = 0; attribute && !is_whole && i < kApproaches; ++i) {
    std::vector<float> next;
    for (const SweepAim aim : kSweepAims) {
      if (const auto strength = strength_near(sweep, *attribute, aim)) next.push_back(*strength);
    }
    if (next.empty()) break;
    measures = measure(method, steered, attribute, next);
    for (size_t n = 0; n < next.size(); ++n) {
      sweep.near.push_back({next[n], std::move(measures[n])});
    }
  }
  return sweep;
}

}  // namespace pintle::converter
