// SPDX-License-Identifier: Apache-2.0
//
// What all verbs that read a log have in common.
#ifndef PINTLE_CONVERTER_COMMANDS_LOG_OPTIONS_H_
#define PINTLE_CONVERTER_COMMANDS_LOG_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "converter/io/interactions.h"

namespace pintle::converter {

// --format, --user-column, --item-column and --time-column, which need `interactions`, the verb's
// option for the log; --force fills `force`, which may be options->force or mean more.
void add_log_options(CLI::App* verb, CLI::Option* interactions, InteractionOptions* options,
                     bool* force);

// "log: ..." a line.
void print_log_notes(const std::vector<std::string>& notes);
// For a report's key "interactions".
nlohmann::ordered_json log_json(const std::vector<std::string>& notes);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_LOG_OPTIONS_H_
