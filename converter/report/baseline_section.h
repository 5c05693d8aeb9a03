// SPDX-License-Identifier: Apache-2.0
//
// What the report sets beside each knob: the simpler ways to move its attribute's share, and what they
// cost.
#ifndef PINTLE_CONVERTER_REPORT_BASELINE_SECTION_H_
#define PINTLE_CONVERTER_REPORT_BASELINE_SECTION_H_

#include <nlohmann/json.hpp>
#include <string>

#include "converter/io/thread_pool.h"
#include "converter/report/features_files.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Adds to every knob with an attribute "methods": [{"name", "points": [[share, NDCG@10]] of rising
// strengths, "doubled", "to_half", "halved"}], the knob itself first, then bonus, reweight,
// reweight-ordered, quota, the best single feature where one was measured ("feature"), and the mean
// difference ("direction") where `direction_users` hold events with and without the attribute. Each aim
// is null where it is not reached, else {"target", "strength", "loss", "low", "high", "unchanged",
// "unmoved"} as SweepSummary has them. Null for other knobs.
// path: the model's file. direction_users: those that the knobs were built on.
void add_baselines(const std::string& path, const Model& model, const FeaturesFiles& described,
                   const Histories& histories, const Histories& direction_users, ThreadPool* pool,
                   nlohmann::ordered_json* knobs);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_BASELINE_SECTION_H_
