// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/simulate.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/commands/commands.h"
#include "converter/commands/people_options.h"

namespace pintle::converter {
namespace {

struct SimulateArguments {
  PeopleArguments people;
  SimulationOptions options;
};

nlohmann::ordered_json to_json(const Simulation& simulation) {
  nlohmann::ordered_json trials = nlohmann::ordered_json::array();
  for (const MethodTrial& trial : simulation.trials) {
    nlohmann::ordered_json ndcg = nlohmann::ordered_json::array();
    for (const auto& people : trial.ndcg) ndcg.push_back(estimate_json(estimate_mean(people)));
    const Interval share = trial.share_interval();
    trials.push_back({{"persona", persona_name(trial.persona)},
                      {"method", trial.method},
                      {"ndcg@10", ndcg},
                      {"share_after_five", trial.share_after_five()},
                      {"share_interval", {share.low, share.high}}});
  }
  nlohmann::ordered_json pairs = nlohmann::ordered_json::array();
  for (const auto& [with, without] : simulation.pairs_against_profile()) {
    nlohmann::ordered_json more = nlohmann::ordered_json::array();
    for (size_t c = 0; c < kCheckpointCount; ++c) {
      more.push_back(estimate_json(estimate_difference(with->ndcg[c], without->ndcg[c])));
    }
    pairs.push_back({{"persona", persona_name(with->persona)},
                     {"method", with->method},
                     {"against", without->method},
                     {"more", more}});
  }
  nlohmann::ordered_json persons;
  for (const auto& [persona, count] : simulation.persons) persons[persona_name(persona)] = count;
  return {{"users", simulation.users},
          {"persons", persons},
          {"feedback", std::vector<size_t>(kCheckpoints, kCheckpoints + kCheckpointCount)},
          {"trials", trials},
          {"pairs", pairs},
          {"notes", simulation.notes}};
}

void print(const Simulation& simulation) {
  for (const auto& [persona, count] : simulation.persons) {
    std::printf("\n%s: %zu people, NDCG@10 x 100 after so much feedback\n%-46s",
                persona_name(persona), count, "");
    for (const size_t events : kCheckpoints) std::printf(" %6zu", events);
    std::printf("   5 of 20\n");
    for (const MethodTrial& trial : simulation.trials) {
      if (trial.persona != persona) continue;
      std::printf("%-46s", trial.method.c_str());
      for (size_t c = 0; c < kCheckpointCount; ++c)
        std::printf(" %6.2f", 100 * mean_of(trial.ndcg[c]));
      const Interval share = trial.share_interval();
      std::printf("   %.2f [%.2f, %.2f]\n", trial.share_after_five(), share.low, share.high);
    }
  }
  std::printf("\nNDCG@10 x 100 more than without, paired, after %zu and after %zu of feedback\n",
              kCheckpoints[kFive], kCheckpoints[kTwenty]);
  for (const auto& [with, without] : simulation.pairs_against_profile()) {
    const std::string pair =
        std::string(persona_name(with->persona)) + ": " + with->method + " - " + without->method;
    std::printf("%-72s", pair.c_str());
    for (const size_t c : {kFive, kTwenty}) {
      const Estimate more = estimate_difference(with->ndcg[c], without->ndcg[c]);
      std::printf("  %6.2f [%6.2f, %6.2f]", 100 * more.mean, 100 * more.interval.low,
                  100 * more.interval.high);
    }
    std::printf("\n");
  }
  for (const std::string& note : simulation.notes) std::printf("%s\n", note.c_str());
}

}  // namespace

void add_simulate_command(CLI::App* app) {
  const auto arguments = std::make_shared<SimulateArguments>();
  CLI::App* verb = app->add_subcommand(
      "simulate",
      "Change held-out people's taste on purpose, and measure what each way of learning from their "
      "feedback makes of it: the profile, re-weighting, appending what they like");
  add_people_options(verb, &arguments->people);
  verb->add_option(
          "--people", arguments->options.persons.most,
          "People a persona that are reported, at most; others, 150 of them at most, choose the "
          "constants of what the profile is compared with")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  verb->add_option("--min-items", arguments->options.persons.least_items,
                   "Tastes change by attributes of at least so many items")
      ->capture_default_str();
  verb->add_option("--min-events", arguments->options.persons.least_events,
                   "People have at least so many events")
      ->capture_default_str()
      ->check(CLI::Range(30, 1000000));
  verb->add_option("--flips", arguments->options.flips,
                   "The share of feedback that says the opposite of what is meant")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--seed", arguments->options.persons.seed, "Of all that is random")
      ->capture_default_str();
  verb->callback([arguments] {
    measure_people(
        arguments->people,
        [&](const Model& model, const Histories& histories, ThreadPool* pool) -> Measured {
          const Simulation simulation = simulate(model, histories, arguments->options, pool);
          return {to_json(simulation), [simulation] { print(simulation); }};
        });
  });
}

}  // namespace pintle::converter
