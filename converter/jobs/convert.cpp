// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/convert.h"

#include <filesystem>
#include <optional>

#include "converter/file/exact_index.h"
#include "converter/file/main_parameters.h"
#include "converter/file/soft_attributes.h"
#include "converter/file/writer.h"
#include "converter/import/checkpoint.h"
#include "converter/import/checkpoint_files.h"
#include "converter/io/error.h"
#include "converter/io/memberships.h"
#include "converter/io/output_file.h"
#include "converter/io/sha256.h"
#include "converter/run/calibrate.h"
#include "converter/run/evaluate.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

void describe_tensors(const PackedNetwork& packed, ConvertReport* report) {
  for (const PackedTensor& tensor : packed.tensors) {
    const uint64_t stored = stored_bytes(tensor);
    report->tensors.push_back(
        {tensor.name, tensor.rows, tensor.cols, tensor.dtype, stored, tensor.relative_error});
    report->tensor_bytes += stored;
    report->tensor_bytes_f32 += uint64_t{tensor.rows} * tensor.cols * sizeof(float);
  }
}

void describe_saes(const Interpretation& interpretation, ConvertReport* report) {
  for (const InterpretedSae& sae : interpretation.saes) {
    report->saes.push_back(sae.name + ": " + std::to_string(sae.weights.dict) + " features at " +
                           hook_name(sae.weights.hook));
  }
  report->knob_count = interpretation.knobs.size();
  report->preset_count = interpretation.presets.size();
}

// The last part of the path, also of a folder with a slash behind it.
std::string name_of_source(const std::string& path) {
  const std::filesystem::path clean = std::filesystem::path(path).lexically_normal();
  return (clean.has_filename() ? clean : clean.parent_path()).filename().string();
}

// A file that the runtime does not accept must not reach anybody.
void verify(const OutputFile& file) {
  try {
    open_model(file.temporary_path(), PINTLE_OPEN_VERIFY_ALL);
  } catch (const Error& error) {
    throw Error(std::string("the written model does not pass the runtime's verifier: ") +
                error.what());
  }
}

// Int8 tables below this sit in caches, where a plain f32 scan measured faster than pruning whatever
// the bytes (tests/bench/pruning).
constexpr int64_t kSmallestPrunedBytes = int64_t{16} << 20;

// A choice by bytes: times would differ from machine to machine, and so would the files.
bool prunes(const std::string& exact, const Network& network, double pruned_share) {
  if (exact != "auto") return exact == "pruned";
  return pruned_share < 1 && network.items.rows * network.items.cols >= kSmallestPrunedBytes;
}

}  // namespace

ConvertReport convert(const ConvertOptions& options, ThreadPool* pool) {
  const Checkpoint checkpoint = read_checkpoint(options.weights_path);
  Network network = import_network(checkpoint, options.import);
  std::optional<ItemTable> items;
  if (!options.items_path.empty()) items = read_items(options.items_path, options.items);
  std::optional<Interactions> interactions;
  if (!options.interactions_path.empty()) {
    interactions = read_interactions(options.interactions_path, options.log);
  }

  ConvertReport report;
  Catalogue catalogue =
      build_catalogue(items ? &*items : nullptr, interactions ? &*interactions : nullptr, &network,
                      &report.catalogue, options.import.force);
  network.assumptions.insert(network.assumptions.end(), report.catalogue.notes.begin(),
                             report.catalogue.notes.end());
  if (!options.memberships_path.empty()) {
    report.memberships = add_memberships(read_memberships(options.memberships_path),
                                         options.import.force, &catalogue);
  }
  if (interactions) {
    report.catalogue.log.require_fit(options.log.force);
    report.log_notes = interactions->notes;
    const std::string& unknown = report.catalogue.log.note;
    if (!unknown.empty()) report.log_notes.push_back(unknown);
    count_popularity(*interactions, &catalogue);
  }
  Provenance provenance;
  if (!options.main_parameters_path.empty()) {
    provenance.main_parameters = read_main_parameters(options.main_parameters_path);
  }
  provenance.source_name = name_of_source(options.weights_path);
  provenance.source_sha256 = sha256_of_files(find_checkpoint_files(options.weights_path).weights);

  OutputFile file(options.out_path);  // refuses now what it could not replace
  const auto scalar_model = [&](const PackedNetwork& weights) {
    return open_in_memory(serialize_model(network, weights, catalogue, {}), "scalar");
  };
  std::optional<Eigen::MatrixXd> moments;
  if (options.precision == fb::DType_I4) {
    moments = scoring_moments(scalar_model(pack_network(network, fb::DType_F32)));
  }
  const auto parallel_for = [&](size_t count, const std::function<void(size_t)>& task) {
    pool->for_each(count, [&](size_t i, int) { task(i); });
  };
  PackedNetwork packed =
      pack_network(network, options.precision, moments ? &*moments : nullptr, parallel_for);
  if (!options.exact.empty()) {
    const ScoringStates scored =
        scoring_states(scalar_model(packed), interactions ? &*interactions : nullptr);
    PackedNetwork pruned = packed;
    pack_exact_index(network, scored.states, &pruned);
    report.pruned_share = pruned_share(scalar_model(pruned), scored.histories);
    report.prunes = prunes(options.exact, network, report.pruned_share);
    if (report.prunes) {
      packed = std::move(pruned);
    } else {
      pack_f32_output(network, &packed);
    }
    packed.settings.push_back(report.prunes ? "exact=pruned" : "exact=f32 scan");
  }
  const Interpretation interpretation = load_interpretation(
      options.sae, network.dim, static_cast<int64_t>(network.blocks.size()), &network.assumptions);
  for (std::string& note : add_concepts(interpretation.concepts, "the features files",
                                        options.import.force, &catalogue)) {
    report.memberships.push_back(std::move(note));
  }
  if (options.main_parameters_path.empty()) {
    provenance.main_parameters = default_main_parameters(network, catalogue, interpretation);
  }
  pack_saes(interpretation, &packed);
  const auto serialize = [&] {
    return serialize_model(network, packed, catalogue, provenance, interpretation);
  };
  if (options.measure_quality) {
    provenance.quality = evaluation_metrics(
        evaluate_leave_one_out(open_in_memory(serialize()), *interactions, {}, pool));
  }
  const std::vector<uint8_t> bytes = serialize();
  file.write(bytes);
  verify(file);
  file.commit();

  if (items) report.item_table = items->notes;
  report.architecture = network.recipe;
  report.container = checkpoint.container;
  report.source_sha256 = provenance.source_sha256;
  report.file_size_bytes = bytes.size();
  report.item_count = catalogue.id_order.size();
  report.dated_items = catalogue.dated_count();
  report.assumptions = network.assumptions;
  report.settings = packed.settings;
  report.quality = provenance.quality;
  report.main_parameters = provenance.main_parameters;
  describe_saes(interpretation, &report);
  describe_tensors(packed, &report);
  return report;
}

}  // namespace pintle::converter
