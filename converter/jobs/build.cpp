// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/build.h"

#include <filesystem>
#include <optional>

#include "converter/file/main_parameters.h"
#include "converter/file/quantize.h"
#include "converter/import/checkpoint_files.h"
#include "converter/io/error.h"
#include "converter/io/sha256.h"
#include "converter/jobs/stages.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Content counts, not the name: null for no file.
json digest(const std::string& path) { return path.empty() ? json() : json(sha256_of_file(path)); }

// Null: the data decide.
template <typename T>
json given(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

json digest_of_path(const std::string& path) {
  if (!fs::is_directory(path)) return digest(path);
  json digests = json::object();
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    digests[entry.path().filename().string()] = sha256_of_file(entry.path().string());
  }
  return digests;
}

class Builder {
 public:
  explicit Builder(const BuildConfig& config)
      : config_(config), stages_(config.work_folder, stage_count(config)), pool_(config.threads) {}

  BuildReport run() {
    report_.stages = stage_count(config_);
    base_path_ = stages_.path("base.pintle");
    const std::string& words = config_.convert.main_parameters_path;
    if (!words.empty()) read_main_parameters(words);  // refused now, not after the training
    convert_inputs_ = convert_inputs();
    ConvertOptions base = config_.convert;
    base.out_path = base_path_;
    base.measure_quality = false;
    base.main_parameters_path.clear();  // other words make no other SAE
    stage("convert", convert_inputs_, {base_path_}, [&] {
      const ConvertReport converted = convert(base, &pool_);
      report_.log_notes = converted.log_notes;
      report_.membership_notes = converted.memberships;
    });
    base_digest_ = digest(base_path_);
    for (size_t i = 0; i < config_.saes.size(); ++i) {
      const SaeBuild& sae = config_.saes[i];
      sae_paths_.push_back(sae.path.empty() ? train(i) : sae.path);
      report_.features_paths.push_back(label(i));
    }
    embed();
    return report_;
  }

 private:
  static size_t stage_count(const BuildConfig& config) {
    size_t count = 2;
    for (const SaeBuild& sae : config.saes) count += sae.path.empty() ? 2 : 1;
    return count;
  }

  void stage(const std::string& name, const json& inputs, const std::vector<std::string>& outputs,
             const std::function<void()>& work) {
    report_.ran += stages_.run(name, inputs, outputs, work) ? 1 : 0;
  }

  // How the interactions are read.
  json log_inputs() const {
    const InteractionOptions& log = config_.convert.log;
    return {{"format", static_cast<int>(log.format)},
            {"user_column", log.user_column},
            {"item_column", log.item_column},
            {"time_column", log.time_column},
            {"force", log.force}};
  }

  json convert_inputs() const {
    const ConvertOptions& c = config_.convert;
    const CheckpointFiles files = find_checkpoint_files(c.weights_path);
    return {
        {"weights", sha256_of_files(files.weights)},
        {"config", digest(c.import.config_path.empty() ? files.config : c.import.config_path)},
        {"arch", c.import.arch},
        {"recipe", digest(c.import.recipe_path)},
        {"heads", c.import.heads.value_or(0)},
        {"set", c.import.set},
        {"id_map", c.import.id_map_path.empty() ? json() : digest_of_path(c.import.id_map_path)},
        {"items", digest(c.items_path)},
        {"id_column", c.items.id_column},
        {"row_column", c.items.row_column},
        {"title_column", c.items.title_column},
        {"date_column", c.items.date_column},
        {"attributes", c.items.attributes},
        {"memberships", digest(c.memberships_path)},
        {"interactions", digest(c.interactions_path)},
        {"log", log_inputs()},
        {"precision", precision_name(c.precision)}};
  }

  json users() const {
    return {{"interactions", convert_inputs_.at("interactions")},
            {"log", convert_inputs_.at("log")},
            {"train", digest(config_.train_users_path)},
            {"test", digest(config_.test_users_path)}};
  }

  std::string train(size_t i) {
    const SaeBuild& sae = config_.saes[i];
    const TrainConfig& t = sae.train;
    const std::string name = "sae-" + std::to_string(i);
    TrainJob job;
    job.harvest.model_path = base_path_;
    job.harvest.interactions_path = config_.convert.interactions_path;
    job.harvest.log = config_.convert.log;
    job.harvest.users_path = config_.train_users_path;
    job.harvest.held_out_path = config_.test_users_path;
    job.harvest.hook = sae.hook;
    job.harvest.chooses_hook = sae.chooses_hook;
    job.config = t;
    job.given = sae.given;
    job.measures_stability = sae.measures_stability;
    job.out_folder = stages_.path(name);
    const json inputs = {{"model", base_digest_},
                         {"users", users()},
                         {"hook", sae.chooses_hook ? "auto" : hook_name(sae.hook)},
                         {"variant", static_cast<int>(t.variant)},
                         {"dict", given(sae.given.dict)},
                         {"k", given(sae.given.k)},
                         {"l1", t.l1},
                         {"steps", given(sae.given.steps)},
                         {"batch", given(sae.given.batch)},
                         {"stability", sae.measures_stability},
                         {"learning_rate", t.learning_rate},
                         {"nested", t.nested},
                         {"item_weight", t.item_scale},
                         {"seed", t.seed},
                         {"start", t.start},
                         {"memory_bytes", t.memory_bytes},
                         {"threads", pool_.size()}};
    const fs::path folder(job.out_folder);
    stage("train " + name, inputs,
          {(folder / "cfg.json").string(), (folder / "sae_weights.safetensors").string(),
           (folder / "training.json").string()},
          [&] { note_training(name, run_train_job(job, &pool_)); });
    return job.out_folder;
  }

  void note_training(const std::string& name, const TrainReport& report) {
    report_.training_notes.push_back(name + " at " + hook_name(report.sae.hook) + ": " +
                                     report.settings);
    for (const std::string& warning : report.warnings) {
      report_.training_notes.push_back("warning: " + name + ": " + warning);
    }
  }

  std::string label(size_t i) {
    const SaeBuild& sae = config_.saes[i];
    const std::string name = "features-" + std::to_string(i);
    LabelJob job;
    job.model_path = base_path_;
    job.sae_path = sae_paths_[i];
    if (sae.has_hook && !sae.path.empty()) job.import.hook = sae.hook;
    if (sae.k != 0) job.import.k = sae.k;
    job.interactions_path = config_.convert.interactions_path;
    job.log = config_.convert.log;
    job.train_path = config_.train_users_path;
    job.test_path = config_.test_users_path;
    job.with_knobs = sae.with_knobs;
    if (sae.with_knobs) job.presets_path = config_.presets_path;
    job.label = config_.label;
    // One SAE's groups, so that no two have the same name.
    if (sae.with_knobs) job.complete = config_.complete;
    if (!sae.with_knobs) job.label.concepts.most = 0;
    job.knobs = config_.knobs;
    job.out_path = stages_.path(name + ".json");
    const json inputs = {{"model", base_digest_},
                         {"sae", digest_of_path(job.sae_path)},
                         {"hook", sae.has_hook ? hook_name(sae.hook) : ""},
                         {"k", sae.k},
                         {"users", users()},
                         {"knobs", job.with_knobs},
                         {"presets", digest(job.presets_path)},
                         {"min_items", job.knobs.min_items},
                         {"min_precision", job.label.names.min_precision},
                         {"min_recall", job.label.names.min_recall},
                         {"concepts", job.label.concepts.most},
                         {"concept_knobs", job.label.concepts.knobs},
                         {"complete", job.complete},
                         {"memory_bytes", job.label.memory_bytes}};
    stage("label " + name, inputs, {job.out_path}, [&] { run_label_job(job, &pool_); });
    return job.out_path;
  }

  void embed() {
    ConvertOptions options = config_.convert;
    options.sae.saes = sae_paths_;
    options.sae.features = report_.features_paths;
    json inputs = {{"convert", convert_inputs_},
                   {"quality", options.measure_quality},
                   {"main_parameters", digest(options.main_parameters_path)}};
    for (size_t i = 0; i < sae_paths_.size(); ++i) {
      const SaeBuild& sae = config_.saes[i];
      options.sae.hooks.push_back(sae.has_hook ? hook_name(sae.hook) : "");
      options.sae.ks.push_back(sae.k);
      inputs["saes"].push_back(digest_of_path(sae_paths_[i]));
      inputs["features"].push_back(digest(report_.features_paths[i]));
      inputs["hooks"].push_back(options.sae.hooks.back());
      inputs["ks"].push_back(sae.k);
    }
    stage("embed", inputs, {options.out_path}, [&] { convert(options, &pool_); });
  }

  const BuildConfig& config_;
  Stages stages_;
  ThreadPool pool_;
  BuildReport report_;
  std::string base_path_;
  json convert_inputs_, base_digest_;
  std::vector<std::string> sae_paths_;
};

}  // namespace

BuildReport build(const BuildConfig& config) { return Builder(config).run(); }

}  // namespace pintle::converter
