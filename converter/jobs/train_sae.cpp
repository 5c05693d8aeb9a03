// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/train_sae.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/file/metadata.h"
#include "converter/import/sae_formats.h"
#include "converter/import/training_record.h"
#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "converter/io/sha256.h"
#include "converter/io/temporary_folder.h"
#include "converter/run/runtime_model.h"
#include "converter/run/user_split.h"
#include "converter/sae_training/activations.h"
#include "converter/sae_training/choose_hook.h"
#include "converter/sae_training/decoder_match.h"
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

// The hook of the job. `figures`: what it was chosen by, if it was.
Hook hook_of(const HarvestJob& job, const Opened& opened, ThreadPool* pool, std::string* figures) {
  if (!job.chooses_hook) return job.hook;
  const std::vector<HookFigure> measured =
      measure_hooks(opened.model, opened.split.train, opened.split.held_out, pool);
  *figures = hook_figures_text(measured);
  return choose_hook(measured);
}

int64_t write_shard(const Opened& opened, const Hook& hook, const Histories& histories,
                    int64_t shard, int64_t shard_count, const std::string& path, ThreadPool* pool) {
  ActivationHeader header;
  header.dim = opened.model.info().dim;
  header.model_hash = opened.model_hash;
  header.data_hash = opened.data_hash;
  header.hook = hook;
  header.shard = shard;
  header.shard_count = shard_count;
  return write_states(opened.model, histories, header, path, pool);
}

SaeWeights train_with_progress(const char* what, const ActivationSet& set,
                               const TrainConfig& config, ThreadPool* pool, TrainOutcome* outcome) {
  Progress progress(what, "steps", static_cast<size_t>(config.steps));
  int64_t done = 0;
  return train_sae(
      set, config, pool,
      [&](const TrainProgress& now) {
        char note[120];
        const int length =
            std::snprintf(note, sizeof(note), "explained variance %.4f, L0 %.1f, dead %.1f %%",
                          now.explained_variance, now.active, 100 * now.dead_share);
        if (now.held_out_variance) {
          std::snprintf(note + length, sizeof(note) - static_cast<size_t>(length),
                        ", held back %.4f", *now.held_out_variance);
        }
        progress.advance(static_cast<size_t>(now.step - done), note);
        done = now.step;
      },
      outcome);
}

// The same data in another order, from other first directions: what of the features is the data's.
void measure_stability(const ActivationSet& set, ThreadPool* pool, TrainReport* report) {
  TrainConfig other = report->config;
  other.seed += 1;
  other.start += 1;
  TrainOutcome outcome;
  const SaeWeights second = train_with_progress("training again", set, other, pool, &outcome);
  std::vector<float>& stability = report->sae.stability;
  stability = matched_cosines(report->sae.decoder, second.decoder);
  StabilityReport told;
  for (const float cosine : stability) told.mean += static_cast<double>(cosine);
  told.mean /= static_cast<double>(stability.size());
  told.stable = std::count_if(stability.begin(), stability.end(),
                              [](float cosine) { return cosine >= kStable; });
  told.explained_variance = outcome.held_out_variance;
  report->stability = told;
}

// What the user should know before building on the SAE.
void add_warnings(TrainReport* report) {
  constexpr double kMostGap = 0.02;
  if (report->positions < kFewestPositions) {
    report->warnings.push_back(
        "only " + std::to_string(report->positions) + " positions, too few for an SAE (" +
        std::to_string(kFewestPositions) +
        "): what its features show is chance; use attributes, or more histories");
  }
  constexpr double kMostLost = 0.005;
  if (report->replace_loss && report->replace_loss->interval.low > kMostLost) {
    report->warnings.push_back(
        "`replace` loses more than 0.5 % of NDCG@10 with no edit at all: steer by delta, which "
        "loses none, or train with more features active (--k)");
  }
  if (report->outcome.held_out_rows == 0) return;
  double unseen = report->outcome.held_out_variance;
  if (report->quality) unseen = std::min(unseen, report->quality->explained_variance);
  const double gap = report->outcome.train_variance - unseen;
  if (gap <= kMostGap) return;
  char text[240];
  std::snprintf(text, sizeof(text),
                "explains %.3f of the states that it was trained on and %.3f of others: it learnt "
                "single histories by heart; train with fewer features (--dict %lld) or more "
                "histories",
                report->outcome.train_variance, unseen,
                static_cast<long long>(std::max<int64_t>(1, report->sae.dict / 2)));
  report->warnings.push_back(text);
}

nlohmann::ordered_json record_of(const TrainReport& report) {
  const TrainConfig& config = report.config;
  nlohmann::ordered_json record = {
      {"settings", report.settings},
      {"positions", report.positions},
      {"features", config.dict},
      {"k", config.k},
      {"steps", config.steps},
      {"batch", config.batch},
      {"seed", config.seed},
      {"start", config.start},
      {"steps_done", report.outcome.steps},
      {"steps_kept", report.outcome.kept_steps},
      {"held_back_positions", report.outcome.held_out_rows},
      {"explained_variance_trained", report.outcome.train_variance},
      {"explained_variance_held_back", report.outcome.held_out_variance}};
  for (const TrainProgress& at : report.outcome.curve) {
    nlohmann::ordered_json point = {{"step", at.step}, {"trained", at.explained_variance}};
    if (at.held_out_variance) point["held_back"] = *at.held_out_variance;
    record["curve"].push_back(point);
  }
  if (!report.hook_choice.empty()) record["hook_choice"] = report.hook_choice;
  record["warnings"] = report.warnings;
  if (report.replace_loss) record["replace_ndcg_lost"] = report.replace_loss->lost;
  if (report.stability) {
    record["mean_stability"] = report.stability->mean;
    record["second_seed"] = config.seed + 1;
    record["second_start"] = config.start + 1;
    record["second_explained_variance_held_back"] = report.stability->explained_variance;
  }
  return record;
}

void check_belongs(const ActivationSet& set, const HarvestJob& job, const std::string& hash) {
  const ActivationHeader& header = set.header();
  if (header.model_hash != hash) {
    throw Error("the shards were harvested from network " + header.model_hash + ", " +
                job.model_path + " is " + hash + ": harvest again with this model");
  }
  if (!job.chooses_hook && header.hook != job.hook) {
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
                            const std::string& folder, ThreadPool* pool) {
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) throw Error(folder + ": cannot be created: " + fault.message());
  const Opened opened = open_job(job);
  const Histories& all = opened.split.train;
  const int64_t users = static_cast<int64_t>(all.users.size());
  const auto begin = static_cast<std::ptrdiff_t>(users * shard / shard_count);
  const auto end = static_cast<std::ptrdiff_t>(users * (shard + 1) / shard_count);
  Histories part;
  part.users.assign(all.users.begin() + begin, all.users.begin() + end);
  part.items.assign(all.items.begin() + begin, all.items.begin() + end);
  HarvestReport report;
  report.hook = hook_of(job, opened, pool, &report.hook_choice);
  report.path = (fs::path(folder) / shard_file_name(report.hook, shard, shard_count)).string();
  report.users = part.users.size();
  report.split = opened.split.description;
  report.log_notes = opened.log_notes;
  report.positions = write_shard(opened, report.hook, part, shard, shard_count, report.path, pool);
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
    const Hook hook = hook_of(harvest, *opened, pool, &report.hook_choice);
    write_shard(*opened, hook, opened->split.train, 0, 1, shards[0], pool);
  }
  const ActivationSet set(shards);
  check_belongs(set, harvest, report.model_hash);
  report.positions = set.rows();
  report.harvest_seconds = seconds_since(start);

  report.config = job.config;
  report.settings =
      choose_settings(set.rows(), set.dim(), set.header().hook, job.given, &report.config);
  const Clock::time_point trained = Clock::now();
  report.sae = train_with_progress("training", set, report.config, pool, &report.outcome);
  report.train_seconds = seconds_since(trained);
  report.sae.model_name = fs::path(harvest.model_path).filename().string();
  if (job.measures_stability) {
    const Clock::time_point again = Clock::now();
    measure_stability(set, pool, &report);
    report.stability_seconds = seconds_since(again);
  }

  if (opened != nullptr) {
    const std::string path = temporary.file("held-out.act");
    report.held_out_positions =
        write_shard(*opened, set.header().hook, opened->split.held_out, 0, 1, path, pool);
    report.quality = measure_sae(report.sae, ActivationSet({path}), pool);
    report.replace_loss =
        measure_replace_loss(harvest.model_path, report.sae, opened->split.held_out, pool);
  }
  add_warnings(&report);
  write_saelens(job.out_folder, report.sae);
  write_training_record(job.out_folder, report.sae, record_of(report));
  return report;
}

}  // namespace pintle::converter
