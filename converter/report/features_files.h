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
      evidence;  // one an SAE: {"summary", "attributes", "evidence"}, or null
};

// A file's evidence is about its first SAE. Throws Error for a knob of an SAE that its file lacks.
FeaturesFiles join_features_files(const std::vector<nlohmann::json>& files);

// The feature of `sae` that correlates best with the attribute, if that was measured.
std::optional<uint32_t> best_feature(const FeaturesFiles& described, uint32_t sae,
                                     const nlohmann::ordered_json& attribute);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_FEATURES_FILES_H_
