// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/label_features.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include "converter/features/feature_effects.h"
#include "converter/features/item_effects.h"
#include "converter/file/metadata.h"
#include "converter/file/model_parts.h"
#include "converter/file/soft_attributes.h"
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

nlohmann::ordered_json completed_json(const std::vector<CompletedAttribute>& completed) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CompletedAttribute& one : completed) {
    nlohmann::ordered_json refusal = nullptr;
    if (!one.refusal.empty()) refusal = one.refusal;
    list.push_back({{"group", one.group},
                    {"name", one.name},
                    {"refused", refusal},
                    {"known_items", one.known},
                    {"correlation", one.correlation}});
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

// One job: what is opened once, and the steps.
class LabelRun {
 public:
  LabelRun(const LabelJob& job, ThreadPool* pool) : job_(job), pool_(pool) {
    if (!job.sae_path.empty()) sae_.weights = read_fitting_sae(job, &report_.assumptions);
    model_ = open_model(job.model_path);
    const Interactions interactions = read_interactions(job.interactions_path, job.log);
    report_.log_notes = fitting_notes(model_, interactions, job.log.force);
    if (job.with_comparison &&
        index_attributes(model_, job.label.min_attribute_items).attributes.empty()) {
      throw Error(
          job.model_path + " has no whole attribute of " +
          std::to_string(job.label.min_attribute_items) +
          " items or more: there is no evidence to compare by. Put attributes into the model");
    }
    parts_ = read_model_parts(job.model_path);
    split_ = split_users(model_, interactions, job.train_path, job.test_path);
    report_.split = split_.description;
  }

  LabelJobReport run() {
    std::optional<ItemLevels> levels;
    if (!job_.sae_path.empty()) levels = label();
    complete(levels ? &*levels : nullptr);
    Interpretation& made = report_.interpretation;
    // Knobs are measured on a model that has the concepts.
    add_concepts(made.concepts, job_.model_path, false, &parts_.catalogue);
    if (job_.with_knobs) {
      BuiltKnobs built = build_knobs(parts_, made, split_.train, knob_options(), pool_);
      made.knobs = std::move(built.knobs);
      made.temperature = built.temperature;
      made.wish_unit = built.wish_unit;
      report_.refused = std::move(built.refused);
    }
    if (!job_.presets_path.empty()) made.presets = read_presets(job_.presets_path, made.knobs);
    report_.json = interpretation_to_json(made);
    report_.json["split"] = report_.split;
    report_.json["without_knob"] = refused_json(report_.refused);
    report_.json["completed"] = completed_json(report_.completed);
    if (report_.labels) add_evidence_json(model_, *report_.labels, &report_.json);
    if (report_.comparison) {
      report_.json["comparison"] =
          comparison_to_json(model_, report_.labels->index, *report_.comparison);
    }
    write_json(job_.out_path, report_.json);
    return std::move(report_);
  }

 private:
  ItemLevels label() {
    report_.labels =
        label_features(model_, sae_.weights, split_.held_out,
                       item_popularity(split_.train, model_.info().item_count), job_.label, pool_);
    LabelReport& labels = *report_.labels;
    const Histories learning =
        thin_out(model_, sae_.weights, split_.train, job_.label.memory_bytes, pool_);
    const FeatureActivations learned = collect_activations(model_, sae_.weights, learning, pool_);
    ItemLevels levels(model_, learned);
    name_features(model_, sae_.weights, learned, levels, learning, job_.label, pool_, &labels);
    for (auto& fired : labels.activations.fired) fired = {};
    measure_item_effects(model_, parts_, sae_.weights, job_.label.listed_items, pool_, &labels);
    if (job_.with_comparison) {
      report_.comparison = compare(job_, model_, sae_.weights, split_.train, labels, pool_);
    }
    sae_.name = job_.name.empty() ? sae_name_of(job_.sae_path) : job_.name;
    apply_labels(labels, &sae_);
    report_.interpretation.saes.push_back(std::move(sae_));
    for (const FoundConcept& found : labels.concepts) {
      report_.interpretation.concepts.push_back(found.content);
    }
    return levels;
  }

  // Of the concepts the best alone get knobs: one is work of seconds, and nobody turns fifty.
  KnobOptions knob_options() const {
    KnobOptions options = job_.knobs;
    if (!report_.labels) return options;
    const std::vector<FoundConcept>& found = report_.labels->concepts;
    const size_t most = job_.label.concepts.knobs;
    for (size_t c = most; c < found.size(); ++c) {
      const Concept& content = found[c].content;
      options.without[{content.group, content.name}] =
          "a concept behind the best " + std::to_string(most);
    }
    return options;
  }

  void complete(const ItemLevels* levels) {
    for (const std::string& group : job_.complete) {
      for (CompletedAttribute& one : complete_attributes(model_, group, levels)) {
        if (one.refusal.empty()) report_.interpretation.concepts.push_back(one.content);
        report_.completed.push_back(std::move(one));
      }
    }
  }

  const LabelJob& job_;
  ThreadPool* const pool_;
  LabelJobReport report_;
  InterpretedSae sae_;
  Model model_;
  ModelParts parts_;
  UserSplit split_;
};

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
  return LabelRun(job, pool).run();
}

}  // namespace pintle::converter
