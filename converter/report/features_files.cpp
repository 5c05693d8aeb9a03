// SPDX-License-Identifier: Apache-2.0
#include "converter/report/features_files.h"

#include <string>

#include "converter/io/error.h"

namespace pintle::converter {

using nlohmann::json;

FeaturesFiles join_features_files(const std::vector<json>& files) {
  FeaturesFiles described{json::array(), json::array(), {}, json::array()};
  for (const json& file : files) {
    const size_t first = described.saes.size();
    for (const json& sae : file.at("saes")) described.saes.push_back(sae);
    for (json knob : file.at("knobs")) {
      const bool has_sae = knob.at("sae").get<uint32_t>() < described.saes.size() - first;
      if (!has_sae && !knob.at("features").empty()) {
        throw Error("features.json: the knob " + knob.at("name").get<std::string>() +
                    " is of an SAE that it does not describe");
      }
      if (has_sae) knob["sae"] = knob.at("sae").get<uint32_t>() + first;
      described.knobs.push_back(std::move(knob));
    }
    if (file.contains("without_knob")) {
      for (const json& refused : file.at("without_knob")) described.without_knob.push_back(refused);
    }
    described.evidence.resize(described.saes.size());
    if (file.contains("evidence") && described.saes.size() > first) {
      described.evidence.at(first) = {{"summary", file.at("summary")},
                                      {"attributes", file.at("attributes")},
                                      {"evidence", file.at("evidence")}};
    }
  }
  return described;
}

std::optional<uint32_t> best_feature(const FeaturesFiles& described, uint32_t sae,
                                     const nlohmann::ordered_json& attribute) {
  if (attribute.is_null() || sae >= described.evidence.size()) return std::nullopt;
  if (described.evidence[sae].is_null()) return std::nullopt;
  for (const json& measured : described.evidence[sae].at("attributes")) {
    if (measured.at("group") == attribute.at("group").get_ref<const std::string&>() &&
        measured.at("name") == attribute.at("name").get_ref<const std::string&>()) {
      return measured.at("feature").get<uint32_t>();
    }
  }
  return std::nullopt;
}

}  // namespace pintle::converter
