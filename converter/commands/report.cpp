// SPDX-License-Identifier: Apache-2.0
#include "converter/report/report.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/commands/log_options.h"
#include "converter/commands/threads_option.h"
#include "converter/io/error.h"
#include "converter/io/json_file.h"
#include "converter/io/output_file.h"
#include "converter/report/page.h"
#include "converter/report/simulation_section.h"
#include "converter/run/runtime_model.h"
#include "converter/run/user_split.h"

namespace pintle::converter {
namespace {

struct ReportArguments {
  std::string model_path, interactions_path, train_path, test_path, simulation_path, title;
  std::vector<std::string> features_paths;
  std::string out_path;
  InteractionOptions log;
  ReportOptions options;
  int threads = kDefaultThreads;
};

ReportPeople read_people(const Model& model, const ReportArguments& arguments,
                         std::vector<std::string>* notes) {
  const Interactions interactions = read_interactions(arguments.interactions_path, arguments.log);
  *notes = fitting_notes(model, interactions, arguments.log.force);
  UserSplit split = split_users(model, interactions, arguments.train_path, arguments.test_path);
  return {std::move(split.held_out), std::move(split.train), map_histories(model, interactions),
          split.description};
}

void run_report_command(ReportArguments arguments) {
  const Model model = open_model(arguments.model_path);
  std::vector<nlohmann::json> features;
  for (const std::string& path : arguments.features_paths) features.push_back(read_json_file(path));
  if (!arguments.simulation_path.empty()) {
    arguments.options.simulation = read_simulation_section(arguments.simulation_path);
  }
  ReportPeople people;
  const bool has_people = !arguments.interactions_path.empty();
  std::vector<std::string> notes;
  if (has_people) people = read_people(model, arguments, &notes);
  const std::string name = arguments.title.empty()
                               ? std::filesystem::path(arguments.model_path).stem().string()
                               : arguments.title;
  ThreadPool pool(arguments.threads);
  const nlohmann::ordered_json data =
      report_data(arguments.model_path, name, features, has_people ? &people : nullptr,
                  arguments.options, &pool);
  const std::string page = report_page(name, data);
  OutputFile file(arguments.out_path);
  file.write(std::vector<uint8_t>(page.begin(), page.end()));
  file.commit();
  print_log_notes(notes);
  std::printf("%s: %zu bytes, %zu knobs, %zu histories to try", arguments.out_path.c_str(),
              page.size(), data.at("knobs").size(), data.at("histories").size());
  if (has_people) {
    std::printf(", effects measured on %zu users", data.at("measured").at("users").get<size_t>());
  }
  std::printf("\n");
}

}  // namespace

void add_report_command(CLI::App* app) {
  const auto arguments = std::make_shared<ReportArguments>();
  CLI::App* verb = app->add_subcommand(
      "report",
      "Write one HTML page, which needs no network, about a steerable model: its knobs and what "
      "they change, its features and their evidence, and histories to try");
  verb->add_option("--model", arguments->model_path, "The model file, with knobs, SAEs or both")
      ->required();
  verb->add_option("--features", arguments->features_paths,
                   "The features.json that the model was converted with; for several SAEs, several "
                   "files in the same order")
      ->required();
  CLI::Option* interactions =
      verb->add_option("--interactions", arguments->interactions_path,
                       "Histories, with the model's external ids: the knobs' effects are measured "
                       "on them, and those to try are chosen from them");
  add_log_options(verb, interactions, &arguments->log, &arguments->log.force);
  verb->add_option("--train-users", arguments->train_path,
                   "Ids of the users that the knobs were built on")
      ->needs(interactions);
  verb->add_option("--test-users", arguments->test_path,
                   "Ids of the users to measure on (default for either: all others; for both: "
                   "every second user, as in `pintle label`)")
      ->needs(interactions);
  verb->add_option("--users", arguments->options.users,
                   "Measure on so many of them at most, taken evenly")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  verb->add_option("--max-features", arguments->options.max_features,
                   "Show so many features at most, those of knobs and attributes first")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  verb->add_option(
      "--simulation", arguments->simulation_path,
      "What `pintle simulate --json` printed: the page draws what the profile and other "
      "ways learn from feedback");
  add_threads_option(verb, &arguments->threads);
  verb->add_option("--title", arguments->title, "The model's name (default: its file's)");
  verb->add_option("--out", arguments->out_path, "The page")->required();
  verb->footer(
      "The page holds titles of the histories that it shows, but no user's id. Whoever gets the "
      "page can read them.");
  verb->callback([arguments] { run_report_command(*arguments); });
}

}  // namespace pintle::converter
