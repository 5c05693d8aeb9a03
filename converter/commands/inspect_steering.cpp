// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/inspect_steering.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "converter/file/metadata.h"
#include "converter/file/writer.h"
#include "converter/run/steering_names.h"
#include "schema/hooks.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

Json describe_saes(const fb::Model& model) {
  Json list = Json::array();
  if (model.saes() == nullptr) return list;
  for (const fb::Sae* sae : *model.saes()) {
    char hook[format::kHookTextBytes];
    format::print_hook(sae->hook(), sae->layer(), hook);
    Json entry{{"name", text_of(sae->name())},
               {"hook", hook},
               {"activation", fb::EnumNameSaeActivation(sae->activation())}};
    if (sae->activation() == fb::SaeActivation_TopK) entry["k"] = sae->k();
    entry["features"] = sae->feature_count();
    entry["labels"] = sae->labels() != nullptr;
    entry["statistics"] = sae->statistics() != nullptr;
    entry["network_hash"] = network_hash_text(sae->network_hash());
    list.push_back(std::move(entry));
  }
  return list;
}

Json number(float value) { return std::isnan(value) ? Json() : Json(shortest(value)); }

// Why a range ends at `end`: the strengths that `by_loss` and `by_items` tell, either of which may be NaN.
Json reasons(float end, float by_loss, float by_items) {
  Json list = Json::array();
  if (by_loss == end) list.push_back("5 % of NDCG@10 lost");
  if (by_items == end) list.push_back("no item left");
  return list;
}

Json describe_knobs(const fb::Model& model) {
  constexpr uint16_t kFirstWithReasons = 3;  // minor of the format
  Json list = Json::array();
  if (model.knobs() == nullptr) return list;
  for (const fb::Knob* knob : *model.knobs()) {
    Json attribute;
    if (knob->attribute() >= 0) {
      const fb::Attribute& a =
          *model.catalogue()->attributes()->Get(static_cast<uint32_t>(knob->attribute()));
      attribute = {{"group", text_of(a.group())}, {"name", text_of(a.name())}};
    }
    const size_t features = knob->features() == nullptr ? 0 : knob->features()->size();
    Json rewards = Json::array();
    const uint32_t points = knob->reward() == nullptr ? 0 : knob->reward()->size();
    for (uint32_t i = 0; i < points; ++i) {
      rewards.push_back(
          {shortest(knob->reward_strength()->Get(i)), shortest(knob->reward()->Get(i))});
    }
    Json entry{{"name", text_of(knob->name())},
               {"attribute", attribute},
               {"sae", knob->sae()},
               {"features", features},
               {"rewards", rewards},
               {"min_strength", shortest(knob->min_strength())},
               {"max_strength", shortest(knob->max_strength())}};
    if (model.format_minor() >= kFirstWithReasons) {
      entry["min_by_loss"] = number(knob->min_by_loss());
      entry["max_by_loss"] = number(knob->max_by_loss());
      entry["min_by_items"] = number(knob->min_by_items());
      entry["max_by_items"] = number(knob->max_by_items());
      entry["min_reasons"] =
          reasons(knob->min_strength(), knob->min_by_loss(), knob->min_by_items());
      entry["max_reasons"] =
          reasons(knob->max_strength(), knob->max_by_loss(), knob->max_by_items());
    } else {
      entry["attribute_bonus"] = shortest(knob->attribute_bonus());
    }
    list.push_back(std::move(entry));
  }
  return list;
}

Json describe_presets(const fb::Model& model) {
  Json list = Json::array();
  if (model.presets() == nullptr) return list;
  for (const fb::Preset* preset : *model.presets()) {
    Json strengths = Json::object();
    const size_t count = preset->knobs() == nullptr ? 0 : preset->knobs()->size();
    for (uint32_t i = 0; i < count; ++i) {
      const fb::Knob& knob = *model.knobs()->Get(preset->knobs()->Get(i));
      strengths[text_of(knob.name())] = shortest(preset->strengths()->Get(i));
    }
    list.push_back({{"name", text_of(preset->name())}, {"knobs", strengths}});
  }
  return list;
}

std::string string_of(const Json& value) { return value.get<std::string>(); }

void print_sae(const Json& sae) {
  const std::string k = sae.contains("k") ? " " + sae["k"].dump() : "";
  std::printf("sae %s: %s features at %s, %s%s, network %s%s%s\n", string_of(sae["name"]).c_str(),
              sae["features"].dump().c_str(), string_of(sae["hook"]).c_str(),
              string_of(sae["activation"]).c_str(), k.c_str(),
              string_of(sae["network_hash"]).c_str(), sae["labels"] ? ", labelled" : "",
              sae["statistics"] ? ", calibrated" : "");
}

// "8 (no item left)".
std::string end_text(const Json& knob, const char* end, const char* reasons) {
  std::string words;
  if (knob.contains(reasons)) {
    for (const Json& reason : knob[reasons])
      words += (words.empty() ? "" : ", ") + string_of(reason);
  }
  return knob[end].dump() + (words.empty() ? "" : " (" + words + ")");
}

void print_knob(const Json& knob) {
  const Json& attribute = knob["attribute"];
  const std::string shown =
      attribute.is_null() ? "-"
                          : string_of(attribute["group"]) + ": " + string_of(attribute["name"]);
  const bool has_features = knob["features"] != 0;
  std::printf("%-24s %-32s %4s %9s  from %s to %s\n", string_of(knob["name"]).c_str(),
              shown.c_str(), has_features ? knob["sae"].dump().c_str() : "-",
              knob["features"].dump().c_str(),
              end_text(knob, "min_strength", "min_reasons").c_str(),
              end_text(knob, "max_strength", "max_reasons").c_str());
  if (knob.contains("attribute_bonus")) {
    std::printf("  rewards: %s times the strength\n", knob["attribute_bonus"].dump().c_str());
  } else if (!knob["rewards"].empty()) {
    std::printf("  rewards:");
    for (const Json& point : knob["rewards"]) {
      std::printf(" %s at %s", point[1].dump().c_str(), point[0].dump().c_str());
    }
    std::printf("\n");
  }
}

}  // namespace

Json describe_steering(const fb::Model& model, const pintle_model_info& info) {
  const bool has_temperature = model.temperature() != 0 || info.temperature != 1;
  return {{"saes", describe_saes(model)},
          {"knobs", describe_knobs(model)},
          {"presets", describe_presets(model)},
          {"temperature", has_temperature ? Json(shortest(info.temperature)) : Json()},
          {"wish_unit", model.wish_unit() != 0 ? Json(shortest(info.wish_unit)) : Json()}};
}

void print_steering(const Json& model) {
  const Json& temperature = model["temperature"];
  const Json& wish_unit = model["wish_unit"];
  std::printf(
      "\nprobabilities: softmax at temperature %s\n",
      temperature.is_null() ? "1, not fitted: `pintle label` fits it" : temperature.dump().c_str());
  std::printf("a wish of 1: %s\n",
              wish_unit.is_null()
                  ? "the runtime's default, not measured"
                  : (wish_unit.dump() + " of expected DCG for the first item").c_str());
  for (const Json& sae : model["saes"]) print_sae(sae);
  if (!model["knobs"].empty()) {
    std::printf("\n%-24s %-32s %4s %9s  %s\n", "knob", "attribute", "sae", "features", "strengths");
  }
  for (const Json& knob : model["knobs"]) print_knob(knob);
  for (const Json& preset : model["presets"]) {
    std::printf("preset %s:", string_of(preset["name"]).c_str());
    for (const auto& [knob, strength] : preset["knobs"].items()) {
      std::printf(" %s=%s", knob.c_str(), strength.dump().c_str());
    }
    std::printf("\n");
  }
}

}  // namespace pintle::converter
