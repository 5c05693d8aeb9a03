// SPDX-License-Identifier: Apache-2.0
#include "converter/report/feature_section.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "converter/error.h"
#include "converter/steering_names.h"

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
std::vector<size_t> choose(const json& evidence, const json& knobs, size_t max_features) {
  std::set<size_t> in_knobs;
  for (const json& knob : knobs) {
    if (knob.at("sae") != 0) continue;
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

ordered_json check_saes(const pintle_model* model, const json& features) {
  const std::vector<std::string> names = sae_names(model);
  const json& described = features.at("saes");
  ordered_json saes = ordered_json::array();
  for (uint32_t i = 0; i < names.size(); ++i) {
    const pintle_sae_info info = sae_info(model, i);
    if (i >= described.size() || described[i].at("hook") != info.hook ||
        described[i].at("features").size() != info.feature_count) {
      throw Error("features.json describes other SAEs than the model has, the first being SAE " +
                  std::to_string(i) + ", " + names[i] + " at " + info.hook + " with " +
                  std::to_string(info.feature_count) +
                  " features: take the file that the model was converted with");
    }
    saes.push_back({{"name", names[i]}, {"hook", info.hook}, {"features", info.feature_count}});
  }
  return saes;
}

}  // namespace

ordered_json feature_section(const pintle_model* model, const json& features, size_t max_features,
                             ReportItems* items) {
  ordered_json section = {{"saes", check_saes(model, features)},
                          {"summary", nullptr},
                          {"attributes_evidence", ordered_json::array()},
                          {"features", ordered_json::array()}};
  if (!features.contains("evidence")) return section;
  std::vector<const char*> measure = kMeasure;
  measure.insert(measure.end(),
                 {"items", "positions", "feature", "raw_dimension", "raw_correlation"});
  for (const json& attribute : features.at("attributes")) {
    section["attributes_evidence"].push_back(numbers(attribute, measure));
  }
  section["summary"] =
      numbers(features.at("summary"),
              {"users", "positions", "features", "dead_features", "active_per_position",
               "mean_best_correlation", "mean_sensitivity", "raw_mean_best_correlation"});
  const json& evidence = features.at("evidence");
  const json& statistics = features.at("saes").at(0).at("features");
  for (size_t f : choose(evidence, features.at("knobs"), max_features)) {
    section["features"].push_back(one_feature(evidence[f], statistics.at(f), items));
  }
  return section;
}

}  // namespace pintle::converter
