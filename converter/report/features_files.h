// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_REPORT_FEATURES_FILES_H_
#define PINTLE_CONVERTER_REPORT_FEATURES_FILES_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace pintle::converter {

// What one or more features.json files say of a model: the first file's SAEs are the model's first.
struct FeaturesFiles {
  nlohmann::json saes, knobs;  // arrays; knobs count the SAEs of all files
  std::vector<nlohmann::json>
      evidence;                 // one an SAE: {"summary", "attributes", "evidence"}, or null
  nlohmann::json without_knob;  // array of {"group", "name", "reason"}
};

// A file's evidence is about its first SAE; a file may have none. Throws Error for a knob with features
// of an SAE that its file lacks.
FeaturesFiles join_features_files(const std::vector<nlohmann::json>& files);

// The feature of `sae` that correlates best with the attribute, if there is one and that was measured.
std::optional<uint32_t> best_feature(const FeaturesFiles& described, uint32_t sae,
                                     const nlohmann::ordered_json& attribute);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_FEATURES_FILES_H_
