// SPDX-License-Identifier: Apache-2.0
//
// One function a verb: adds its arguments to the command line, and what it does as a callback,
// which throws Error (exit status 1) on failure.
#ifndef PINTLE_CONVERTER_COMMANDS_COMMANDS_H_
#define PINTLE_CONVERTER_COMMANDS_COMMANDS_H_

#include <CLI/CLI.hpp>

namespace pintle::converter {

void add_convert_command(CLI::App* app);
void add_delta_command(CLI::App* app);
void add_recipes_command(CLI::App* app);
void add_inspect_command(CLI::App* app);
void add_verify_command(CLI::App* app);
void add_recommend_command(CLI::App* app);
void add_evaluate_command(CLI::App* app);
void add_simulate_command(CLI::App* app);
void add_cold_start_command(CLI::App* app);
void add_explain_command(CLI::App* app);
void add_sweep_command(CLI::App* app);
void add_concept_command(CLI::App* app);
void add_bench_command(CLI::App* app);
void add_train_sae_command(CLI::App* app);
void add_label_command(CLI::App* app);
void add_build_command(CLI::App* app);
void add_report_command(CLI::App* app);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_COMMANDS_H_
