// SPDX-License-Identifier: Apache-2.0
//
// From a model, an SAE (or none) and interaction histories to features.json; commands/label.cpp is its
// command line.
#ifndef PINTLE_CONVERTER_JOBS_LABEL_FEATURES_H_
#define PINTLE_CONVERTER_JOBS_LABEL_FEATURES_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "converter/features/comparison.h"
#include "converter/features/completed_attributes.h"
#include "converter/features/knobs.h"
#include "converter/features/label.h"
#include "converter/import/sae_formats.h"
#include "converter/io/interactions.h"
#include "converter/io/thread_pool.h"

namespace pintle::converter {

struct LabelJob {
  std::string model_path;
  std::string sae_path;  // empty: knobs of attributes alone
  SaeImportOptions import;
  std::string name;  // the SAE's; empty: its folder's
  std::string interactions_path;
  InteractionOptions log;
  std::string train_path, test_path;  // as split_users takes them
  std::vector<std::string> complete;  // groups of attributes that are known of a part of the items
  std::string presets_path;           // {"preset": {"knob": strength, ...}, ...}; empty: none
  bool with_knobs = true;
  LabelOptions label;
  bool with_comparison = false;  // of an SAE
  ComparisonOptions comparison;
  KnobOptions knobs;
  std::string out_path;
};

struct LabelJobReport {
  std::string split;
  std::vector<std::string> log_notes;  // how the interactions were read
  std::vector<std::string> assumptions;
  std::optional<LabelReport> labels;  // with an SAE
  std::vector<CompletedAttribute> completed;
  std::optional<Comparison> comparison;
  std::vector<RefusedKnob> refused;  // attributes that got no knob
  Interpretation interpretation;
  nlohmann::ordered_json json;  // as written
};

// Labels on the held-out users, builds knobs on the training users, writes out_path, the same for a
// pool of any size, but for the comparison, which trains an SAE (train.h). Throws Error and leaves out_path as it was, for instance if the SAE was trained
// on another network.
LabelJobReport run_label_job(const LabelJob& job, ThreadPool* pool);

// {"preset": {"knob": strength}}. Throws Error if a preset names no knob of `knobs`, or a strength
// outside its range.
std::vector<Preset> read_presets(const std::string& path, const std::vector<Knob>& knobs);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_JOBS_LABEL_FEATURES_H_
