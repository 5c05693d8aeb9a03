// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/train_sae.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "converter/file/metadata.h"
#include "converter/import/sae_formats.h"
#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "converter/io/sha256.h"
#include "converter/io/temporary_folder.h"
#include "converter/run/runtime_model.h"
#include "converter/run/user_split.h"
#include "converter/sae_training/activations.h"
#include "converter/sae_training/write_states.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr char kShardEnding[] = ".act";

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The model and the interactions of a job, opened once.
struct Opened {
  Model model;
  std::string model_hash, data_hash;
  std::vector<std::string> log_notes;
  UserSplit split;
};

Opened open_job(const HarvestJob& job) {
  Opened opened;
  opened.model = open_model(job.model_path);
  opened.model_hash = Metadata(job.model_path).network_hash();
  const Interactions interactions = read_interactions(job.interactions_path, job.log);
  opened.log_notes = fitting_notes(opened.model, interactions, job.log.force);
  opened.split = split_users(opened.model, interactions, job.users_path, job.held_out_path);
  opened.data_hash = sha256_of_file(job.interactions_path);
  for (const std::string& column :
       {job.log.user_column, job.log.item_column, job.log.time_column}) {
    if (!column.empty()) opened.data_hash += "@" + column;  // other histories of the same file
  }
  if (!job.users_path.empty()) opened.data_hash += "+" + sha256_of_file(job.users_path);
  if (!job.held_out_path.empty()) opened.data_hash += "-" + sha256_of_file(job.held_out_path);
  return opened;
}

int64_t write_shard(const Opened& opened, const HarvestJob& job, const Histories& histories,
                    int64_t shard, int64_t shard_count, const std::string& path, ThreadPool* pool) {
  ActivationHeader header;
  header.dim = opened.model.info().dim;
  header.model_hash = opened.model_hash;
  header.data_hash = opened.data_hash;
  header.hook = job.hook;
  header.shard = shard;
  header.shard_count = shard_count;
  return write_states(opened.model, histories, header, path, pool);
}

SaeWeights train_with_progress(const ActivationSet& set, const TrainConfig& config,
                               ThreadPool* pool) {
  Progress progress("training", "steps", static_cast<size_t>(config.steps));
  int64_t done = 0;
  return train_sae(set, config, pool, [&](const TrainProgress& now) {
    char note[80];
    std::snprintf(note, sizeof(note), "explained variance %.4f, L0 %.1f, dead %.1f %%",
                  now.explained_variance, now.active, 100 * now.dead_share);
    progress.advance(static_cast<size_t>(now.step - done), note);
    done = now.step;
  });
}

void check_belongs(const ActivationSet& set, const HarvestJob& job, const std::string& hash) {
  const ActivationHeader& header = set.header();
  if (header.model_hash != hash) {
    throw Error("the shards were harvested from network " + header.model_hash + ", " +
                job.model_path + " is " + hash + ": harvest again with this model");
  }
  if (header.hook != job.hook) {
    throw Error("the shards were harvested at hook " + hook_name(header.hook) + ", not " +
                hook_name(job.hook));
  }
}

}  // namespace

SaeVariant parse_sae_variant(const std::string& name) {
  if (name == "relu") return SaeVariant::kReluL1;
  if (name == "topk") return SaeVariant::kTopK;
  if (name == "batchtopk") return SaeVariant::kBatchTopK;
  throw Error("unknown SAE variant \"" + name + "\": topk, batchtopk and relu are known");
}

std::string shard_file_name(const Hook& hook, int64_t shard, int64_t shard_count) {
  std::string name = hook_name(hook);
  std::replace(name.begin(), name.end(), ':', '-');
  return name + "." + std::to_string(shard) + "-of-" + std::to_string(shard_count) + kShardEnding;
}

std::vector<std::string> shard_files(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code fault;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, fault)) {
    if (entry.path().extension() == kShardEnding) paths.push_back(entry.path().string());
  }
  if (fault) throw Error(folder + ": cannot be listed: " + fault.message());
  if (paths.empty()) {
    throw Error(folder + ": holds no shards (*" + kShardEnding +
                "): make them with `pintle train-sae --shard`");
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

HarvestReport harvest_shard(const HarvestJob& job, int64_t shard, int64_t shard_count,
                            const std::string& path, ThreadPool* pool) {
  const Opened opened = open_job(job);
  const Histories& all = opened.split.train;
  const int64_t users = static_cast<int64_t>(all.users.size());
  const auto begin = static_cast<std::ptrdiff_t>(users * shard / shard_count);
  const auto end = static_cast<std::ptrdiff_t>(users * (shard + 1) / shard_count);
  Histories part;
  part.users.assign(all.users.begin() + begin, all.users.begin() + end);
  part.items.assign(all.items.begin() + begin, all.items.begin() + end);
  HarvestReport report;
  report.users = part.users.size();
  report.split = opened.split.description;
  report.log_notes = opened.log_notes;
  report.positions = write_shard(opened, job, part, shard, shard_count, path, pool);
  return report;
}

TrainReport run_train_job(const TrainJob& job, ThreadPool* pool) {
  const HarvestJob& harvest = job.harvest;
  TrainReport report;
  const TemporaryFolder temporary(job.out_folder + ".harvest");
  std::unique_ptr<Opened> opened;
  if (!harvest.interactions_path.empty()) {
    opened = std::make_unique<Opened>(open_job(harvest));
    report.model_hash = opened->model_hash;
    report.split = opened->split.description;
    report.log_notes = opened->log_notes;
  } else {
    report.model_hash = Metadata(harvest.model_path).network_hash();
  }
  std::vector<std::string> shards = job.shards;
  const Clock::time_point start = Clock::now();
  if (shards.empty()) {
    if (opened == nullptr) throw Error("there is nothing to train on: pass --interactions");
    shards = {temporary.file("train.act")};
    write_shard(*opened, harvest, opened->split.train, 0, 1, shards[0], pool);
  }
  const ActivationSet set(shards);
  check_belongs(set, harvest, report.model_hash);
  report.positions = set.rows();
  report.harvest_seconds = seconds_since(start);

  const Clock::time_point trained = Clock::now();
  report.sae = train_with_progress(set, job.config, pool);
  report.train_seconds = seconds_since(trained);
  report.sae.model_name = fs::path(harvest.model_path).filename().string();

  if (opened != nullptr) {
    const std::string path = temporary.file("held-out.act");
    report.held_out_positions =
        write_shard(*opened, harvest, opened->split.held_out, 0, 1, path, pool);
    report.quality = measure_sae(report.sae, ActivationSet({path}), pool);
  }
  write_saelens(job.out_folder, report.sae);
  return report;
}

}  // namespace pintle::converter
