// SPDX-License-Identifier: Apache-2.0
//
// What verbs have in common that measure profiles on the people of a log.
#ifndef PINTLE_CONVERTER_COMMANDS_PEOPLE_OPTIONS_H_
#define PINTLE_CONVERTER_COMMANDS_PEOPLE_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "converter/commands/threads_option.h"
#include "converter/features/bootstrap.h"
#include "converter/io/interactions.h"
#include "converter/io/thread_pool.h"
#include "converter/run/histories.h"

namespace pintle::converter {

struct PeopleArguments {
  std::string model_path, interactions_path, users_path;
  InteractionOptions log;
  int threads = kDefaultThreads;
  bool json = false;
};

// --model, --interactions and what says how to read it, --users-file, --threads, --json.
void add_people_options(CLI::App* verb, PeopleArguments* arguments);

// What was measured, as JSON, and how it is printed for people.
struct Measured {
  nlohmann::ordered_json json;
  std::function<void()> print;
};
// Reads both, measures, and prints what --json asks for. Throws Error.
void measure_people(const PeopleArguments& arguments,
                    const std::function<Measured(const Model& model, const Histories& histories,
                                                 ThreadPool* pool)>& measure);

// {"mean", "interval": [low, high]}
nlohmann::ordered_json estimate_json(const Estimate& estimate);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_PEOPLE_OPTIONS_H_
