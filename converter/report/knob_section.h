// SPDX-License-Identifier: Apache-2.0
//
// What the report says of each knob: what it is made of, where its range ends and why, and what it does
// to the lists of many people.
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

// Strengths that the page offers for a knob with this range: ascending, the range's ends and
// 0 among them.
std::vector<float> knob_strengths(float min_strength, float max_strength);

// One object a knob of the model, with "strengths". Throws Error naming a knob that is not
// described.
nlohmann::ordered_json knob_section(const Model& model, const FeaturesFiles& described);

// Adds to `knobs` (of knob_section) "effects": what every strength does to the top 10 of the histories,
// for `attributes` (by their numbers). Returns the figures of the unsteered lists.
nlohmann::ordered_json measure_knobs(const Model& model, const Histories& histories,
                                     const std::vector<float>& popularity,
                                     const std::vector<uint32_t>& attributes, ThreadPool* pool,
                                     nlohmann::ordered_json* knobs);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_KNOB_SECTION_H_
