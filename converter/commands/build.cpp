// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/build.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <regex>
#include <set>

#include "converter/commands/commands.h"
#include "converter/commands/log_options.h"
#include "converter/commands/threads_option.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

struct BuildArguments {
  std::string config_path;
  int threads = kDefaultThreads;
  bool json = false;
};

constexpr char kKeys[] =
    "build.json is one object. Its paths count from its own folder.\n"
    "  weights, config, arch, recipe, heads, id_map, force, items, id_column, row_column,\n"
    "  title_column, date_column, attributes, memberships, interactions, format,\n"
    "  user_column, item_column, time_column, precision, measure_quality,\n"
    "  main_parameters, out\n"
    "                    as in `pintle convert`; weights, interactions and out are needed;\n"
    "                    attributes is a list\n"
    "  set               an object of settings, {\"window\": 50}, as convert's --set\n"
    "  train_users, test_users, min_items, min_precision, min_recall, concepts,\n"
    "  concept_knobs, complete (a list), presets\n"
    "                    as in `pintle label`; the SAE too is trained on train_users only\n"
    "  saes              a list of SAEs (default: one, with every default). Each an object:\n"
    "                    hook, dict, variant, k, l1, steps, batch, learning_rate, seed as in\n"
    "                    `pintle train-sae`, stability, false for no second training; or path, an\n"
    "                    SAE to import instead, with hook and k if its files do not tell; knobs,\n"
    "                    whether knobs are built on it and concepts found (default: on\n"
    "                    the first SAE only)\n"
    "  threads (as in `pintle train-sae`), memory_mib (1024)\n"
    "  work              folder for what lies between (default: OUT.build). Every stage is kept\n"
    "                    there with a record of its inputs, by content, and runs again only if\n"
    "                    one of them changed";

// What goes wrong in a stage is told by the options of its verb.
std::string with_keys(const std::string& message) {
  static const std::regex kOption("--[a-z][a-z-]*[a-z]|--[a-z]");
  std::set<std::string> options;
  for (std::sregex_iterator found(message.begin(), message.end(), kOption), end; found != end;
       ++found) {
    options.insert(found->str());
  }
  std::string text = message;
  for (const std::string& option : options) {
    text += (option == *options.begin() ? "\nIn build.json " : ", ") + option + " is the key " +
            build_key_of(option);
  }
  return text;
}

BuildReport build_by_keys(const BuildConfig& config) {
  try {
    return build(config);
  } catch (const Error& error) {
    throw Error(with_keys(error.what()));
  }
}

// Warnings name options too.
std::vector<std::string> training_notes(const BuildReport& report) {
  std::vector<std::string> notes;
  for (const std::string& note : report.training_notes) notes.push_back(with_keys(note));
  return notes;
}

}  // namespace

void add_build_command(CLI::App* app) {
  const auto arguments = std::make_shared<BuildArguments>();
  CLI::App* verb = app->add_subcommand(
      "build",
      "From a checkpoint to one steerable model file: convert, train an SAE, label it, build "
      "knobs, embed. Interrupted, it goes on where it was");
  verb->add_option("--config", arguments->config_path, "What to build: build.json")->required();
  CLI::Option* threads =
      add_threads_option(verb, &arguments->threads,
                         "Threads; the weights of trained SAEs depend on their number")
          ->default_str("build.json's");
  verb->add_flag("--json", arguments->json, "Print the report as one JSON object");
  verb->footer(kKeys);
  verb->callback([arguments, threads] {
    BuildConfig config = read_build_config(arguments->config_path);
    if (threads->count() != 0) config.threads = arguments->threads;
    const BuildReport report = build_by_keys(config);
    if (arguments->json) {
      std::cout << nlohmann::ordered_json{{"out", config.convert.out_path},
                                          {"work", config.work_folder},
                                          {"stages", report.stages},
                                          {"ran", report.ran},
                                          {"features", report.features_paths},
                                          {"interactions", log_json(report.log_notes)},
                                          {"memberships", report.membership_notes},
                                          {"training", training_notes(report)}}
                       .dump()
                << '\n';
      return;
    }
    print_log_notes(report.log_notes);
    for (const std::string& note : report.membership_notes) {
      std::printf("memberships: %s\n", note.c_str());
    }
    for (const std::string& note : training_notes(report)) std::printf("%s\n", note.c_str());
    std::printf("%s: %zu of %zu stages ran, the others were up to date\n",
                config.convert.out_path.c_str(), report.ran, report.stages);
    for (const std::string& path : report.features_paths) {
      std::printf("features: %s\n", path.c_str());
    }
  });
}

}  // namespace pintle::converter
