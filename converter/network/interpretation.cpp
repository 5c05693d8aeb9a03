// SPDX-License-Identifier: Apache-2.0
#include "converter/network/interpretation.h"

#include <cmath>

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

// Null stands for NaN, which JSON has not.
ordered_json number(float value) {
  return std::isnan(value) ? ordered_json() : ordered_json(value);
}
float read_number(const json& value) { return value.is_null() ? kNotMeasured : value.get<float>(); }

// The model's own numbers are 0 where they were not measured.
ordered_json measured(float value) { return value == 0 ? ordered_json() : ordered_json(value); }
float read_measured(const json& value, const char* key, const std::string& source) {
  if (!value.contains(key) || value.at(key).is_null()) return 0;
  const float number = value.at(key).get<float>();
  if (std::isfinite(number) && number > 0) return number;
  throw Error(source + ": its " + key + " is " + value.at(key).dump() + ", not above 0");
}

ordered_json to_json(const Knob& knob) {
  ordered_json features = ordered_json::array(), rewards = ordered_json::array();
  ordered_json curve = ordered_json::array();
  for (const auto& [feature, weight] : knob.features) features.push_back({feature, weight});
  for (const auto& [strength, reward] : knob.rewards) rewards.push_back({strength, reward});
  for (const KnobCurvePoint& point : knob.curve) {
    curve.push_back({{"strength", point.strength},
                     {"share", number(point.share)},
                     {"ndcg", number(point.ndcg)},
                     {"median_gain", number(point.median_gain)},
                     {"no_gain", number(point.no_gain)}});
  }
  ordered_json attribute = nullptr;
  if (!knob.attribute_group.empty()) {
    attribute = {{"group", knob.attribute_group}, {"name", knob.attribute_name}};
  }
  return {{"name", knob.name},
          {"attribute", attribute},
          {"sae", knob.sae},
          {"features", features},
          {"rewards", rewards},
          {"min_strength", knob.min_strength},
          {"max_strength", knob.max_strength},
          {"min_by_loss", number(knob.min_by_loss)},
          {"max_by_loss", number(knob.max_by_loss)},
          {"min_by_items", number(knob.min_by_items)},
          {"max_by_items", number(knob.max_by_items)},
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

// As fb::Knob has them.
void check_rewards(const Knob& knob, const std::string& source) {
  const auto fail = [&](const std::string& fault) {
    throw Error(source + ": the rewards of the knob " + knob.name + " " + fault +
                ": make the file again with `pintle label`");
  };
  if (knob.rewards.empty()) return;
  if (knob.attribute_group.empty()) fail("are for no attribute");
  bool has_zero = false;
  for (size_t i = 0; i < knob.rewards.size(); ++i) {
    const auto [strength, reward] = knob.rewards[i];
    if (!std::isfinite(strength) || !std::isfinite(reward) || reward < 0) {
      fail("must be numbers that are not below 0");
    }
    if (i > 0 && strength <= knob.rewards[i - 1].first) fail("must have ascending strengths");
    has_zero = has_zero || (strength == 0 && reward == 0);
  }
  if (!has_zero) fail("must be 0 at strength 0");
}

Knob read_knob(const json& value, const std::string& source, size_t sae_count) {
  Knob knob;
  knob.name = value.at("name");
  if (value.contains("attribute_bonus")) {
    throw Error(source + ": the knob " + knob.name +
                " adds to scores, as knobs did before format 1.3: run `pintle label` again");
  }
  if (!value.at("attribute").is_null()) {
    knob.attribute_group = value.at("attribute").at("group");
    knob.attribute_name = value.at("attribute").at("name");
  }
  knob.sae = value.at("sae");
  for (const json& feature : value.at("features")) {
    knob.features.emplace_back(feature.at(0).get<uint32_t>(), feature.at(1).get<float>());
  }
  if (!knob.features.empty() && knob.sae >= sae_count) {
    throw Error(source + ": the knob " + knob.name + " has features of SAE " +
                std::to_string(knob.sae) + ", but " + std::to_string(sae_count) +
                " SAEs are described");
  }
  for (const json& point : value.at("rewards")) {
    knob.rewards.emplace_back(point.at(0).get<float>(), point.at(1).get<float>());
  }
  check_rewards(knob, source);
  knob.min_strength = value.at("min_strength");
  knob.max_strength = value.at("max_strength");
  knob.min_by_loss = read_number(value.at("min_by_loss"));
  knob.max_by_loss = read_number(value.at("max_by_loss"));
  knob.min_by_items = read_number(value.at("min_by_items"));
  knob.max_by_items = read_number(value.at("max_by_items"));
  for (const json& point : value.at("curve")) {
    knob.curve.push_back({point.at("strength"), read_number(point.at("share")),
                          read_number(point.at("ndcg")), read_number(point.at("median_gain")),
                          read_number(point.at("no_gain"))});
  }
  return knob;
}

ordered_json to_json(const Concept& made) {
  ordered_json items = ordered_json::object();
  for (const auto& [id, fifteenths] : made.items) items[id] = fifteenths;
  return {{"group", made.group}, {"name", made.name}, {"items", items}};
}

Concept read_concept(const json& value, const std::string& source) {
  Concept made{value.at("group"), value.at("name"), {}};
  for (const auto& [id, level] : value.at("items").items()) {
    const int64_t fifteenths = level.get<int64_t>();
    if (!level.is_number_integer() || fifteenths < 1 || fifteenths > kWholeFifteenths) {
      throw Error(source + ": the concept " + made.name + " has the item " + id + " by " +
                  level.dump() + ", not by 1 to 15 fifteenths");
    }
    made.items.emplace_back(id, static_cast<uint8_t>(fifteenths));
  }
  return made;
}

}  // namespace

ordered_json interpretation_to_json(const Interpretation& interpretation) {
  ordered_json saes = ordered_json::array(), knobs = ordered_json::array();
  ordered_json presets = ordered_json::array(), concepts = ordered_json::array();
  for (const InterpretedSae& sae : interpretation.saes) saes.push_back(to_json(sae));
  for (const Knob& knob : interpretation.knobs) knobs.push_back(to_json(knob));
  for (const Preset& preset : interpretation.presets) {
    ordered_json strengths = ordered_json::object();
    for (const auto& [knob, strength] : preset.strengths) strengths[knob] = strength;
    presets.push_back({{"name", preset.name}, {"knobs", strengths}});
  }
  for (const Concept& made : interpretation.concepts) concepts.push_back(to_json(made));
  return {{"temperature", measured(interpretation.temperature)},
          {"wish_unit", measured(interpretation.wish_unit)},
          {"saes", saes},
          {"knobs", knobs},
          {"presets", presets},
          {"concepts", concepts}};
}

size_t described_saes(const json& value, const std::string& source) {
  if (value.is_object() && value.contains("saes") && value.at("saes").is_array()) {
    return value.at("saes").size();
  }
  throw Error(source + ": not a features.json: it has no list of SAEs");
}

void add_interpretation_json(const json& value, const std::string& source,
                             Interpretation* interpretation) {
  const size_t described = described_saes(value, source);
  try {
    const json& saes = value.at("saes");
    if (described != interpretation->saes.size()) {
      throw Error(source + ": describes " + std::to_string(described) + " SAEs, " +
                  std::to_string(interpretation->saes.size()) + " were given with --sae");
    }
    for (size_t i = 0; i < described; ++i) {
      InterpretedSae& sae = interpretation->saes[i];
      if (saes[i].at("hook") != hook_name(sae.weights.hook)) {
        throw Error(source + ": SAE " + std::to_string(i) + " was labelled at hook " +
                    saes[i].at("hook").get<std::string>() + ", the one given is at " +
                    hook_name(sae.weights.hook));
      }
      sae.name = saes[i].at("name");
      read_features(saes[i].at("features"), source, &sae);
    }
    for (const json& knob : value.at("knobs")) {
      interpretation->knobs.push_back(read_knob(knob, source, described));
    }
    interpretation->temperature = read_measured(value, "temperature", source);
    interpretation->wish_unit = read_measured(value, "wish_unit", source);
    for (const Knob& knob : interpretation->knobs) {
      if (knob.rewards.empty() || interpretation->temperature != 0) continue;
      throw Error(
          source + ": the knob " + knob.name +
          " has rewards, but the file does not tell the temperature that they were measured "
          "at: run `pintle label` again");
    }
    for (const json& preset : value.at("presets")) {
      Preset read{preset.at("name"), {}};
      for (const auto& [knob, strength] : preset.at("knobs").items()) {
        read.strengths.emplace_back(knob, strength.get<float>());
      }
      interpretation->presets.push_back(std::move(read));
    }
    // Files that were labelled before there were concepts have none.
    for (const json& made : value.value("concepts", json::array())) {
      interpretation->concepts.push_back(read_concept(made, source));
    }
  } catch (const json::exception& error) {
    throw Error(source + ": not a features.json: " + error.what());
  }
}

}  // namespace pintle::converter
