// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/people_options.h"

#include <iostream>
#include <vector>

#include "converter/commands/log_options.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {

void add_people_options(CLI::App* verb, PeopleArguments* arguments) {
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  CLI::Option* interactions = verb->add_option("--interactions", arguments->interactions_path,
                                               "Histories, with the model's external ids")
                                  ->required();
  add_log_options(verb, interactions, &arguments->log, &arguments->log.force);
  verb->add_option("--users-file", arguments->users_path,
                   "Only these users: ids separated by white space");
  add_threads_option(verb, &arguments->threads);
  verb->add_flag("--json", arguments->json, "Print one JSON object");
}

void measure_people(const PeopleArguments& arguments,
                    const std::function<Measured(const Model& model, const Histories& histories,
                                                 ThreadPool* pool)>& measure) {
  const Model model = open_model(arguments.model_path, PINTLE_OPEN_PROFILE);
  Interactions log = read_interactions(arguments.interactions_path, arguments.log);
  const std::vector<std::string> notes = fitting_notes(model, log, arguments.log.force);
  if (!arguments.users_path.empty()) log = select_users(log, arguments.users_path);
  ThreadPool pool(arguments.threads);
  Measured measured = measure(model, map_histories(model, log), &pool);
  if (arguments.json) {
    measured.json["interactions"] = log_json(notes);
    std::cout << measured.json.dump() << '\n';
  } else {
    print_log_notes(notes);
    measured.print();
  }
}

nlohmann::ordered_json estimate_json(const Estimate& estimate) {
  return {{"mean", estimate.mean}, {"interval", {estimate.interval.low, estimate.interval.high}}};
}

}  // namespace pintle::converter
