// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/convert.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/commands/commands.h"
#include "converter/commands/item_options.h"
#include "converter/commands/log_options.h"
#include "converter/commands/threads_option.h"
#include "converter/file/quantize.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

struct ConvertArguments {
  ConvertOptions options;
  int64_t heads = 0;
  std::string precision = "int8";
  int threads = kDefaultThreads;
  bool json = false;
};

nlohmann::ordered_json exact_json(const ConvertReport& report, const ConvertArguments& arguments) {
  if (arguments.options.exact.empty()) return nullptr;
  return {{"prunes", report.prunes}, {"bytes_of_int8_scan", report.pruned_share}};
}

nlohmann::ordered_json to_json(const ConvertReport& report, const ConvertArguments& arguments) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const TensorReport& tensor : report.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"rows", tensor.rows},
                       {"cols", tensor.cols},
                       {"dtype", precision_name(tensor.dtype)},
                       {"stored_bytes", tensor.stored_bytes},
                       {"relative_error", tensor.relative_error}});
  }
  nlohmann::ordered_json quality = nlohmann::ordered_json::object();
  for (const auto& [name, value] : report.quality) quality[name] = value;
  const CatalogueReport& catalogue = report.catalogue;
  return {{"out", arguments.options.out_path},
          {"file_size_bytes", report.file_size_bytes},
          {"architecture", report.architecture},
          {"container", report.container},
          {"source_sha256", report.source_sha256},
          {"precision", arguments.precision},
          {"items", report.item_count},
          {"catalogue",
           {{"checkpoint_items", catalogue.checkpoint_items},
            {"dropped_items", catalogue.dropped_items},
            {"untrained_items", catalogue.untrained_items},
            {"missing_items", catalogue.missing_items},
            {"missing_examples", catalogue.missing_examples},
            {"unknown_interaction_ids", catalogue.log.unknown_ids},
            {"unknown_examples", catalogue.log.unknown_examples}}},
          {"interactions", log_json(report.log_notes)},
          {"item_table", report.item_table},
          {"memberships", report.memberships},
          {"dated_items", report.dated_items},
          {"assumptions", report.assumptions},
          {"quantization", report.settings},
          {"tensor_bytes", report.tensor_bytes},
          {"tensor_bytes_f32", report.tensor_bytes_f32},
          {"tensors", tensors},
          {"quality", quality},
          {"saes", report.saes},
          {"knobs", report.knob_count},
          {"presets", report.preset_count},
          {"main_parameters", report.main_parameters},
          {"exact", exact_json(report, arguments)}};
}

std::string joined(const std::vector<std::string>& examples, size_t count) {
  std::string text;
  for (const std::string& example : examples) text += (text.empty() ? "" : ", ") + example;
  return count > examples.size() ? text + ", ..." : text;
}

void print_report(const ConvertReport& report, const ConvertArguments& arguments) {
  std::printf("%s: %s from %s, %zu items, %s\n", arguments.options.out_path.c_str(),
              report.architecture.c_str(), report.container.c_str(), report.item_count,
              arguments.precision.c_str());
  const CatalogueReport& catalogue = report.catalogue;
  if (catalogue.dropped_items != 0) {
    std::printf("left out: %zu of the checkpoint's %zu items, not in the tables given\n",
                catalogue.dropped_items, catalogue.checkpoint_items);
  }
  if (catalogue.untrained_items != 0) {
    std::printf("untrained: %zu items, never in the interactions: never recommended\n",
                catalogue.untrained_items);
  }
  if (catalogue.missing_items != 0) {
    std::printf("missing: %zu listed items have no row in the checkpoint: %s\n",
                catalogue.missing_items,
                joined(catalogue.missing_examples, catalogue.missing_items).c_str());
  }
  print_log_notes(report.log_notes);
  for (const std::string& note : report.item_table) std::printf("items: %s\n", note.c_str());
  for (const std::string& note : report.memberships) {
    std::printf("memberships: %s\n", note.c_str());
  }
  for (const std::string& assumption : report.assumptions) {
    std::printf("assumed: %s\n", assumption.c_str());
  }
  std::printf("\n%-32s %13s  %-5s %12s %10s\n", "tensor", "shape", "type", "bytes", "error");
  for (const TensorReport& tensor : report.tensors) {
    const std::string shape = std::to_string(tensor.rows) + " x " + std::to_string(tensor.cols);
    std::printf("%-32s %13s  %-5s %12llu %10.2g\n", tensor.name.c_str(), shape.c_str(),
                precision_name(tensor.dtype), static_cast<unsigned long long>(tensor.stored_bytes),
                static_cast<double>(tensor.relative_error));
  }
  std::printf(
      "\ntensors: %llu bytes, %.3f of their f32 size; file: %llu bytes\n",
      static_cast<unsigned long long>(report.tensor_bytes),
      static_cast<double>(report.tensor_bytes) / static_cast<double>(report.tensor_bytes_f32),
      static_cast<unsigned long long>(report.file_size_bytes));
  if (!arguments.options.exact.empty()) {
    std::printf("exact lists: pruning reads %.3f of an int8 scan's bytes: %s\n",
                report.pruned_share,
                report.prunes ? "it is on" : "left out, the table is scanned in f32");
  }
  for (const std::string& sae : report.saes) std::printf("SAE %s\n", sae.c_str());
  if (!report.saes.empty() || report.knob_count != 0) {
    std::printf("knobs: %zu, presets: %zu\n", report.knob_count, report.preset_count);
  }
  for (const std::string& words : report.main_parameters) {
    std::printf("tells people: %s\n", words.c_str());
  }
  for (const auto& [name, value] : report.quality) std::printf("%s: %.6f\n", name.c_str(), value);
}

void add_sae_options(CLI::App* verb, SaeFiles* files) {
  CLI::Option* sae =
      verb->add_option(
              "--sae", files->saes,
              "A sparse autoencoder to put into the model; may be given again for another hook")
          ->allow_extra_args(false);
  verb->add_option("--sae-hook,--hook", files->hooks,
                   "The hooks, if the SAEs' files do not tell: block:N, mlp:N or last, one an SAE")
      ->needs(sae);
  verb->add_option("--sae-k,--k", files->ks,
                   "How many features are on at once, if the files of top-k SAEs do not tell: one "
                   "an SAE, 0 where they do")
      ->needs(sae)
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--features", files->features,
                   "Labels, knobs and presets by `pintle label`: a file for each --sae, in their "
                   "order. One of knobs that need no SAE stands alone");
}

}  // namespace

void add_convert_command(CLI::App* app) {
  const auto arguments = std::make_shared<ConvertArguments>();
  ConvertOptions& options = arguments->options;
  CLI::App* verb = app->add_subcommand("convert", "Make a model file from a trained checkpoint");
  verb->add_option("--weights", options.weights_path,
                   "The checkpoint: PyTorch .pt/.pth/.ckpt/.bin (zip or legacy) or safetensors; a "
                   "folder of Hugging Face files, an index or a shard of them")
      ->required();
  CLI::Option* arch = verb->add_option(
      "--arch", options.import.arch,
      "Its architecture, if it cannot be recognised; `pintle recipes` lists the names");
  verb->add_option(
          "--recipe", options.import.recipe_path,
          "A recipe file for any other layout; `pintle recipes NAME` prints one to start from")
      ->excludes(arch);
  verb->add_option(
      "--config", options.import.config_path,
      "What the tensors cannot tell: a Hugging Face config.json or a flat JSON object");
  CLI::Option* heads = verb->add_option("--heads", arguments->heads, "Number of attention heads")
                           ->check(CLI::PositiveNumber);
  verb->add_option("--set", options.import.set,
                   "NAME=VALUE: a setting that neither tensors nor configuration tell, such as "
                   "mask_row=1 or window=50; may be given again. A wrong NAME lists them")
      ->allow_extra_args(false);
  verb->add_option(
      "--id-map", options.import.id_map_path,
      "The app's ids by the checkpoint's rows, where a framework numbered items anew: a "
      "JSON list or {id: row}, a RePlay tokenizer, or a table of rows and ids");
  CLI::Option* items = verb->add_option(
      "--items", options.items_path,
      "CSV or TSV with a header: the id used in the checkpoint, a title, attributes (several in a "
      "field as A|B, ['A', 'B'] or RecBole's token_seq). Only these items are kept; the report "
      "tells "
      "what every column became");
  add_item_options(verb, items, &options.items);
  verb->add_option(
      "--memberships", options.memberships_path,
      "How much items belong to attributes, where that is not yes or no: CSV or TSV with the "
      "columns "
      "item (the app's id), group, name and membership, from 0 to 1 in steps of a fifteenth");
  CLI::Option* interactions = verb->add_option(
      "--interactions", options.interactions_path,
      "Histories, with the app's ids. Items that never occur are left out or, if --items lists "
      "them, kept but never recommended");
  add_log_options(verb, interactions, &options.log, &options.import.force);
  verb->add_option("--precision", arguments->precision, "Weights: f32, f16, int8 or int4")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "f16", "int8", "int4"}));
  verb->add_flag(
          "--exact{auto}", options.exact,
          "Score items in f32, whatever --precision: by a scan of all rows (--exact=scan) or "
          "of those that coarse codes with proven bounds leave (--exact=pruned). Alone: pruned "
          "where the table is too large for caches and fewer bytes are read")
      ->check(CLI::IsMember({"auto", "pruned", "scan"}));
  verb->add_flag("--measure-quality", options.measure_quality,
                 "Evaluate the model on --interactions (leave-one-out) and store the result in it")
      ->needs(interactions);
  add_sae_options(verb, &options.sae);
  verb->add_option(
      "--main-parameters", options.main_parameters_path,
      "What the file tells people of how their lists come about and can be changed, in your own "
      "words: text, a sentence or paragraph a line (default: sentences that are true of what the "
      "file holds; the report shows them)");
  add_threads_option(verb, &arguments->threads);
  verb->add_option("--out", options.out_path, "The model file to write")->required();
  verb->add_flag("--json", arguments->json, "Print the report as one JSON object");
  verb->callback([arguments, heads] {
    ConvertOptions& chosen = arguments->options;
    if (heads->count() != 0) chosen.import.heads = arguments->heads;
    chosen.log.force = chosen.import.force;
    chosen.precision = parse_precision(arguments->precision);
    ThreadPool pool(arguments->threads);
    const ConvertReport report = convert(chosen, &pool);
    if (arguments->json) {
      std::cout << to_json(report, *arguments).dump(2) << '\n';
    } else {
      print_report(report, *arguments);
    }
  });
}

}  // namespace pintle::converter
