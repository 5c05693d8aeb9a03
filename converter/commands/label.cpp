// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "converter/commands/commands.h"
#include "converter/commands/comparison_text.h"
#include "converter/commands/log_options.h"
#include "converter/commands/threads_option.h"
#include "converter/features/knob_range.h"
#include "converter/jobs/label_features.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

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

std::string parts_text(const Knob& knob) {
  const std::string features = std::to_string(knob.features.size()) + " features";
  if (knob.rewards.empty()) return features;
  return knob.features.empty() ? "its group" : "its group and " + features;
}

// An end of a range with its reason.
std::string end_text(float end, float by_loss, float by_items) {
  return short_number(end) + " (" + range_end_reason(end, by_loss, by_items) + ")";
}

// The reward at strength 1, "" of a knob without.
std::string unit_text(const Knob& knob) {
  for (const auto& [strength, reward] : knob.rewards) {
    if (strength == 1) return short_number(reward);
  }
  return "";
}

void print_knobs(const LabelJobReport& report) {
  const Interpretation& made = report.interpretation;
  if (!made.knobs.empty()) {
    std::printf("\n%-20s %-12s %-34s %-34s %s\n", "knob", "reward at +1", "from", "to", "made of");
  }
  for (const Knob& knob : made.knobs) {
    std::printf("%-20s %-12s %-34s %-34s %s\n", knob.name.c_str(), unit_text(knob).c_str(),
                end_text(knob.min_strength, knob.min_by_loss, knob.min_by_items).c_str(),
                end_text(knob.max_strength, knob.max_by_loss, knob.max_by_items).c_str(),
                parts_text(knob).c_str());
  }
  if (!made.knobs.empty()) {
    std::printf("One unit is one item of the ten for the median person.\n");
  }
  if (made.wish_unit > 0) {
    std::printf("A wish of 1 is a reward of %s; probabilities at temperature %s.\n",
                short_number(made.wish_unit).c_str(), short_number(made.temperature).c_str());
  }
  if (!report.refused.empty()) std::printf("\nwithout a knob:\n");
  for (const RefusedKnob& refused : report.refused) {
    const std::string group = refused.attribute_group.empty() ? "" : refused.attribute_group + "/";
    std::printf("  %s%s: %s\n", group.c_str(), refused.attribute_name.c_str(),
                refused.reason.c_str());
  }
}

void print_labels(const LabelJobReport& report) {
  const LabelReport& labels = *report.labels;
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
              labels.histories.users.size(), labels.activations.positions(), labels.active,
              labels.dead);
}

// Numbers to two digits; "?" of what is not known.
std::string two_digits(double value) {
  if (value < 0) return "?";
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return text;
}

// How many features are no concepts for each kind of reason, which ends at its first number.
void print_refusals(const LabelReport& labels) {
  std::map<std::string, size_t> counts;
  for (const FeatureEvidence& feature : labels.features) {
    if (feature.no_concept.empty()) continue;
    ++counts[feature.no_concept.substr(0, feature.no_concept.find_first_of(":\"0123456789"))];
  }
  for (const auto& [reason, count] : counts) {
    std::printf("  %zu features: %s\n", count, reason.c_str());
  }
}

void print_concepts(const LabelReport& labels) {
  std::printf("\n%.0f %% of all activation is of features with a name that holds\n",
              100 * labels.named_mass);
  if (labels.concepts.empty()) {
    std::printf("no feature is a concept worth offering\n");
  } else {
    std::printf("\n%-44s %7s %6s %9s %5s %10s %10s %10s\n", "concept", "feature", "items",
                "of events", "lift", "separation", "agreement", "stability");
  }
  for (const FoundConcept& found : labels.concepts) {
    const ConceptMeasures& m = found.measures;
    std::printf("%-44s %7zu %6zu %9s %5s %10s %10s %10s\n", found.content.name.c_str(),
                found.feature, m.members, two_digits(m.coverage).c_str(),
                two_digits(m.lift).c_str(), two_digits(m.separation).c_str(),
                two_digits(m.agreement).c_str(), two_digits(m.stability).c_str());
  }
  std::printf("not offered as concepts:\n");
  print_refusals(labels);
}

void print_completed(const std::vector<CompletedAttribute>& completed) {
  if (completed.empty()) return;
  std::printf("\n%-28s %12s %12s\n", "completed", "known items", "correlation");
  for (const CompletedAttribute& one : completed) {
    std::printf("%-28s %12zu %12s  %s\n", (one.group + "/" + one.name).c_str(), one.known,
                two_digits(std::max(0.0, one.correlation)).c_str(),
                one.refusal.empty() ? "" : ("not completed: " + one.refusal).c_str());
  }
}

void print_report(const LabelJobReport& report, const LabelJob& job) {
  std::printf("%s: %zu features, %zu knobs, %s\n", job.out_path.c_str(),
              report.labels ? report.labels->features.size() : 0,
              report.interpretation.knobs.size(), report.split.c_str());
  print_log_notes(report.log_notes);
  for (const std::string& line : report.assumptions) std::printf("assumed: %s\n", line.c_str());
  if (report.labels) {
    print_labels(report);
    print_concepts(*report.labels);
  }
  print_completed(report.completed);
  if (report.comparison) print_comparison(*report.comparison, report.labels->features.size());
  print_knobs(report);
}

nlohmann::ordered_json to_json(const LabelJobReport& report, const LabelJob& job) {
  nlohmann::ordered_json knobs = nlohmann::ordered_json::array();
  for (const Knob& knob : report.interpretation.knobs) knobs.push_back(knob.name);
  nlohmann::ordered_json concepts = nlohmann::ordered_json::array();
  for (const Concept& made : report.interpretation.concepts) {
    concepts.push_back({{"group", made.group}, {"name", made.name}, {"items", made.items.size()}});
  }
  nlohmann::ordered_json json{{"out", job.out_path},
                              {"split", report.split},
                              {"interactions", log_json(report.log_notes)},
                              {"assumptions", report.assumptions}};
  if (report.labels) {
    json["summary"] = report.json.at("summary");
    json["attributes"] = report.json.at("attributes");
  }
  json["concepts"] = concepts;
  json["completed"] = report.json.at("completed");
  if (report.comparison) json["comparison"] = report.json.at("comparison");
  json["knobs"] = knobs;
  json["without_knob"] = report.json.at("without_knob");
  return json;
}

// What a name must reach, and how many groups are found.
void add_concept_options(CLI::App* verb, CLI::Option* sae, LabelOptions* options) {
  verb->add_option("--min-precision", options->names.min_precision,
                   "A feature has a name only where so much of what it holds for has what the name "
                   "says, on items and people that did not choose it; else its items")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0))
      ->needs(sae);
  verb->add_option("--min-recall", options->names.min_recall,
                   "And so much of what has what the name says belongs to the feature")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0))
      ->needs(sae);
  verb->add_option("--concepts", options->concepts.most,
                   "At most so many groups of items are found by features and get memberships")
      ->capture_default_str()
      ->needs(sae);
  verb->add_option("--concept-knobs", options->concepts.knobs,
                   "The best so many of them get a knob")
      ->capture_default_str()
      ->needs(sae);
}

}  // namespace

void add_label_command(CLI::App* app) {
  const auto arguments = std::make_shared<LabelArguments>();
  LabelJob& job = arguments->job;
  CLI::App* verb = app->add_subcommand(
      "label",
      "Measure what the features of an SAE mean, on histories, and build knobs for the attributes");
  verb->add_option("--model", job.model_path, "The model file")->required();
  CLI::Option* sae = verb->add_option(
      "--sae", job.sae_path,
      "The SAE: a folder of train-sae, SAELens, dictionary_learning or sparsify, or a RecSAE "
      "checkpoint. Without one, knobs are built of the attributes alone");
  verb->add_option("--hook", arguments->hook,
                   "Its hook, if its files do not tell: block:N, mlp:N, last")
      ->needs(sae);
  verb->add_option(
          "--k", arguments->k,
          "How many of its features are on at once, if the files of a top-k SAE do not tell")
      ->check(CLI::PositiveNumber)
      ->needs(sae);
  verb->add_option("--name", job.name, "The SAE's name in the model file (default: its folder's)")
      ->needs(sae);
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
      verb->add_flag("--no-knobs", arguments->no_knobs, "Only measure the features")->needs(sae);
  verb->get_option("--presets")->excludes(no_knobs);
  verb->add_flag(
          "--evidence", job.with_comparison,
          "Compare the features with what tells of attributes without an SAE, and with probes "
          "learned from the attributes. Most of its time trains a baseline, " +
              std::to_string(job.comparison.frozen_steps) + " steps: as long as train-sae takes")
      ->needs(sae);
  verb->add_option("--complete", job.complete,
                   "A group of attributes that only some items have: what the others have is told "
                   "from what people do with them");
  add_concept_options(verb, sae, &job.label);
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
    chosen.comparison.memory_bytes = chosen.label.memory_bytes;
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
