// SPDX-License-Identifier: Apache-2.0
//
// What the report says of each knob: what it is made of, what it does to the lists of many people,
// and what the best single feature does in its place.
#ifndef PINTLE_CONVERTER_REPORT_KNOB_SECTION_H_
#define PINTLE_CONVERTER_REPORT_KNOB_SECTION_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/report/features_files.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Strengths that the page offers for a knob with this safe range: ascending, the range's ends and
// 0 among them.
std::vector<float> knob_strengths(float min_strength, float max_strength);

// One object a knob of the model, with "strengths". Throws Error naming a knob that is not
// described.
nlohmann::ordered_json knob_section(const Model& model, const FeaturesFiles& described);

// Adds to `knobs` (of knob_section) "effects": what every strength does to the top 10 of the
// histories, for `attributes` (by their numbers), and "single": the same for the best single
// feature of the knob's attribute, at rising doses. Returns the figures of the unsteered lists.
nlohmann::ordered_json measure_knobs(const Model& model, const FeaturesFiles& described,
                                     const Histories& histories,
                                     const std::vector<float>& popularity,
                                     const std::vector<uint32_t>& attributes, ThreadPool* pool,
                                     nlohmann::ordered_json* knobs);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_KNOB_SECTION_H_
