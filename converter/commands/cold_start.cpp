// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/cold_start.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/commands/commands.h"
#include "converter/commands/log_options.h"
#include "converter/commands/threads_option.h"
#include "converter/features/bootstrap.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

struct ColdStartArguments {
  std::string model_path, interactions_path, users_path;
  InteractionOptions log;
  ColdStartOptions options;
  int threads = kDefaultThreads;
  bool json = false;
};

nlohmann::ordered_json estimate_json(const Estimate& estimate) {
  return {{"mean", estimate.mean}, {"interval", {estimate.interval.low, estimate.interval.high}}};
}

nlohmann::ordered_json to_json(const ColdStart& measured) {
  nlohmann::ordered_json methods = nlohmann::ordered_json::array();
  for (const ColdStartMethod& method : measured.methods) {
    nlohmann::ordered_json rates = nlohmann::ordered_json::array(), above[2];
    for (size_t k = 0; k < kKnownCount; ++k) {
      rates.push_back(estimate_json(estimate_mean(method.hits[k])));
      for (size_t other = 0; other < 2; ++other) {
        above[other].push_back(
            estimate_json(estimate_difference(method.hits[k], measured.methods[other].hits[k])));
      }
    }
    methods.push_back({{"method", method.name},
                       {"hit_rate@10", rates},
                       {"more_than_popularity", above[0]},
                       {"more_than_plain", above[1]}});
  }
  return {{"people", measured.people},
          {"events", std::vector<size_t>(kKnownEvents, kKnownEvents + kKnownCount)},
          {"prior_weights", measured.prior_weights},
          {"tilt", measured.tilt},
          {"methods", methods}};
}

void print(const ColdStart& measured) {
  std::printf("%zu people, hit rate@10 in %% [interval] after so many events\n%-40s",
              measured.people, "");
  for (const size_t events : kKnownEvents) std::printf(" %17zu", events);
  std::printf("\n");
  for (const ColdStartMethod& method : measured.methods) {
    std::printf("%-40s", method.name.c_str());
    for (size_t k = 0; k < kKnownCount; ++k) {
      const Estimate rate = estimate_mean(method.hits[k]);
      std::printf(" %5.2f [%4.1f, %4.1f]", 100 * rate.mean, 100 * rate.interval.low,
                  100 * rate.interval.high);
    }
    std::printf("\n");
  }
  std::printf("weights of popularity that suit the other half of the people best:");
  for (const double weight : measured.prior_weights) std::printf(" %g", weight);
  std::printf("; of three attributes: %g nats\n", measured.tilt);
}

}  // namespace

void add_cold_start_command(CLI::App* app) {
  const auto arguments = std::make_shared<ColdStartArguments>();
  CLI::App* verb = app->add_subcommand(
      "cold-start",
      "Measure the lists of people of whom a device knows 0, 1, 3, 5 or 10 events, or what they "
      "said "
      "when asked for three attributes or five items, against lists by popularity");
  verb->add_option("--model", arguments->model_path, "The model file, with popularity in it")
      ->required();
  CLI::Option* interactions = verb->add_option("--interactions", arguments->interactions_path,
                                               "Histories, with the model's external ids; the last "
                                               "item of each is what lists should have")
                                  ->required();
  add_log_options(verb, interactions, &arguments->log, &arguments->log.force);
  verb->add_option("--users-file", arguments->users_path,
                   "Only these users: ids separated by white space");
  verb->add_option("--min-items", arguments->options.least_items,
                   "People name attributes of at least so many items")
      ->capture_default_str();
  add_threads_option(verb, &arguments->threads);
  verb->add_flag("--json", arguments->json, "Print one JSON object");
  verb->callback([arguments] {
    const Model model = open_model(arguments->model_path, PINTLE_OPEN_PROFILE);
    Interactions log = read_interactions(arguments->interactions_path, arguments->log);
    const std::vector<std::string> notes = fitting_notes(model, log, arguments->log.force);
    if (!arguments->users_path.empty()) log = select_users(log, arguments->users_path);
    ThreadPool pool(arguments->threads);
    const ColdStart measured =
        measure_cold_start(model, map_histories(model, log), arguments->options, &pool);
    if (arguments->json) {
      nlohmann::ordered_json json = to_json(measured);
      json["interactions"] = log_json(notes);
      std::cout << json.dump() << '\n';
    } else {
      print_log_notes(notes);
      print(measured);
    }
  });
}

}  // namespace pintle::converter
