// SPDX-License-Identifier: Apache-2.0
//
// From a model and interaction histories to a trained SAE on disk; commands/train_sae.cpp is its
// command line.
#ifndef PINTLE_CONVERTER_JOBS_TRAIN_SAE_H_
#define PINTLE_CONVERTER_JOBS_TRAIN_SAE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "converter/io/interactions.h"
#include "converter/io/thread_pool.h"
#include "converter/jobs/replace_loss.h"
#include "converter/network/hook.h"
#include "converter/sae_training/choose_settings.h"
#include "converter/sae_training/quality.h"
#include "converter/sae_training/train.h"

namespace pintle::converter {

// "topk", "batchtopk" or "relu"; throws Error for other names.
SaeVariant parse_sae_variant(const std::string& name);

struct HarvestJob {
  std::string model_path, interactions_path;
  InteractionOptions log;
  std::string users_path, held_out_path;  // as split_users takes them
  Hook hook;
  bool chooses_hook =
      false;  // by the states of a sample of users (choose_hook.h), in place of `hook`
};

struct HarvestReport {
  std::string path;
  size_t users = 0;
  int64_t positions = 0;
  Hook hook;
  std::string hook_choice;  // the figures that it was chosen by; empty if it was given
  std::string split;
  std::vector<std::string> log_notes;  // how the interactions were read
};

// "block-0.2-of-8.act" for part 2 of 8.
std::string shard_file_name(const Hook& hook, int64_t shard, int64_t shard_count);

// Every file "*.act" of a folder, by name. Throws Error if there is none.
std::vector<std::string> shard_files(const std::string& folder);

// Writes the states of the training users' part `shard` of `shard_count` (contiguous) into `folder`, which is
// created, under shard_file_name's.
HarvestReport harvest_shard(const HarvestJob& job, int64_t shard, int64_t shard_count,
                            const std::string& folder, ThreadPool* pool);

struct TrainJob {
  HarvestJob harvest;
  std::vector<std::string> shards;  // harvested before; empty: harvest now, into a temporary file
  TrainConfig config;               // but for what `given` and the data decide
  GivenSettings given;
  bool measures_stability = true;  // by training once more, from another seed and start
  std::string out_folder;
};

// What came of the second training.
struct StabilityReport {
  double mean = 0;                // matched cosine over the features
  int64_t stable = 0;             // features of kStable or more
  double explained_variance = 0;  // by the second SAE, of the held-out rows
};
inline constexpr float kStable =
    0.8f;  // two trainings found the same: the level that the literature asks for

struct TrainReport {
  std::string model_hash;
  std::string split;                   // empty if nothing was harvested
  std::vector<std::string> log_notes;  // how the interactions were read
  std::string hook_choice;  // the figures that the hook was chosen by; empty if it was given
  int64_t positions = 0, held_out_positions = 0;
  double harvest_seconds = 0, train_seconds = 0, stability_seconds = 0;
  TrainConfig config;    // as trained
  std::string settings;  // one line: which, and why
  TrainOutcome outcome;
  std::optional<StabilityReport> stability;
  std::vector<std::string> warnings;
  SaeWeights sae;
  // On the held-out users; none without interactions.
  std::optional<SaeQuality> quality;
  std::optional<ReplaceLoss> replace_loss;
};

// Trains, measures on the held-out users if there are interactions, and writes `out_folder` in
// SAELens's layout, tied to the model by its network's hash, with training.json beside it. Throws Error if the shards come from
// another model or hook.
TrainReport run_train_job(const TrainJob& job, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_JOBS_TRAIN_SAE_H_
