// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/commands/log_options.h"
#include "converter/commands/steering_options.h"
#include "converter/commands/sweep_report.h"
#include "converter/commands/threads_option.h"
#include "converter/features/parse_sweep_method.h"
#include "converter/io/error.h"
#include "converter/run/name_lookup.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

struct SweepArguments {
  std::string model_path, interactions_path, knob, attribute, users_path, direction_path;
  std::string hook = "block:0";
  std::vector<std::string> methods = {"knob"};
  std::vector<float> strengths;
  float from = 0, to = 0;
  size_t steps = 11, users = 0;
  int threads = kDefaultThreads;
  InteractionOptions log;
  SteeringArguments steering;
  bool has_range = false, json = false;
};

// The strengths asked for; none: the method's own.
std::vector<float> strengths_of(const SweepArguments& arguments) {
  for (float strength : arguments.strengths) {
    if (!std::isfinite(strength)) throw Error("--strengths: not a finite number");
  }
  if (!arguments.has_range) return arguments.strengths;
  if (!(arguments.from < arguments.to)) throw Error("--from must be below --to");
  return even_strengths(arguments.from, arguments.to, arguments.steps);
}

// A knob's are over its range where the sweep is about it alone.
std::vector<float> own_strengths(const SweepArguments& arguments, const SweptSubject& subject,
                                 const SweepMethod& method, bool is_alone) {
  if (method.kind != SweepKind::kKnob || !is_alone) {
    return usual_strengths(method.kind, method.scores);
  }
  const pintle_knob_info info = require(subject.model.knob(*subject.knob), "knob", *subject.knob);
  return even_strengths(info.min_strength, info.max_strength, arguments.steps);
}

// "all": everything that needs no further name.
std::vector<SweepMethod> methods_of(const SweepArguments& arguments, const SweptSubject& subject) {
  std::vector<SweepMethod> methods;
  const auto add = [&](const std::string& text) {
    methods.push_back(parse_sweep_method(subject.model, text));
  };
  for (const std::string& text : arguments.methods) {
    if (text != "all") {
      add(text);
      continue;
    }
    if (subject.knob) add("knob");
    for (const SweepMethod& method : score_methods()) methods.push_back(method);
    if (!arguments.direction_path.empty()) add("direction");
  }
  for (SweepMethod& method : methods) {
    if (method.kind != SweepKind::kKnob) continue;
    if (!subject.knob) throw Error("--method knob: name the knob with --knob");
    method.knob = *subject.knob;
  }
  return methods;
}

Histories histories_of(const Model& model, Interactions interactions, const std::string& users_path,
                       size_t users) {
  if (!users_path.empty()) interactions = select_users(interactions, users_path);
  if (users != 0 && users < interactions.users.size()) {
    interactions.users.resize(users);
    interactions.items.resize(users);
  }
  return map_histories(model, interactions);
}

void run_sweep_command(const SweepArguments& arguments) {
  SweptSubject subject;
  subject.model = open_model(arguments.model_path);
  subject.steering = arguments.steering;
  const Model& model = subject.model;
  if (!arguments.knob.empty()) {
    subject.knob = require_knob(model, arguments.knob, "--knob " + arguments.knob);
    const pintle_knob_info info = require(model.knob(*subject.knob), "knob", *subject.knob);
    if (info.has_attribute) subject.attribute = info.attribute;
  }
  if (!arguments.attribute.empty()) {
    subject.attribute =
        require_attribute(model, arguments.attribute, "--attribute " + arguments.attribute);
  }
  const std::vector<SweepMethod> methods = methods_of(arguments, subject);
  const bool is_alone = methods.size() == 1;
  const std::vector<float> asked = strengths_of(arguments);
  if (!is_alone && !arguments.json && !subject.attribute) {
    throw Error("several methods are compared by an attribute's share: name it with --attribute");
  }
  SweepOptions options;
  if (subject.attribute) options.attributes = {*subject.attribute};
  options.flags = parse_steering_flags(arguments.steering.mode, arguments.steering.at);
  options.hook = parse_hook(arguments.hook);
  const Interactions log = read_interactions(arguments.interactions_path, arguments.log);
  subject.notes = fitting_notes(model, log, arguments.log.force);
  const Histories histories = histories_of(model, log, arguments.users_path, arguments.users);
  for (const auto& events : histories.items) subject.users += is_measured(events) ? 1 : 0;
  subject.unknown_events = histories.unknown_events;
  if (subject.users == 0) {
    throw Error("no user has two events or more: nothing can be held out");
  }
  Histories direction_histories;
  if (!arguments.direction_path.empty()) {
    direction_histories = histories_of(model, log, arguments.direction_path, 0);
    options.direction_histories = &direction_histories;
    options.direction_attributes = options.attributes;
  }
  if (!arguments.json) print_log_notes(subject.notes);
  ThreadPool pool(arguments.threads);
  Sweeper sweeper(arguments.model_path, histories, options, &pool);
  std::vector<std::pair<SweepMethod, Sweep>> sweeps;
  for (const SweepMethod& method : methods) {
    const std::vector<float> strengths =
        asked.empty() ? own_strengths(arguments, subject, method, is_alone) : asked;
    Sweep sweep = sweeper.run(method, subject.attribute, strengths);
    if (arguments.json) print_sweep_json(subject, method, sweep);
    sweeps.emplace_back(method, std::move(sweep));
  }
  if (arguments.json) return;
  if (is_alone) {
    print_sweep(subject, sweeps[0].first, sweeps[0].second);
  } else {
    print_comparison(subject, sweeps);
  }
}

}  // namespace

void add_sweep_command(CLI::App* app) {
  const auto arguments = std::make_shared<SweepArguments>();
  CLI::App* verb = app->add_subcommand(
      "sweep",
      "Measure a knob's control curve: per strength, what the top 10 holds and what it is worth");
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  CLI::Option* interactions =
      verb->add_option(
              "--interactions", arguments->interactions_path,
              "Histories, with the model's external ids; each user's last item is held out")
          ->required();
  add_log_options(verb, interactions, &arguments->log, &arguments->log.force);
  verb->add_option("--knob", arguments->knob, "The knob, by its bare name");
  verb->add_option("--attribute", arguments->attribute,
                   "The attribute whose share is told, NAME or GROUP/NAME (default: the knob's)");
  verb->add_option("--method", arguments->methods,
                   "knob; or a baseline: bonus, reweight, reweight-ordered, quota, direction, "
                   "feature:[SAE:]INDEX. Repeat it for several, which are then compared. all: the "
                   "knob if one is named, the baselines from scores, and direction with "
                   "--direction-users")
      ->capture_default_str()
      ->allow_extra_args(false);
  CLI::Option* from =
      verb->add_option("--from", arguments->from,
                       "Lowest strength (default: the knob's range; a baseline's: all "
                       "that it can do)");
  CLI::Option* to = verb->add_option("--to", arguments->to, "Highest strength");
  from->needs(to);
  to->needs(from);
  verb->add_option("--steps", arguments->steps, "Strengths, evenly spaced")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  verb->add_option("--strengths", arguments->strengths, "These strengths, separated by commas")
      ->delimiter(',')
      ->excludes(from)
      ->excludes(to);
  add_steering_options(verb, &arguments->steering);
  verb->add_option("--hook", arguments->hook,
                   "Where --method direction edits: block:N, mlp:N or last")
      ->capture_default_str();
  verb->add_option("--direction-users", arguments->direction_path,
                   "A file of user ids: over their states --method direction takes its means");
  verb->add_option("--users-file", arguments->users_path, "A file of user ids: only these");
  verb->add_option("--users", arguments->users, "Only the first so many users")
      ->check(CLI::PositiveNumber);
  add_threads_option(verb, &arguments->threads);
  verb->add_flag("--json", arguments->json, "Print one JSON object a method, one a line");
  verb->footer(
      "p is an item's probability at the model's temperature. bonus adds the strength to p of "
      "every "
      "item that has the attribute, reweight to its score (a factor on p); reweight-ordered puts "
      "the "
      "same items in the network's order. quota gives everybody so many items more (below 0: "
      "fewer): "
      "the most probable for the last others. direction adds strength x (mean state after events "
      "that have the attribute - mean after the others) at --hook. feature adds to one SAE "
      "feature, "
      "the strength in units of its 95th percentile. A knob is measured outside its range too, and "
      "the points there are marked. share: of the top 10, how many have the attribute, averaged "
      "over "
      "users. overlap: how much of the unsteered top 10 is still there. The summaries tell what "
      "ndcg@10 is lost where the mean share reaches twice its start (0.15 more from 0.25 on), half "
      "of "
      "the list, and half its start, near which further strengths are measured; with a 95 % "
      "interval "
      "by a paired bootstrap over the users, how many lists are the unsteered ones, and how many "
      "people get no item more (of those who have some: no item less). Users with fewer than two "
      "events do not count; events of items that the model lacks are left out.");
  verb->callback([arguments, from] {
    arguments->has_range = from->count() > 0;
    run_sweep_command(*arguments);
  });
}

}  // namespace pintle::converter
