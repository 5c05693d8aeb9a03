// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/delta.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/commands/commands.h"
#include "converter/commands/item_options.h"
#include "converter/commands/log_options.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

Json quality_json(const NewItemQuality& quality) {
  Json json{{"method", quality.method},
            {"learned_items", quality.learned_items},
            {"hidden_items", quality.hidden_items},
            {"cosine", quality.cosine},
            {"scale", quality.scale},
            {"histories", quality.has_log ? "log" : "drawn"},
            {"exposure", quality.exposure},
            {"true_exposure", quality.true_exposure}};
  if (quality.events == 0) return json;
  json["events"] = quality.events;
  json["ndcg@10"] = quality.ndcg;
  json["true_ndcg@10"] = quality.true_ndcg;
  return json;
}

Json to_json(const DeltaReport& report, const std::string& path) {
  return {{"out", path},
          {"file_size_bytes", report.file_size_bytes},
          {"new_items", report.new_items},
          {"changed_items", report.changed_items},
          {"removed_items", report.removed_items},
          {"unchanged_items", report.unchanged_items},
          {"vectors",
           {{"supplied", report.supplied_vectors},
            {"built", report.built_vectors},
            {"kept", report.kept_vectors}}},
          {"quality", report.quality ? quality_json(*report.quality) : Json(nullptr)},
          {"item_table", report.notes},
          {"interactions", log_json(report.log_notes)}};
}

void print_quality(const NewItemQuality& quality) {
  std::printf("built vectors: %s, learned from %zu items\n", quality.method.c_str(),
              quality.learned_items);
  std::printf("measured on %zu trained items, hidden a twentieth at a time:\n",
              quality.hidden_items);
  std::printf("  cosine with their true vectors: %.3f\n", quality.cosine);
  std::printf(
      "  share of the places in lists of ten, %s: %.4f, with true vectors %.4f (factor "
      "%.2f)\n",
      quality.has_log ? "of the log's histories" : "of histories that the model drew",
      quality.exposure, quality.true_exposure, quality.scale);
  if (quality.events != 0) {
    std::printf(
        "  NDCG@10 where a hidden item came next, %zu events: %.4f, with true vectors "
        "%.4f\n",
        quality.events, quality.ndcg, quality.true_ndcg);
  } else {
    std::printf("  --interactions LOG would measure NDCG@10, too\n");
  }
}

void print_report(const DeltaReport& report, const std::string& path) {
  std::printf("%s: %zu new, %zu changed, %zu removed items, %llu bytes\n", path.c_str(),
              report.new_items, report.changed_items, report.removed_items,
              static_cast<unsigned long long>(report.file_size_bytes));
  if (report.unchanged_items != 0) {
    std::printf("%zu listed items are as the model has them\n", report.unchanged_items);
  }
  print_log_notes(report.log_notes);
  for (const std::string& note : report.notes) std::printf("items: %s\n", note.c_str());
  std::printf("vectors: %zu supplied, %zu built, %zu kept\n", report.supplied_vectors,
              report.built_vectors, report.kept_vectors);
  if (report.quality) print_quality(*report.quality);
}

}  // namespace

void add_delta_command(CLI::App* app) {
  struct Arguments {
    DeltaOptions options;
    bool json = false;
  };
  const auto arguments = std::make_shared<Arguments>();
  DeltaOptions& options = arguments->options;
  CLI::App* verb = app->add_subcommand(
      "delta",
      "Make a small file beside a model that adds, changes and takes out items of its catalogue");
  verb->add_option("--model", options.model_path, "The model file")->required();
  CLI::Option* items = verb->add_option(
      "--items", options.items_path,
      "New and changed items, as for convert. Columns with the names of the model's groups of "
      "attributes are taken. Items of the model that the table does not list stay as they are");
  add_item_options(verb, items, &options.items);
  verb->add_option("--remove", options.remove_path,
                   "A file of ids, separated by white space: items to take out of all lists. "
                   "Histories keep them");
  verb->add_flag("--complete", options.is_complete,
                 "--items lists the whole catalogue: what it lacks is taken out")
      ->needs(items);
  verb->add_option("--vectors", options.vectors_path,
                   "Vectors of the model's own kind for items of --items, in place of built ones: "
                   "a table, the id first and then its numbers, or .npy in the order of --items")
      ->needs(items);
  verb->add_option("--text-vectors", options.text_vectors_path,
                   "What a text encoder says of items, old and new, in the same forms: new vectors "
                   "are built from it, too")
      ->needs(items);
  CLI::Option* interactions = verb->add_option(
      "--interactions", options.interactions_path,
      "Histories, to measure built vectors on real people (default: histories that the model "
      "draws itself)");
  add_log_options(verb, interactions, &options.log, &options.log.force);
  verb->add_option("--exposure", options.exposure,
                   "How many places in lists new items are to get, in parts of what as many of the "
                   "model's own items get. More find new items oftener, and cost the others")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 100.0));
  verb->add_option("--out", options.out_path, "The delta to write")->required();
  verb->add_flag("--json", arguments->json, "Print one JSON object");
  verb->footer(
      "The delta belongs to this very file: a model that is converted or labelled again needs "
      "another. Apps pass it as pintle_open_options.delta_path.");
  verb->callback([arguments] {
    const DeltaReport report = make_delta(arguments->options);
    if (arguments->json) {
      std::cout << to_json(report, arguments->options.out_path).dump() << '\n';
    } else {
      print_report(report, arguments->options.out_path);
    }
  });
}

}  // namespace pintle::converter
