// SPDX-License-Identifier: Apache-2.0
#include "converter/report/knob_section.h"

#include <algorithm>
#include <optional>
#include <string>

#include "converter/io/error.h"
#include "converter/report/report_numbers.h"
#include "converter/run/steered_lists.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Doses of a single feature, in units of its 95th percentile: from a nudge to far more than it has
// by itself.
constexpr float kFirstDose = 0.25f, kDoseFactor = 1.6f;
constexpr size_t kDoses = 10;

// Lists are tallied with one byte an item for every variant and thread: so many of them at a time.
constexpr size_t kTallyBytes = size_t{64} << 20;

const json& knob_json(const FeaturesFiles& described, const std::string& name) {
  for (const json& knob : described.knobs) {
    if (knob.at("name") == name) return knob;
  }
  throw Error("features.json does not describe the model's knob " + name +
              ": take the file that the model was converted with");
}

// The variants of all knobs in one row, with who asked for which.
struct Trial {
  size_t knob;
  bool is_single;
  double strength;
  ListVariant variant;
};

std::vector<Trial> plan_trials(const Model& model, const FeaturesFiles& described,
                               const ordered_json& knobs) {
  std::vector<Trial> trials;
  for (size_t k = 0; k < knobs.size(); ++k) {
    const auto add = [&](bool is_single, const pintle_edit& edit) {
      Trial trial{k, is_single, static_cast<double>(edit.value), {}};
      if (edit.value != 0) trial.variant.edits = {edit};
      trials.push_back(trial);
    };
    for (const ordered_json& strength : knobs[k].at("strengths")) {
      add(false, turn(static_cast<uint32_t>(k), strength.get<float>()));
    }
    const uint32_t sae = knobs[k].at("sae").get<uint32_t>();
    const std::optional<uint32_t> feature = best_feature(described, sae, knobs[k].at("attribute"));
    if (!feature || require(model.feature(sae, *feature), "feature", *feature).p95 <= 0) continue;
    float dose = kFirstDose;
    for (size_t i = 0; i < kDoses; ++i, dose *= kDoseFactor) {
      add(true, edit(PINTLE_EDIT_ADD, sae, *feature, dose, PINTLE_EDIT_CALIBRATED));
    }
  }
  return trials;
}

// Popularity is kept beside the shares: it is what a knob without an attribute moves.
ordered_json measure_json(double strength, const ListMeasure& measure,
                          const std::vector<uint32_t>& attributes) {
  std::vector<double> shares;
  for (uint32_t a : attributes) shares.push_back(measure.shares[a]);
  return {{"strength", rounded(strength)},         {"ndcg", rounded(measure.ndcg)},
          {"hit_rate", rounded(measure.hit_rate)}, {"coverage", rounded(measure.coverage)},
          {"overlap", rounded(measure.overlap)},   {"popularity", rounded(measure.mean_value)},
          {"shares", rounded_json(shares)}};
}

}  // namespace

std::vector<float> knob_strengths(float min_strength, float max_strength) {
  std::vector<float> strengths{min_strength, 0, max_strength};
  const float reach = std::max(-min_strength, max_strength);
  if (reach >= 2) {
    for (float step : {1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 8.f, 10.f, 12.f, 15.f, 20.f}) {
      strengths.push_back(step);
      strengths.push_back(-step);
    }
  } else {
    for (float part : {0.25f, 0.5f, 0.75f}) {
      strengths.push_back(part * max_strength);
      strengths.push_back(part * min_strength);
    }
  }
  std::sort(strengths.begin(), strengths.end());
  strengths.erase(std::unique(strengths.begin(), strengths.end()), strengths.end());
  const auto outside = [&](float strength) {
    return strength < min_strength || strength > max_strength;
  };
  strengths.erase(std::remove_if(strengths.begin(), strengths.end(), outside), strengths.end());
  return strengths;
}

ordered_json knob_section(const Model& model, const FeaturesFiles& described) {
  ordered_json knobs = ordered_json::array();
  const std::vector<std::string> names = knob_names(model);
  for (uint32_t k = 0; k < names.size(); ++k) {
    const json& knob = knob_json(described, names[k]);
    const pintle_knob_info info = require(model.knob(k), "knob", k);
    ordered_json attribute = nullptr, parts = ordered_json::array(), curve = ordered_json::array();
    if (info.has_attribute) {
      attribute = {{"number", info.attribute},
                   {"group", knob.at("attribute").at("group")},
                   {"name", knob.at("attribute").at("name")}};
    }
    const uint32_t sae = knob.at("sae").get<uint32_t>();
    for (const json& part : knob.at("features")) {
      const uint32_t feature = part.at(0).get<uint32_t>();
      parts.push_back({{"feature", feature},
                       {"label", require(model.feature(sae, feature), "feature", feature).label},
                       {"weight", rounded(part.at(1).get<double>())}});
    }
    for (const json& point : knob.at("curve")) {
      curve.push_back({{"strength", rounded(point.at("strength").get<double>())},
                       {"share", rounded(point.at("share").get<double>())},
                       {"ndcg", rounded(point.at("ndcg").get<double>())}});
    }
    ordered_json strengths = ordered_json::array();
    for (float strength : knob_strengths(info.min_strength, info.max_strength)) {
      strengths.push_back(shortest(strength));
    }
    const double bonus = knob.at("attribute_bonus").get<double>();
    const double bias = knob.at("attribute_bias").get<double>();
    knobs.push_back({{"name", names[k]},
                     {"attribute", attribute},
                     {"sae", sae},
                     {"features", parts},
                     {"has_bonus", bonus != 0 || bias != 0},
                     {"strengths", strengths},
                     {"curve", curve}});
  }
  return knobs;
}

ordered_json measure_knobs(const Model& model, const FeaturesFiles& described,
                           const Histories& histories, const std::vector<float>& popularity,
                           const std::vector<uint32_t>& attributes, ThreadPool* pool,
                           ordered_json* knobs) {
  const std::vector<Trial> trials = plan_trials(model, described, *knobs);
  const size_t items = model.info().item_count;
  const size_t tally_bytes = items * static_cast<size_t>(pool->size());
  const size_t batch = std::max<size_t>(1, kTallyBytes / std::max<size_t>(1, tally_bytes));
  for (ordered_json& knob : *knobs) knob["effects"] = knob["single"] = ordered_json::array();
  ordered_json base;
  for (size_t start = 0; start == 0 || start < trials.size(); start += batch) {
    const size_t end = std::min(trials.size(), start + batch);
    std::vector<ListVariant> variants{ListVariant{}};
    for (size_t t = start; t < end; ++t) variants.push_back(trials[t].variant);
    const std::vector<ListMeasure> measures =
        measure_lists(model, histories, variants, pool, popularity);
    base = measure_json(0, measures[0], attributes);
    for (size_t t = start; t < end; ++t) {
      (*knobs)[trials[t].knob][trials[t].is_single ? "single" : "effects"].push_back(
          measure_json(trials[t].strength, measures[t - start + 1], attributes));
    }
  }
  for (ordered_json& knob : *knobs) {
    const std::optional<uint32_t> feature =
        best_feature(described, knob.at("sae").get<uint32_t>(), knob.at("attribute"));
    knob["single_feature"] = feature ? ordered_json(*feature) : ordered_json(nullptr);
  }
  return base;
}

}  // namespace pintle::converter
