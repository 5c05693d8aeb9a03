// SPDX-License-Identifier: Apache-2.0
#include "converter/run/evaluate.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/commands/commands.h"
#include "converter/commands/log_options.h"
#include "converter/commands/threads_option.h"
#include "converter/run/histories.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

struct EvaluateArguments {
  std::string model_path, delta_path, interactions_path, split = "leave-one-out";
  std::string window_policy = "exact";
  InteractionOptions log;
  EvaluationOptions options;
  int threads = kDefaultThreads;
  bool json = false;
};

void print_evaluation(const Evaluation& evaluation, bool includes_seen) {
  std::printf("users        %zu\n", evaluation.users);
  for (const auto& [name, value] : evaluation_metrics(evaluation)) {
    std::printf("%-12s %.6f\n", name.c_str(), value);
  }
  const auto note = [](size_t count, const char* what) {
    if (count != 0) std::printf("%zu %s\n", count, what);
  };
  note(evaluation.skipped_users, "users skipped: fewer than two events");
  note(evaluation.unknown_targets, "users' held-out item is not in the model: counted as misses");
  note(evaluation.repeated_targets,
       includes_seen ? "users' held-out item is also in their history, and stays eligible"
                     : "users' held-out item is also in their history, so excluded: counted as "
                       "misses; --include-seen keeps such items");
  note(evaluation.unknown_events, "events left out: their item is not in the model");
}

nlohmann::ordered_json to_json(const Evaluation& evaluation, bool includes_seen) {
  nlohmann::ordered_json json{{"users", evaluation.users}};
  for (const auto& [name, value] : evaluation_metrics(evaluation)) json[name] = value;
  json["k"] = evaluation.k;
  json["include_seen"] = includes_seen;
  json["skipped_users"] = evaluation.skipped_users;
  json["unknown_targets"] = evaluation.unknown_targets;
  json["repeated_targets"] = evaluation.repeated_targets;
  json["unknown_events"] = evaluation.unknown_events;
  return json;
}

}  // namespace

void add_evaluate_command(CLI::App* app) {
  const auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* verb = app->add_subcommand(
      "evaluate",
      "Measure a model on histories: each user's last item is held out, the whole catalogue is "
      "ranked without the items of the history before it, and the first --k are compared with the "
      "held-out item");
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  verb->add_option("--delta", arguments->delta_path, "A delta of its catalogue (pintle delta)");
  CLI::Option* interactions = verb->add_option("--interactions", arguments->interactions_path,
                                               "Histories, with the model's external ids")
                                  ->required();
  add_log_options(verb, interactions, &arguments->log, &arguments->log.force);
  verb->add_option("--split", arguments->split, "What is held out")
      ->capture_default_str()
      ->check(CLI::IsMember({"leave-one-out"}));
  verb->add_option("--k", arguments->options.k,
                   "Length of the lists; metrics are named after it: hr@20, ndcg@20")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  verb->add_flag("--include-seen", arguments->options.includes_seen,
                 "Items of the history may be recommended again, as where people buy, hear or read "
                 "things more than once");
  verb->add_option("--window-policy", arguments->window_policy,
                   "What a full window drops as each event of a history is appended: exact, the "
                   "oldest event; hop, the oldest quarter at once")
      ->capture_default_str()
      ->check(CLI::IsMember({"exact", "hop"}));
  verb->add_option("--users", arguments->options.max_users, "Only the first so many users")
      ->check(CLI::PositiveNumber);
  add_threads_option(verb, &arguments->threads);
  verb->add_flag("--json", arguments->json, "Print one JSON object");
  verb->footer(
      "Users with fewer than two events are skipped. A held-out item that the model lacks counts "
      "as "
      "a miss, and so does one that is also in the history, unless --include-seen keeps it in the "
      "lists; other events of unknown items are left out; all three are reported. mrr@10 is 0 "
      "below "
      "rank 10. coverage@10 is the share of the trained items that at least one list of 10 holds.");
  verb->callback([arguments] {
    const Model model =
        open_model(arguments->model_path, 0, nullptr, arguments->delta_path.c_str());
    const Interactions log = read_interactions(arguments->interactions_path, arguments->log);
    const std::vector<std::string> notes = fitting_notes(model, log, arguments->log.force);
    if (arguments->window_policy == "hop") arguments->options.window_policy = PINTLE_WINDOW_HOP;
    ThreadPool pool(arguments->threads);
    const Evaluation evaluation = evaluate_leave_one_out(model, log, arguments->options, &pool);
    if (arguments->json) {
      nlohmann::ordered_json json = to_json(evaluation, arguments->options.includes_seen);
      json["interactions"] = log_json(notes);
      std::cout << json.dump() << '\n';
    } else {
      print_log_notes(notes);
      print_evaluation(evaluation, arguments->options.includes_seen);
    }
  });
}

}  // namespace pintle::converter
