// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <memory>

#include "converter/commands/commands.h"
#include "converter/commands/log_options.h"
#include "converter/commands/threads_option.h"
#include "converter/jobs/label_features.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

struct LabelArguments {
  LabelJob job;
  std::string hook;
  int64_t k = 0;
  int64_t memory_bytes = int64_t{1} << 30;
  int threads = kDefaultThreads;
  bool no_knobs = false, json = false;
};

void print_knobs(const std::vector<Knob>& knobs) {
  if (knobs.empty()) return;
  std::printf("\n%-20s %8s %10s %10s  %s\n", "knob", "features", "from", "to",
              "share over its range");
  for (const Knob& knob : knobs) {
    std::printf("%-20s %8zu %10.2f %10.2f  ", knob.name.c_str(), knob.features.size(),
                static_cast<double>(knob.min_strength), static_cast<double>(knob.max_strength));
    if (!knob.curve.empty()) {
      std::printf("%.3f to %.3f", static_cast<double>(knob.curve.front().share),
                  static_cast<double>(knob.curve.back().share));
    }
    std::printf("\n");
  }
}

void print_report(const LabelJobReport& report, const LabelJob& job) {
  const auto& summary = report.json.at("summary");
  const LabelReport& labels = report.labels;
  std::printf("%s: %zu features, %s\n", job.out_path.c_str(), labels.features.size(),
              report.split.c_str());
  print_log_notes(report.log_notes);
  for (const std::string& line : report.assumptions) std::printf("assumed: %s\n", line.c_str());
  if (labels.histories.users.size() < labels.users_given) {
    std::printf("measured on %zu of the %zu held-out users: --memory allows no more\n",
                labels.histories.users.size(), labels.users_given);
  }
  std::printf("\n%-20s %7s %11s %11s %7s %9s %8s\n", "attribute", "feature", "correlation",
              "sensitivity", "auc", "precision", "raw dims");
  const auto& attributes = report.json.at("attributes");
  for (size_t a = 0; a < labels.attributes.size(); ++a) {
    const AttributeEvidence& evidence = labels.attributes[a];
    std::printf("%-20s %7zu %11.3f %11.3f %7.3f %9.3f %8.3f\n",
                attributes[a].at("name").get_ref<const std::string&>().c_str(), evidence.feature,
                evidence.best.correlation, evidence.best.sensitivity, evidence.best.auc,
                evidence.best.precision, evidence.raw_correlation);
  }
  std::printf("%-20s %7s %11.3f %11.3f %7s %9s %8.3f\n", "mean", "", labels.mean_correlation,
              labels.mean_sensitivity, "", "", labels.raw_correlation);
  std::printf("\n%zu users, %zu positions, %.2f features active at each, %zu features never\n",
              labels.histories.users.size(), summary.at("positions").get<size_t>(), labels.active,
              labels.dead);
  print_knobs(report.interpretation.knobs);
}

nlohmann::ordered_json to_json(const LabelJobReport& report, const LabelJob& job) {
  nlohmann::ordered_json knobs = nlohmann::ordered_json::array();
  for (const Knob& knob : report.interpretation.knobs) knobs.push_back(knob.name);
  return {{"out", job.out_path},
          {"split", report.split},
          {"interactions", log_json(report.log_notes)},
          {"assumptions", report.assumptions},
          {"summary", report.json.at("summary")},
          {"attributes", report.json.at("attributes")},
          {"knobs", knobs}};
}

}  // namespace

void add_label_command(CLI::App* app) {
  const auto arguments = std::make_shared<LabelArguments>();
  LabelJob& job = arguments->job;
  CLI::App* verb = app->add_subcommand(
      "label", "Measure what the features of an SAE mean, on histories, and build knobs of them");
  verb->add_option("--model", job.model_path, "The model file")->required();
  verb->add_option("--sae", job.sae_path,
                   "The SAE: a folder of train-sae, SAELens, dictionary_learning or sparsify, or a "
                   "RecSAE checkpoint")
      ->required();
  verb->add_option("--hook", arguments->hook,
                   "Its hook, if its files do not tell: block:N, mlp:N, last");
  verb->add_option(
          "--k", arguments->k,
          "How many of its features are on at once, if the files of a top-k SAE do not tell")
      ->check(CLI::PositiveNumber);
  verb->add_option("--name", job.name, "The SAE's name in the model file (default: its folder's)");
  CLI::Option* interactions = verb->add_option("--interactions", job.interactions_path,
                                               "Histories, with the model's external ids")
                                  ->required();
  add_log_options(verb, interactions, &job.log, &job.log.force);
  verb->add_option("--train-users", job.train_path, "Ids of the users that knobs are built on");
  verb->add_option("--test-users", job.test_path,
                   "Ids of the users that features are measured on (default for either: all "
                   "others; for both: every second user)");
  verb->add_option("--min-items", job.knobs.min_items, "Attributes of fewer items get no knob")
      ->capture_default_str();
  verb->add_option("--presets", job.presets_path,
                   "Named combinations of knobs: a file {\"preset\": {\"knob\": strength}}");
  CLI::Option* no_knobs =
      verb->add_flag("--no-knobs", arguments->no_knobs, "Only measure the features");
  verb->get_option("--presets")->excludes(no_knobs);
  verb->add_option("--min-correlation", job.label.min_correlation,
                   "A feature is named after an attribute if they correlate so much, else after "
                   "its items")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  verb->add_option("--memory", arguments->memory_bytes,
                   "For activations; with more users than fit, every m-th is measured")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::PositiveNumber)
      ->default_str("1G");
  add_threads_option(verb, &arguments->threads);
  verb->add_option("--out", job.out_path, "features.json, for convert, report and people")
      ->required();
  verb->add_flag("--json", arguments->json, "Print the summary as one JSON object");
  verb->callback([arguments] {
    LabelJob& chosen = arguments->job;
    if (!arguments->hook.empty()) chosen.import.hook = parse_hook(arguments->hook);
    if (arguments->k != 0) chosen.import.k = arguments->k;
    chosen.with_knobs = !arguments->no_knobs;
    chosen.label.memory_bytes = static_cast<uint64_t>(arguments->memory_bytes);
    ThreadPool pool(arguments->threads);
    const LabelJobReport report = run_label_job(chosen, &pool);
    if (arguments->json) {
      std::cout
          << to_json(report, chosen).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
          << '\n';
    } else {
      print_report(report, chosen);
    }
  });
}

}  // namespace pintle::converter
