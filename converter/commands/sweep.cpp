// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/commands/log_options.h"
#include "converter/commands/steering_options.h"
#include "converter/commands/threads_option.h"
#include "converter/io/error.h"
#include "converter/run/name_lookup.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

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

// An attribute of the file, "GROUP:NAME" or "NAME".
uint32_t find_attribute(const Model& model, const std::string& text) {
  std::vector<std::string> names;
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < model.info().attribute_count; ++i) {
    const auto [group, name] = attribute_name(model, i);
    if (text == std::string(group) + ":" + name) return i;
    if (text == name) found.push_back(i);
    names.emplace_back(name);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    throw Error("--attribute " + text + ": several groups have it: write GROUP:" + text);
  }
  throw Error("--attribute " + text + ": the model's items have no such attribute. They have " +
              (names.empty() ? "none at all" : nearest_names(names, text)));
}

Json shares_json(const Model& model, const std::vector<double>& shares) {
  Json groups = Json::object();
  for (uint32_t i = 0; i < shares.size(); ++i) {
    const auto [group, name] = attribute_name(model, i);
    groups[group][name] = shares[i];
  }
  return groups;
}

Json measure_json(const Model& model, const ListMeasure& measure,
                  std::optional<uint32_t> attribute) {
  Json json;
  if (attribute) json["share"] = measure.shares[*attribute];
  json["ndcg@10"] = measure.ndcg;
  json["hr@10"] = measure.hit_rate;
  json["coverage@10"] = measure.coverage;
  json["overlap"] = measure.overlap;
  json["shares"] = shares_json(model, measure.shares);
  return json;
}

// The attributes but `own` whose numbers are largest in magnitude, at most `most`.
std::vector<uint32_t> largest(const std::vector<double>& values, std::optional<uint32_t> own,
                              size_t most) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  if (own) order.erase(order.begin() + *own);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::fabs(values[a]) > std::fabs(values[b]);
  });
  if (order.size() > most) order.resize(most);
  return order;
}

class Reporter {
 public:
  Reporter(const SweepArguments& arguments, const Model& model, const Histories& histories,
           const std::vector<std::string>& notes, std::optional<uint32_t> attribute,
           std::optional<uint32_t> knob)
      : arguments_(arguments), model_(model), notes_(notes), attribute_(attribute), knob_(knob) {
    for (const auto& items : histories.items) users_ += items.size() >= 2 ? 1 : 0;
    unknown_events_ = histories.unknown_events;
    if (users_ == 0) throw Error("no user has two events or more: nothing can be held out");
  }

  void print(const SweepMethod& method, const Sweep& sweep) const {
    const std::optional<SweepSummary> summary =
        attribute_ ? summarize_sweep(sweep, *attribute_) : std::nullopt;
    arguments_.json ? print_json(method, sweep, summary) : print_text(method, sweep, summary);
  }

 private:
  void print_json(const SweepMethod& method, const Sweep& sweep,
                  const std::optional<SweepSummary>& summary) const {
    Json json{{"method", method.name}};
    if (knob_) {
      const pintle_knob_info info = knob_info();
      json["knob"] = info.name;
      json["safe_range"] = {shortest(info.min_strength), shortest(info.max_strength)};
    }
    json["attribute"] = attribute_ ? Json(attribute_text(model_, *attribute_)) : Json();
    json["mode"] = arguments_.steering.mode;
    json["at"] = arguments_.steering.at;
    json["users"] = users_;
    json["unknown_events"] = unknown_events_;
    json["interactions"] = log_json(notes_);
    json["base"] = measure_json(model_, sweep.base, attribute_);
    json["points"] = Json::array();
    for (const SweepPoint& point : sweep.points) {
      Json entry{{"strength", shortest(point.strength)}};
      if (method.kind == SweepKind::kKnob) entry["in_safe_range"] = is_safe(point.strength);
      entry.update(measure_json(model_, point.measure, attribute_));
      json["points"].push_back(std::move(entry));
    }
    json["summary"] = summary ? summary_json(*summary) : Json();
    std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }

  Json summary_json(const SweepSummary& summary) const {
    return {{"start_share", summary.start_share},
            {"target_share", summary.target_share},
            {"strength", summary.strength},
            {"ndcg_loss_percent", 100 * summary.ndcg_loss},
            {"share_changes", shares_json(model_, summary.change)}};
  }

  // REQUIRES: there is one.
  pintle_knob_info knob_info() const { return require(model_.knob(*knob_), "knob", *knob_); }

  bool is_safe(float strength) const {
    const pintle_knob_info info = knob_info();
    return strength >= info.min_strength && strength <= info.max_strength;
  }

  void print_text(const SweepMethod& method, const Sweep& sweep,
                  const std::optional<SweepSummary>& summary) const {
    std::printf("%s%s%s%s, %zu users\n\n", method.name.c_str(), knob_ ? " " : "",
                knob_ ? knob_info().name : "",
                attribute_ ? (", share of " + attribute_text(model_, *attribute_)).c_str() : "",
                users_);
    std::printf("%9s %7s %8s %7s %11s %8s\n", "strength", attribute_ ? "share" : "", "ndcg@10",
                "hr@10", "coverage@10", "overlap");
    print_row("unsteered", sweep.base, "");
    for (const SweepPoint& point : sweep.points) {
      const bool unsafe = method.kind == SweepKind::kKnob && !is_safe(point.strength);
      print_row(short_number(point.strength), point.measure, unsafe ? "  outside the range" : "");
    }
    print_movements(sweep);
    if (summary) {
      std::printf("\nshare %.3f -> %.3f at strength %.3f: ndcg@10 loses %.2f %%\n",
                  summary->start_share, summary->target_share, summary->strength,
                  100 * summary->ndcg_loss);
      for (uint32_t a : largest(summary->change, attribute_, 5)) {
        std::printf("  %-28s %+.3f\n", attribute_text(model_, a).c_str(), summary->change[a]);
      }
    } else if (attribute_) {
      std::printf("\nno strength here reaches the share %.3f\n",
                  sweep_target(sweep.base.shares[*attribute_]));
    }
    std::printf("\n");
  }

  void print_row(const std::string& name, const ListMeasure& measure, const char* remark) const {
    char share[16] = "";
    if (attribute_) std::snprintf(share, sizeof(share), "%.4f", measure.shares[*attribute_]);
    std::printf("%9s %7s %8.4f %7.4f %11.4f %8.4f%s\n", name.c_str(), share, measure.ndcg,
                measure.hit_rate, measure.coverage, measure.overlap, remark);
  }

  // Other attributes between the first and the last strength.
  void print_movements(const Sweep& sweep) const {
    if (sweep.points.size() < 2) return;
    const SweepPoint &first = sweep.points.front(), &last = sweep.points.back();
    std::vector<double> change(sweep.base.shares.size());
    for (size_t a = 0; a < change.size(); ++a) {
      change[a] = last.measure.shares[a] - first.measure.shares[a];
    }
    const std::vector<uint32_t> order = largest(change, attribute_, 8);
    if (order.empty()) return;
    std::printf("\nother attributes' shares, strength %s -> %s\n",
                short_number(first.strength).c_str(), short_number(last.strength).c_str());
    for (uint32_t a : order) {
      std::printf("  %-28s %.3f -> %.3f\n", attribute_text(model_, a).c_str(),
                  first.measure.shares[a], last.measure.shares[a]);
    }
  }

  const SweepArguments& arguments_;
  const Model model_;
  const std::vector<std::string> notes_;
  const std::optional<uint32_t> attribute_, knob_;
  size_t users_ = 0, unknown_events_ = 0;
};

std::vector<float> strengths_of(const SweepArguments& arguments, const Model& model,
                                std::optional<uint32_t> knob) {
  if (!arguments.strengths.empty()) {
    for (float strength : arguments.strengths) {
      if (!std::isfinite(strength)) throw Error("--strengths: not a finite number");
    }
    return arguments.strengths;
  }
  if (arguments.has_range) {
    if (!(arguments.from < arguments.to)) throw Error("--from must be below --to");
    return even_strengths(arguments.from, arguments.to, arguments.steps);
  }
  if (!knob) throw Error("give the strengths: --from and --to, or --strengths");
  const pintle_knob_info info = require(model.knob(*knob), "knob", *knob);
  return even_strengths(info.min_strength, info.max_strength, arguments.steps);
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
  const Model model = open_model(arguments.model_path);
  std::optional<uint32_t> knob, attribute;
  if (!arguments.knob.empty()) {
    knob = require_knob(model, arguments.knob, "--knob " + arguments.knob);
    const pintle_knob_info info = require(model.knob(*knob), "knob", *knob);
    if (info.has_attribute) attribute = info.attribute;
  }
  if (!arguments.attribute.empty()) attribute = find_attribute(model, arguments.attribute);
  std::vector<SweepMethod> methods;
  for (const std::string& text : arguments.methods) {
    methods.push_back(parse_sweep_method(model, text));
    if (methods.back().kind != SweepKind::kKnob) continue;
    if (!knob) throw Error("--method knob: name the knob with --knob");
    methods.back().knob = *knob;
  }
  SweepOptions options;
  options.attribute = attribute;
  options.strengths = strengths_of(arguments, model, knob);
  options.flags = parse_steering_flags(arguments.steering.mode, arguments.steering.at);
  options.hook = parse_hook(arguments.hook);
  const Interactions log = read_interactions(arguments.interactions_path, arguments.log);
  const std::vector<std::string> notes = fitting_notes(model, log, arguments.log.force);
  const Histories histories = histories_of(model, log, arguments.users_path, arguments.users);
  Histories direction_histories;
  if (!arguments.direction_path.empty()) {
    direction_histories = histories_of(model, log, arguments.direction_path, 0);
    options.direction_histories = &direction_histories;
  }
  const Reporter reporter(arguments, model, histories, notes, attribute, knob);
  if (!arguments.json) print_log_notes(notes);
  ThreadPool pool(arguments.threads);
  for (const SweepMethod& method : methods) {
    reporter.print(method, run_sweep(arguments.model_path, histories, method, options, &pool));
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
                   "The attribute whose share is told, NAME or GROUP:NAME (default: the knob's)");
  verb->add_option("--method", arguments->methods,
                   "knob; or a baseline: reweight, direction, feature:[SAE:]INDEX. Repeat it for "
                   "several")
      ->capture_default_str()
      ->allow_extra_args(false);
  CLI::Option* from = verb->add_option("--from", arguments->from,
                                       "Lowest strength (default: the knob's safe range)");
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
      "reweight adds the strength to the score of every item that has the attribute. direction "
      "adds strength x (mean state after events that have the attribute - mean after the others) "
      "at --hook. feature adds to one SAE feature, the strength in units of its 95th percentile. "
      "A knob is measured outside its safe range too, and the points there are marked. share: of "
      "the top 10, how many have the attribute, averaged over users. overlap: how much of the "
      "unsteered top 10 is still there. The summary tells, linear between strengths, what "
      "ndcg@10 is lost where the share reaches twice its start (0.15 more if it starts at 0.25 "
      "or above). Users with fewer than two events do not count; events of items that the model "
      "lacks are left out.");
  verb->callback([arguments, from] {
    arguments->has_range = from->count() > 0;
    run_sweep_command(*arguments);
  });
}

}  // namespace pintle::converter
