// SPDX-License-Identifier: Apache-2.0
#include "converter/report/baseline_section.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "converter/features/sweep.h"
#include "converter/report/report_numbers.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

using nlohmann::ordered_json;

ordered_json aim_json(const Sweep& sweep, uint32_t attribute, SweepAim aim) {
  const auto summary = summarize_sweep(sweep, attribute, aim);
  if (!summary) return nullptr;
  return {{"target", rounded(summary->target_share)}, {"strength", rounded(summary->strength)},
          {"loss", rounded(summary->ndcg_loss)},      {"low", rounded(summary->loss.low)},
          {"high", rounded(summary->loss.high)},      {"unchanged", rounded(summary->unchanged)},
          {"unmoved", rounded(summary->unmoved)}};
}

// From the unsteered lists up, by strength.
ordered_json rising_points(const Sweep& sweep, uint32_t attribute) {
  std::vector<std::pair<float, const ListMeasure*>> rising{{0.0f, &sweep.base}};
  for (const std::vector<SweepPoint>* list : {&sweep.points, &sweep.near}) {
    for (const SweepPoint& point : *list) {
      if (point.strength > 0) rising.emplace_back(point.strength, &point.measure);
    }
  }
  std::sort(rising.begin(), rising.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  ordered_json points = ordered_json::array();
  for (const auto& [strength, measure] : rising) {
    points.push_back({rounded(measure->shares[attribute]), rounded(measure->ndcg)});
  }
  return points;
}

ordered_json method_json(const SweepMethod& method, const Sweep& sweep, uint32_t attribute) {
  const bool is_feature = method.kind == SweepKind::kFeature;
  return {{"name", is_feature ? "feature" : method.name},
          {"points", rising_points(sweep, attribute)},
          {"doubled", aim_json(sweep, attribute, SweepAim::kDoubled)},
          {"to_half", aim_json(sweep, attribute, SweepAim::kToHalf)},
          {"halved", aim_json(sweep, attribute, SweepAim::kHalved)}};
}

// Attributes of knobs, that some of the users' events have and some have not.
std::vector<uint32_t> told_apart(const Model& model, const std::vector<uint32_t>& attributes,
                                 const Histories& users) {
  std::vector<uint32_t> told;
  for (const uint32_t attribute : attributes) {
    bool with = false, without = false;
    for (const auto& items : users.items) {
      for (const uint32_t item : items) {
        const uint32_t level = membership_of(require(model.item(item), "item", item), attribute);
        (level > kWholeLevel / 2 ? with : without) = true;
      }
      if (with && without) break;
    }
    if (with && without) told.push_back(attribute);
  }
  return told;
}

// A feature whose strength has a unit.
bool has_unit(const Model& model, uint32_t sae, uint32_t feature) {
  return require(model.feature(sae, feature), "feature", feature).p95 > 0;
}

// Where mean differences are taken: at the first SAE, whose features they are compared with.
Hook direction_hook(const Model& model) {
  if (model.info().sae_count == 0) return parse_hook("last");
  return parse_hook(require(model.sae(0), "SAE", 0).hook);
}

}  // namespace

void add_baselines(const std::string& path, const Model& model, const FeaturesFiles& described,
                   const Histories& histories, const Histories& direction_users, ThreadPool* pool,
                   ordered_json* knobs) {
  std::vector<uint32_t> attributes;
  for (const ordered_json& knob : *knobs) {
    if (!knob.at("attribute").is_null()) {
      attributes.push_back(knob.at("attribute").at("number").get<uint32_t>());
    }
  }
  SweepOptions options;
  options.attributes = attributes;
  options.direction_attributes = told_apart(model, attributes, direction_users);
  options.direction_histories = &direction_users;
  options.hook = direction_hook(model);
  Sweeper sweeper(path, histories, options, pool);
  for (uint32_t k = 0; k < knobs->size(); ++k) {
    ordered_json& knob = (*knobs)[k];
    knob["methods"] = nullptr;
    if (knob.at("attribute").is_null()) continue;
    const uint32_t attribute = knob.at("attribute").at("number").get<uint32_t>();
    std::vector<SweepMethod> methods = score_methods();
    SweepMethod own;
    own.knob = k;
    methods.insert(methods.begin(), own);
    const uint32_t sae = knob.at("sae").get<uint32_t>();
    const std::optional<uint32_t> feature = best_feature(described, sae, knob.at("attribute"));
    if (feature && has_unit(model, sae, *feature)) {
      methods.push_back({SweepKind::kFeature, "feature:" + std::to_string(*feature), 0,
                         ScoreMethod::kReweight, sae, *feature});
    }
    const std::vector<uint32_t>& told = options.direction_attributes;
    if (std::find(told.begin(), told.end(), attribute) != told.end()) {
      methods.push_back({SweepKind::kDirection, "direction", 0, ScoreMethod::kReweight, 0, 0});
    }
    ordered_json& list = knob["methods"] = ordered_json::array();
    for (const SweepMethod& method : methods) {
      const Sweep sweep =
          sweeper.run(method, attribute, usual_strengths(method.kind, method.scores));
      list.push_back(method_json(method, sweep, attribute));
    }
    knob["single_feature"] = feature ? ordered_json(*feature) : ordered_json(nullptr);
  }
}

}  // namespace pintle::converter
