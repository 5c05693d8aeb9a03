// SPDX-License-Identifier: Apache-2.0
//
// From a checkpoint to one steerable model file: converted, an SAE trained and labelled, knobs
// built, all embedded. commands/build.cpp is its command line.
#ifndef PINTLE_CONVERTER_JOBS_BUILD_H_
#define PINTLE_CONVERTER_JOBS_BUILD_H_

#include <cstddef>
#include <string>
#include <vector>

#include "converter/jobs/convert.h"
#include "converter/jobs/label_features.h"
#include "converter/jobs/train_sae.h"

namespace pintle::converter {

struct SaeBuild {
  std::string path;  // of an SAE to import; empty: train one
  Hook hook;
  bool has_hook = false;      // an imported SAE's files may tell it
  bool chooses_hook = false;  // of an SAE to train: as train-sae's auto
  int64_t k = 0;              // of an imported SAE; 0: its files tell
  TrainConfig train;
  GivenSettings given;
  bool measures_stability = true;
  bool with_knobs = true;
};

struct BuildConfig {
  ConvertOptions convert;             // without SAEs
  std::vector<std::string> complete;  // as LabelJob
  std::string train_users_path, test_users_path, presets_path;
  std::vector<SaeBuild> saes;
  LabelOptions label;
  KnobOptions knobs;
  int threads = kDefaultThreads;  // the weights of a trained SAE depend on their number
  std::string work_folder;
};

// The key of build.json that does what an option of the verbs in it does: "saes[].k" of "--k".
std::string build_key_of(const std::string& option);

// Reads build.json; its paths count from its folder. Throws Error naming the key that is unknown,
// missing or of the wrong kind. commands/build.cpp describes the keys.
BuildConfig read_build_config(const std::string& path);

struct BuildReport {
  size_t stages = 0, ran = 0;  // the others were up to date
  std::vector<std::string> features_paths;
  // How the interactions were read and what became of memberships, if they were read.
  std::vector<std::string> log_notes, membership_notes;
  std::vector<std::string> training_notes;  // settings and warnings of what was trained
};

// Writes config.convert.out_path. Interrupted, it goes on at the stage that was not finished.
BuildReport build(const BuildConfig& config);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_JOBS_BUILD_H_
