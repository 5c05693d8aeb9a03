// SPDX-License-Identifier: Apache-2.0
//
// The report's "a history to try": what the runtime recommends for a few histories at every
// strength of every knob, computed beforehand, so that the page's sliders need no network.
#ifndef PINTLE_CONVERTER_REPORT_HISTORY_SECTION_H_
#define PINTLE_CONVERTER_REPORT_HISTORY_SECTION_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "converter/report/features_files.h"
#include "converter/report/report_numbers.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// One history to try; next: what the person really chose after it, or -1.
struct SampleHistory {
  std::vector<uint32_t> items;
  int64_t next = -1;
  int64_t taste = -1;  // the attribute that stands out in it, or -1
};

// At most `count` of the users with enough events, of different tastes: each has another attribute
// that it holds far more often than the catalogue does. Their last event becomes `next`.
std::vector<SampleHistory> choose_histories(const Model& model, const Histories& histories,
                                            const std::vector<uint32_t>& attributes, size_t count);

// The histories that are listed for the best feature of each attribute: what there is
// without interactions.
std::vector<SampleHistory> listed_histories(const Model& model, const FeaturesFiles& described,
                                            size_t count);

// [{"events", "taste", "items", "next", "active": [[sae, feature, label, activation]], "base",
// "knobs", "presets"}]: base and each entry of presets is a top 10, each entry of knobs one top 10
// a strength; items as ReportItems numbers them. `knobs` is knob_section's.
nlohmann::ordered_json history_section(const Model& model,
                                       const std::vector<SampleHistory>& samples,
                                       const nlohmann::ordered_json& knobs, ReportItems* items);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_HISTORY_SECTION_H_
