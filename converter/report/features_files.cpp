// SPDX-License-Identifier: Apache-2.0
#include "converter/report/features_files.h"

#include <string>

#include "converter/io/error.h"

namespace pintle::converter {

using nlohmann::json;

FeaturesFiles join_features_files(const std::vector<json>& files) {
  FeaturesFiles described{json::array(), json::array(), {}};
  for (const json& file : files) {
    const size_t first = described.saes.size();
    for (const json& sae : file.at("saes")) described.saes.push_back(sae);
    for (json knob : file.at("knobs")) {
      if (knob.at("sae").get<uint32_t>() >= described.saes.size() - first) {
        throw Error("features.json: the knob " + knob.at("name").get<std::string>() +
                    " is of an SAE that it does not describe");
      }
      knob["sae"] = knob.at("sae").get<uint32_t>() + first;
      described.knobs.push_back(std::move(knob));
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
  if (attribute.is_null() || described.evidence.at(sae).is_null()) return std::nullopt;
  for (const json& measured : described.evidence[sae].at("attributes")) {
    if (measured.at("group") == attribute.at("group").get_ref<const std::string&>() &&
        measured.at("name") == attribute.at("name").get_ref<const std::string&>()) {
      return measured.at("feature").get<uint32_t>();
    }
  }
  return std::nullopt;
}

}  // namespace pintle::converter
