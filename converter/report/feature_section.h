// SPDX-License-Identifier: Apache-2.0
//
// What the report says of the features: features.json's evidence, cut to what people look at.
#ifndef PINTLE_CONVERTER_REPORT_FEATURE_SECTION_H_
#define PINTLE_CONVERTER_REPORT_FEATURE_SECTION_H_

#include <cstddef>
#include <nlohmann/json.hpp>

#include "converter/report/features_files.h"
#include "converter/report/report_numbers.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// One object an SAE: {"name", "hook", "feature_count", "summary", "attributes", "features"}; the
// latter three are null or empty where there is no evidence. Of the features at most `max_features`
// an SAE: those that knobs are made of, then those that follow an attribute best. Throws Error if
// other SAEs are described than the model has.
nlohmann::ordered_json feature_section(const Model& model, const FeaturesFiles& described,
                                       size_t max_features, ReportItems* items);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_FEATURE_SECTION_H_
