// SPDX-License-Identifier: Apache-2.0
#include "converter/report/feature_section.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "converter/io/error.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr size_t kListedItems = 8, kListedEffects = 5, kListedHistories = 2;

// features.json keeps the numbers that label_json.cpp wrote; here each is looked up by its name.
ordered_json numbers(const json& from, const std::vector<const char*>& names) {
  ordered_json result = ordered_json::object();
  for (const char* name : names) {
    const json& value = from.at(name);
    if (value.is_number_float()) {
      result[name] = rounded(value.get<double>());
    } else {
      result[name] = value;
    }
  }
  return result;
}

const std::vector<const char*> kMeasure = {
    "group", "name", "correlation", "auc", "sensitivity", "precision", "mean_with", "mean_without"};

ordered_json named_items(const json& list, size_t count, const char* value, ReportItems* items) {
  ordered_json result = ordered_json::array();
  for (size_t i = 0; i < std::min(count, list.size()); ++i) {
    result.push_back({items->add_named(list[i]), rounded(list[i].at(value).get<double>())});
  }
  return result;
}

// Without the user: the page may be shown to people who must not know them.
ordered_json top_histories(const json& list, ReportItems* items) {
  ordered_json result = ordered_json::array();
  for (size_t i = 0; i < std::min(kListedHistories, list.size()); ++i) {
    ordered_json events = ordered_json::array();
    for (const json& item : list[i].at("items")) events.push_back(items->add_named(item));
    result.push_back(
        {{"activation", rounded(list[i].at("activation").get<double>())}, {"items", events}});
  }
  return result;
}

ordered_json one_feature(const json& evidence, const json& statistics, ReportItems* items) {
  ordered_json attributes = ordered_json::array();
  for (const json& measure : evidence.at("attributes")) {
    attributes.push_back(numbers(measure, kMeasure));
  }
  ordered_json feature = {
      {"feature", evidence.at("feature")},
      {"label", evidence.at("label")},
      {"positions", evidence.at("positions")},
      {"attributes", attributes},
      {"top_items", named_items(evidence.at("top_items"), kListedItems, "mean", items)},
      {"top_histories", top_histories(evidence.at("top_histories"), items)},
      {"promoted", named_items(evidence.at("promoted"), kListedEffects, "effect", items)},
      {"demoted", named_items(evidence.at("demoted"), kListedEffects, "effect", items)},
      {"cohens_d", rounded(evidence.at("cohens_d").get<double>())}};
  if (statistics.contains("density")) {
    feature.update(numbers(statistics, {"density", "p50", "p95", "p99", "max"}));
  }
  return feature;
}

double best_correlation(const json& evidence) {
  double best = 0;
  for (const json& measure : evidence.at("attributes")) {
    best = std::max(best, measure.at("correlation").get<double>());
  }
  return best;
}

// The features to show, ascending. Dead ones have nothing to show.
std::vector<size_t> choose(const json& evidence, const json& knobs, uint32_t sae,
                           size_t max_features) {
  std::set<size_t> in_knobs;
  for (const json& knob : knobs) {
    if (knob.at("sae") != sae) continue;
    for (const json& part : knob.at("features")) in_knobs.insert(part.at(0).get<size_t>());
  }
  std::vector<size_t> chosen;
  for (size_t f = 0; f < evidence.size(); ++f) {
    if (evidence[f].at("positions").get<size_t>() > 0) chosen.push_back(f);
  }
  const auto weight = [&](size_t f) {
    return best_correlation(evidence[f]) + (in_knobs.count(f) != 0 ? 2 : 0);
  };
  std::stable_sort(chosen.begin(), chosen.end(),
                   [&](size_t a, size_t b) { return weight(a) > weight(b); });
  if (chosen.size() > max_features) chosen.resize(max_features);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

ordered_json sae_json(const Model& model, uint32_t sae, const json& described) {
  const pintle_sae_info info = require(model.sae(sae), "SAE", sae);
  if (sae >= described.size() || described[sae].at("hook") != info.hook ||
      described[sae].at("features").size() != info.feature_count) {
    throw Error("features.json does not describe the model's SAE " + std::to_string(sae) + ", " +
                info.name + " at " + info.hook + " with " + std::to_string(info.feature_count) +
                " features: give the files that the model was converted with, in their order");
  }
  return {{"name", info.name}, {"hook", info.hook}, {"feature_count", info.feature_count}};
}

}  // namespace

ordered_json feature_section(const Model& model, const FeaturesFiles& described,
                             size_t max_features, ReportItems* items) {
  std::vector<const char*> measure = kMeasure;
  measure.insert(measure.end(),
                 {"items", "positions", "feature", "raw_dimension", "raw_correlation"});
  ordered_json section = ordered_json::array();
  for (uint32_t i = 0; i < model.info().sae_count; ++i) {
    ordered_json sae = sae_json(model, i, described.saes);
    sae["summary"] = nullptr;
    sae["attributes"] = sae["features"] = ordered_json::array();
    const json& found = described.evidence[i];
    if (!found.is_null()) {
      sae["summary"] =
          numbers(found.at("summary"),
                  {"users", "positions", "features", "dead_features", "active_per_position",
                   "mean_best_correlation", "mean_sensitivity", "raw_mean_best_correlation"});
      for (const json& attribute : found.at("attributes")) {
        sae["attributes"].push_back(numbers(attribute, measure));
      }
      const json& evidence = found.at("evidence");
      const json& statistics = described.saes[i].at("features");
      for (size_t f : choose(evidence, described.knobs, i, max_features)) {
        sae["features"].push_back(one_feature(evidence[f], statistics.at(f), items));
      }
    }
    section.push_back(std::move(sae));
  }
  return section;
}

}  // namespace pintle::converter
