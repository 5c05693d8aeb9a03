// SPDX-License-Identifier: Apache-2.0
//
// What the report says of the features: features.json's evidence, cut to what people look at.
#ifndef PINTLE_CONVERTER_REPORT_FEATURE_SECTION_H_
#define PINTLE_CONVERTER_REPORT_FEATURE_SECTION_H_

#include <cstddef>
#include <nlohmann/json.hpp>

#include "converter/report/report_numbers.h"
#include "pintle/pintle.h"

namespace pintle::converter {

// {"saes", "summary", "attributes_evidence", "features"}; the latter three are null or empty where
// features.json has no evidence. Of the features at most `max_features`: those that knobs are made
// of, then those that follow an attribute best. Throws Error if features.json describes other SAEs
// than the model has.
nlohmann::ordered_json feature_section(const pintle_model* model, const nlohmann::json& features,
                                       size_t max_features, ReportItems* items);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_FEATURE_SECTION_H_
