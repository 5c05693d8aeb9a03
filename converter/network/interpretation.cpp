// SPDX-License-Identifier: Apache-2.0
#include "converter/network/interpretation.h"

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json to_json(const InterpretedSae& sae) {
  ordered_json features = ordered_json::array();
  for (size_t i = 0; i < static_cast<size_t>(sae.weights.dict); ++i) {
    ordered_json feature;
    feature["label"] = sae.labels.empty() ? "" : sae.labels[i];
    if (!sae.statistics.empty()) {
      const FeatureStatistics& s = sae.statistics[i];
      feature["density"] = s.density;
      feature["p50"] = s.p50;
      feature["p95"] = s.p95;
      feature["p99"] = s.p99;
      feature["max"] = s.max;
    }
    features.push_back(std::move(feature));
  }
  return {{"name", sae.name}, {"hook", hook_name(sae.weights.hook)}, {"features", features}};
}

ordered_json to_json(const Knob& knob) {
  ordered_json features = ordered_json::array(), curve = ordered_json::array();
  for (const auto& [feature, weight] : knob.features) features.push_back({feature, weight});
  for (const KnobCurvePoint& point : knob.curve) {
    curve.push_back({{"strength", point.strength}, {"share", point.share}, {"ndcg", point.ndcg}});
  }
  ordered_json attribute = nullptr;
  if (!knob.attribute_group.empty()) {
    attribute = {{"group", knob.attribute_group}, {"name", knob.attribute_name}};
  }
  return {{"name", knob.name},
          {"attribute", attribute},
          {"sae", knob.sae},
          {"features", features},
          {"attribute_bias", knob.attribute_bias},
          {"attribute_bonus", knob.attribute_bonus},
          {"temperature", knob.temperature},
          {"min_strength", knob.min_strength},
          {"max_strength", knob.max_strength},
          {"curve", curve}};
}

void read_features(const json& features, const std::string& source, InterpretedSae* sae) {
  if (features.size() != static_cast<size_t>(sae->weights.dict)) {
    throw Error(source + ": describes " + std::to_string(features.size()) + " features, the SAE " +
                sae->name + " has " + std::to_string(sae->weights.dict) +
                ": label this SAE again with `pintle label`");
  }
  for (const json& feature : features) {
    sae->labels.push_back(feature.at("label").get<std::string>());
    if (feature.contains("density")) {
      sae->statistics.push_back({feature.at("density"), feature.at("p50"), feature.at("p95"),
                                 feature.at("p99"), feature.at("max")});
    }
  }
  if (!sae->statistics.empty() && sae->statistics.size() != sae->labels.size()) {
    throw Error(source + ": only some features have statistics");
  }
}

Knob read_knob(const json& value) {
  Knob knob;
  knob.name = value.at("name");
  if (!value.at("attribute").is_null()) {
    knob.attribute_group = value.at("attribute").at("group");
    knob.attribute_name = value.at("attribute").at("name");
  }
  knob.sae = value.at("sae");
  for (const json& feature : value.at("features")) {
    knob.features.emplace_back(feature.at(0).get<uint32_t>(), feature.at(1).get<float>());
  }
  knob.attribute_bias = value.at("attribute_bias");
  knob.attribute_bonus = value.at("attribute_bonus");
  knob.temperature = value.at("temperature");
  knob.min_strength = value.at("min_strength");
  knob.max_strength = value.at("max_strength");
  for (const json& point : value.at("curve")) {
    knob.curve.push_back({point.at("strength"), point.at("share"), point.at("ndcg")});
  }
  return knob;
}

}  // namespace

ordered_json interpretation_to_json(const Interpretation& interpretation) {
  ordered_json saes = ordered_json::array(), knobs = ordered_json::array();
  ordered_json presets = ordered_json::array();
  for (const InterpretedSae& sae : interpretation.saes) saes.push_back(to_json(sae));
  for (const Knob& knob : interpretation.knobs) knobs.push_back(to_json(knob));
  for (const Preset& preset : interpretation.presets) {
    ordered_json strengths = ordered_json::object();
    for (const auto& [knob, strength] : preset.strengths) strengths[knob] = strength;
    presets.push_back({{"name", preset.name}, {"knobs", strengths}});
  }
  return {{"saes", saes}, {"knobs", knobs}, {"presets", presets}};
}

void add_interpretation_json(const json& value, const std::string& source,
                             Interpretation* interpretation) {
  try {
    const json& saes = value.at("saes");
    if (saes.size() != interpretation->saes.size()) {
      throw Error(source + ": describes " + std::to_string(saes.size()) + " SAEs, " +
                  std::to_string(interpretation->saes.size()) + " were given with --sae");
    }
    for (size_t i = 0; i < saes.size(); ++i) {
      InterpretedSae& sae = interpretation->saes[i];
      if (saes[i].at("hook") != hook_name(sae.weights.hook)) {
        throw Error(source + ": SAE " + std::to_string(i) + " was labelled at hook " +
                    saes[i].at("hook").get<std::string>() + ", the one given is at " +
                    hook_name(sae.weights.hook));
      }
      sae.name = saes[i].at("name");
      read_features(saes[i].at("features"), source, &sae);
    }
    for (const json& knob : value.at("knobs")) interpretation->knobs.push_back(read_knob(knob));
    for (const json& preset : value.at("presets")) {
      Preset read{preset.at("name"), {}};
      for (const auto& [knob, strength] : preset.at("knobs").items()) {
        read.strengths.emplace_back(knob, strength.get<float>());
      }
      interpretation->presets.push_back(std::move(read));
    }
  } catch (const json::exception& error) {
    throw Error(source + ": not a features.json: " + error.what());
  }
}

}  // namespace pintle::converter
