// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/cold_start.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/commands/commands.h"
#include "converter/commands/people_options.h"

namespace pintle::converter {
namespace {

struct ColdStartArguments {
  PeopleArguments people;
  ColdStartOptions options;
};

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
      "said when asked for three attributes or five items, against lists by popularity, which the "
      "model must hold: the last item of each history is what its list should have");
  add_people_options(verb, &arguments->people);
  verb->add_option("--min-items", arguments->options.least_items,
                   "People name attributes of at least so many items")
      ->capture_default_str();
  verb->callback([arguments] {
    measure_people(
        arguments->people,
        [&](const Model& model, const Histories& histories, ThreadPool* pool) -> Measured {
          const ColdStart measured = measure_cold_start(model, histories, arguments->options, pool);
          return {to_json(measured), [measured] { print(measured); }};
        });
  });
}

}  // namespace pintle::converter
