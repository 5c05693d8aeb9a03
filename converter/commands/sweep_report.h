// SPDX-License-Identifier: Apache-2.0
//
// How `pintle sweep` tells what it measured.
#ifndef PINTLE_CONVERTER_COMMANDS_SWEEP_REPORT_H_
#define PINTLE_CONVERTER_COMMANDS_SWEEP_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "converter/features/sweep.h"
#include "converter/run/steering_arguments.h"

namespace pintle::converter {

// What all methods of one run have in common.
struct SweptSubject {
  Model model;
  std::optional<uint32_t> attribute, knob;
  SteeringArguments steering;
  size_t users = 0, unknown_events = 0;  // measured; of items that the model lacks
  std::vector<std::string> notes;        // how the log was read
};

// One line: an object with every point and a summary for each aim.
void print_sweep_json(const SweptSubject& subject, const SweepMethod& method, const Sweep& sweep);
// A row a strength, what else moved, and the summaries.
void print_sweep(const SweptSubject& subject, const SweepMethod& method, const Sweep& sweep);
// A row a method, for each aim. REQUIRES: there is an attribute.
void print_comparison(const SweptSubject& subject,
                      const std::vector<std::pair<SweepMethod, Sweep>>& sweeps);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_SWEEP_REPORT_H_
