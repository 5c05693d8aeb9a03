// SPDX-License-Identifier: Apache-2.0
#include "converter/report/knob_section.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "converter/features/knob_range.h"
#include "converter/io/error.h"
#include "converter/report/report_numbers.h"
#include "converter/run/steered_lists.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Lists are tallied with a bit an item and a few bytes a user for every variant: so many at a time.
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
  ListVariant variant;
  double strength;
};

std::vector<Trial> plan_trials(const ordered_json& knobs) {
  std::vector<Trial> trials;
  for (size_t k = 0; k < knobs.size(); ++k) {
    for (const ordered_json& value : knobs[k].at("strengths")) {
      const float strength = value.get<float>();
      Trial trial{k, {}, static_cast<double>(strength)};
      if (strength != 0) trial.variant.edits = {turn(static_cast<uint32_t>(k), strength)};
      trials.push_back(std::move(trial));
    }
  }
  return trials;
}

// NaN, of what was not met or measured, is null.
ordered_json number_or_null(float value) {
  return std::isnan(value) ? ordered_json(nullptr) : ordered_json(shortest(value));
}

// One end of a knob's range.
ordered_json end_json(float strength, float by_loss, float by_items) {
  return {{"strength", shortest(strength)},
          {"by_loss", number_or_null(by_loss)},
          {"by_items", number_or_null(by_items)},
          {"reason", range_end_reason(strength, by_loss, by_items)}};
}

ordered_json curve_json(const json& knob) {
  ordered_json curve = ordered_json::array();
  for (const json& point : knob.at("curve")) {
    ordered_json told;
    for (const char* key : {"strength", "share", "ndcg", "median_gain", "no_gain"}) {
      const json& value = point.at(key);
      told[key] =
          value.is_null() ? ordered_json(nullptr) : ordered_json(rounded(value.get<double>()));
    }
    curve.push_back(std::move(told));
  }
  return curve;
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
    for (float step : {0.5f, 1.f, 1.5f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 8.f, 9.f, 10.f}) {
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
    ordered_json attribute = nullptr, parts = ordered_json::array();
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
    ordered_json strengths = ordered_json::array();
    for (float strength : knob_strengths(info.min_strength, info.max_strength)) {
      strengths.push_back(shortest(strength));
    }
    knobs.push_back({{"name", names[k]},
                     {"attribute", attribute},
                     {"sae", sae},
                     {"features", parts},
                     {"has_wish", !knob.at("rewards").empty()},
                     {"low", end_json(info.min_strength, info.min_by_loss, info.min_by_items)},
                     {"high", end_json(info.max_strength, info.max_by_loss, info.max_by_items)},
                     {"strengths", strengths},
                     {"curve", curve_json(knob)}});
  }
  return knobs;
}

ordered_json measure_knobs(const Model& model, const Histories& histories,
                           const std::vector<float>& popularity,
                           const std::vector<uint32_t>& attributes, ThreadPool* pool,
                           ordered_json* knobs) {
  const std::vector<Trial> trials = plan_trials(*knobs);
  const size_t bits = model.info().item_count * static_cast<size_t>(pool->size());
  const size_t batch =
      std::max<size_t>(1, kTallyBytes / (1 + bits / 8 + 16 * histories.users.size()));
  for (ordered_json& knob : *knobs) knob["effects"] = ordered_json::array();
  ordered_json base;
  for (size_t start = 0; start == 0 || start < trials.size(); start += batch) {
    const size_t end = std::min(trials.size(), start + batch);
    std::vector<ListVariant> variants{ListVariant{}};
    for (size_t t = start; t < end; ++t) variants.push_back(trials[t].variant);
    const std::vector<ListMeasure> measures =
        measure_lists(model, histories, variants, pool, popularity);
    base = measure_json(0, measures[0], attributes);
    for (size_t t = start; t < end; ++t) {
      (*knobs)[trials[t].knob]["effects"].push_back(
          measure_json(trials[t].strength, measures[t - start + 1], attributes));
    }
  }
  return base;
}

}  // namespace pintle::converter
