// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/label_features.h"

#include <algorithm>
#include <fstream>

#include "converter/features/feature_effects.h"
#include "converter/features/item_effects.h"
#include "converter/file/metadata.h"
#include "converter/file/model_parts.h"
#include "converter/import/load_saes.h"
#include "converter/io/error.h"
#include "converter/io/output_file.h"
#include "converter/io/temporary_folder.h"
#include "converter/run/runtime_model.h"
#include "converter/run/user_split.h"
#include "converter/sae_training/write_states.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

SaeWeights read_fitting_sae(const LabelJob& job, std::vector<std::string>* assumptions) {
  SaeWeights sae = read_sae(job.sae_path, job.import);
  const std::string network = Metadata(job.model_path).network_hash();
  if (sae.model_hash.empty()) {
    assumptions->push_back(job.sae_path + " does not say which network it was trained on: taken " +
                           "to be this one, " + network);
    sae.model_hash = network;
  }
  if (sae.model_hash != network) {
    throw Error(job.sae_path + ": the SAE was trained on network " + sae.model_hash + ", " +
                job.model_path + " is " + network +
                ": take the model that it was trained on, or train it again");
  }
  for (const std::string& remark : sae.remarks)
    assumptions->push_back(job.sae_path + ": " + remark);
  return sae;
}

nlohmann::ordered_json refused_json(const std::vector<RefusedKnob>& refused) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RefusedKnob& knob : refused) {
    list.push_back(
        {{"group", knob.attribute_group}, {"name", knob.attribute_name}, {"reason", knob.reason}});
  }
  return list;
}

// On the users that the labels were measured on.
Comparison compare(const LabelJob& job, const Model& model, const SaeWeights& sae,
                   const Histories& train, const LabelReport& labels, ThreadPool* pool) {
  const TemporaryFolder temporary(job.out_path + ".states");
  ActivationHeader header;
  header.dim = sae.dim;
  header.hook = sae.hook;
  header.model_hash = sae.model_hash;
  const auto states = [&](const Histories& histories, const std::string& name) {
    write_states(model, histories, header, temporary.file(name), pool);
    return ActivationSet({temporary.file(name)});
  };
  const ActivationSet seen = states(train, "train.act");
  const ActivationSet held_out = states(labels.histories, "held-out.act");
  return compare_features(sae, labels.index, seen, held_out, job.comparison, pool);
}

void write_json(const std::string& path, const nlohmann::ordered_json& value) {
  // Ids and titles that are not UTF-8 get the replacement character.
  const std::string text = value.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  OutputFile file(path);
  file.write(std::vector<uint8_t>(text.begin(), text.end()));
  file.commit();
}

}  // namespace

std::vector<Preset> read_presets(const std::string& path, const std::vector<Knob>& knobs) {
  std::ifstream file(path);
  if (!file) throw Error("cannot read " + path);
  std::vector<Preset> presets;
  try {
    const nlohmann::ordered_json value = nlohmann::ordered_json::parse(file);
    for (const auto& [name, strengths] : value.items()) {
      Preset preset{name, {}};
      for (const auto& [knob_name, strength] : strengths.items()) {
        const auto knob = std::find_if(knobs.begin(), knobs.end(),
                                       [&](const Knob& k) { return k.name == knob_name; });
        if (knob == knobs.end()) {
          throw Error(path + ": the preset " + name + " names the knob " + knob_name +
                      ", which does not exist");
        }
        const float wanted = strength.get<float>();
        if (!(wanted >= knob->min_strength && wanted <= knob->max_strength)) {
          throw Error(path + ": the preset " + name + " sets " + knob_name + " to " +
                      strength.dump() + ", outside its range " +
                      std::to_string(knob->min_strength) + " to " +
                      std::to_string(knob->max_strength));
        }
        preset.strengths.emplace_back(knob_name, wanted);
      }
      presets.push_back(std::move(preset));
    }
  } catch (const json::exception& error) {
    throw Error(path + ": expected {\"preset\": {\"knob\": strength}}: " + error.what());
  }
  return presets;
}

LabelJobReport run_label_job(const LabelJob& job, ThreadPool* pool) {
  if (job.sae_path.empty() && !job.with_knobs) {
    throw Error("nothing to do: without an SAE there are only knobs to build");
  }
  if (job.sae_path.empty() && job.with_comparison) {
    throw Error("the evidence is that of an SAE: pass one");
  }
  LabelJobReport report;
  InterpretedSae interpreted;
  if (!job.sae_path.empty()) interpreted.weights = read_fitting_sae(job, &report.assumptions);
  const Model model = open_model(job.model_path);
  if (job.with_comparison &&
      index_attributes(model, job.label.min_attribute_items).attributes.empty()) {
    throw Error(
        job.model_path + " has no whole attribute of " +
        std::to_string(job.label.min_attribute_items) +
        " items or more: there is no evidence to compare by. Put attributes into the model");
  }
  const Interactions interactions = read_interactions(job.interactions_path, job.log);
  report.log_notes = fitting_notes(model, interactions, job.log.force);
  const ModelParts parts = read_model_parts(job.model_path);
  const UserSplit split = split_users(model, interactions, job.train_path, job.test_path);
  report.split = split.description;
  if (!job.sae_path.empty()) {
    report.labels =
        label_features(model, interpreted.weights, split.held_out,
                       item_popularity(split.train, model.info().item_count), job.label, pool);
    measure_item_effects(model, parts, interpreted.weights, job.label.listed_items, pool,
                         &*report.labels);
    if (job.with_comparison) {
      report.comparison =
          compare(job, model, interpreted.weights, split.train, *report.labels, pool);
    }
    interpreted.name = job.name.empty() ? sae_name_of(job.sae_path) : job.name;
    apply_labels(*report.labels, &interpreted);
    report.interpretation.saes.push_back(std::move(interpreted));
  }
  if (job.with_knobs) {
    BuiltKnobs built = build_knobs(parts, report.interpretation, split.train, job.knobs, pool);
    report.interpretation.knobs = std::move(built.knobs);
    report.interpretation.temperature = built.temperature;
    report.interpretation.wish_unit = built.wish_unit;
    report.refused = std::move(built.refused);
  }
  if (!job.presets_path.empty()) {
    report.interpretation.presets = read_presets(job.presets_path, report.interpretation.knobs);
  }
  report.json = interpretation_to_json(report.interpretation);
  report.json["split"] = report.split;
  report.json["without_knob"] = refused_json(report.refused);
  if (report.labels) add_evidence_json(model, *report.labels, &report.json);
  if (report.comparison) {
    report.json["comparison"] = comparison_to_json(model, report.labels->index, *report.comparison);
  }
  write_json(job.out_path, report.json);
  return report;
}

}  // namespace pintle::converter
