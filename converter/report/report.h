// SPDX-License-Identifier: Apache-2.0
//
// One HTML page about a steerable model, for people who decide about it; commands/report.cpp is its
// command line.
#ifndef PINTLE_CONVERTER_REPORT_REPORT_H_
#define PINTLE_CONVERTER_REPORT_REPORT_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

struct ReportOptions {
  size_t users = 500;                 // whose lists are measured, at most, evenly over those given
  size_t histories = 6;               // to try, at most
  size_t max_features = 400;          // shown, at most
  nlohmann::ordered_json simulation;  // simulation_section's, or null
};

// People to measure on, who are never those that the knobs were built on; and these, whose states the
// mean differences are taken of.
struct ReportPeople {
  Histories held_out, train;
  Histories all;      // popularity is counted over all
  std::string split;  // one line: who is who
};

// What the page shows. path: the model's file. model_name: for its heading. features: the features.json files that the
// model was converted with. people: null for a report without measured effects. Throws Error if
// features and model do not belong together, or something in features is missing or of the wrong
// kind.
nlohmann::ordered_json report_data(const std::string& path, const std::string& model_name,
                                   const std::vector<nlohmann::json>& features,
                                   const ReportPeople* people, const ReportOptions& options,
                                   ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_REPORT_REPORT_H_
