// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/train_sae.h"

#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/commands/commands.h"
#include "converter/commands/log_options.h"
#include "converter/commands/threads_option.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

struct TrainSaeArguments {
  TrainJob job;
  std::string hook = "block:0", variant = "batchtopk";
  std::string shard, shards_folder, from_shards;
  int64_t memory_bytes = int64_t{1} << 30;
  int threads = kDefaultThreads;
  bool json = false;
};

// "2/8": part 2, counted from 0, of 8.
std::pair<int64_t, int64_t> parse_shard(const std::string& text) {
  long long part = 0, count = 0;
  int used = 0;
  if (std::sscanf(text.c_str(), "%lld/%lld%n", &part, &count, &used) != 2 ||
      static_cast<size_t>(used) != text.size() || count < 1 || part < 0 || part >= count) {
    throw Error("--shard " + text + ": write i/n with 0 <= i < n, 0/4 for the first of four");
  }
  return {part, count};
}

void print_hook_choice(const std::string& figures, const Hook& hook) {
  if (figures.empty()) return;
  std::printf("hook %s: of the hooks' variance the newest item explains %s\n",
              hook_name(hook).c_str(), figures.c_str());
}

void run_shard(const TrainSaeArguments& arguments, ThreadPool* pool) {
  const auto [part, count] = parse_shard(arguments.shard);
  const HarvestReport report =
      harvest_shard(arguments.job.harvest, part, count, arguments.shards_folder, pool);
  if (arguments.json) {
    std::cout << nlohmann::ordered_json{{"shard", report.path},
                                        {"hook", hook_name(report.hook)},
                                        {"users", report.users},
                                        {"positions", report.positions},
                                        {"split", report.split},
                                        {"interactions", log_json(report.log_notes)}}
                     .dump()
              << '\n';
    return;
  }
  print_log_notes(report.log_notes);
  print_hook_choice(report.hook_choice, report.hook);
  std::printf("%s: %zu users, %lld positions\n%s\n", report.path.c_str(), report.users,
              static_cast<long long>(report.positions), report.split.c_str());
}

nlohmann::ordered_json to_json(const TrainReport& report, const TrainSaeArguments& arguments) {
  const TrainJob& job = arguments.job;
  nlohmann::ordered_json json = {{"out", job.out_folder},
                                 {"hook", hook_name(report.sae.hook)},
                                 {"features", report.sae.dict},
                                 {"activation", sae_activation_name(report.sae.activation)},
                                 {"network", report.model_hash},
                                 {"split", report.split},
                                 {"interactions", log_json(report.log_notes)},
                                 {"positions", report.positions},
                                 {"held_out_positions", report.held_out_positions},
                                 {"settings", report.settings},
                                 {"k", report.config.k},
                                 {"steps", report.config.steps},
                                 {"batch", report.config.batch},
                                 {"steps_done", report.outcome.steps},
                                 {"steps_kept", report.outcome.kept_steps},
                                 {"held_back_positions", report.outcome.held_out_rows},
                                 {"explained_variance_trained", report.outcome.train_variance},
                                 {"explained_variance_held_back", report.outcome.held_out_variance},
                                 {"warnings", report.warnings},
                                 {"seed", job.config.seed},
                                 {"threads", arguments.threads},
                                 {"harvest_seconds", report.harvest_seconds},
                                 {"train_seconds", report.train_seconds}};
  if (report.stability) {
    json["mean_stability"] = report.stability->mean;
    json["stable_features"] = report.stability->stable;
    json["second_explained_variance_held_back"] = report.stability->explained_variance;
    json["stability_seconds"] = report.stability_seconds;
  }
  if (report.quality) {
    json["explained_variance"] = report.quality->explained_variance;
    json["l0"] = report.quality->active;
    json["dead_features"] = report.quality->dead;
  }
  if (!report.hook_choice.empty()) json["hook_choice"] = report.hook_choice;
  if (const auto& loss = report.replace_loss) {
    json["replace"] = {
        {"users", loss->users},       {"include_seen", loss->includes_seen},
        {"ndcg@10", loss->base_ndcg}, {"ndcg@10_replaced", loss->ndcg},
        {"lost", loss->lost},         {"lost_interval", {loss->interval.low, loss->interval.high}}};
  }
  return json;
}

// How training went, and whether it would go the same way again.
void print_training(const TrainReport& report) {
  const TrainOutcome& outcome = report.outcome;
  if (outcome.held_out_rows > 0) {
    std::printf(
        "explained variance: %.4f of positions trained on, %.4f of %lld that were held back (gap "
        "%.4f)\n",
        outcome.train_variance, outcome.held_out_variance,
        static_cast<long long>(outcome.held_out_rows),
        outcome.train_variance - outcome.held_out_variance);
  }
  if (outcome.steps < report.config.steps || outcome.kept_steps < outcome.steps) {
    std::printf("ended after %lld steps, weights of step %lld: it got no better after that\n",
                static_cast<long long>(outcome.steps), static_cast<long long>(outcome.kept_steps));
  }
  if (report.stability) {
    std::printf(
        "stability: mean cosine %.3f with a second training (another seed and start), %lld of %lld "
        "features above %.1f; it explains %.4f\n",
        report.stability->mean, static_cast<long long>(report.stability->stable),
        static_cast<long long>(report.sae.dict), static_cast<double>(kStable),
        report.stability->explained_variance);
  }
}

void print_report(const TrainReport& report, const TrainSaeArguments& arguments) {
  std::printf("%s: %lld features (%s) at hook %s of network %s\n", arguments.job.out_folder.c_str(),
              static_cast<long long>(report.sae.dict), sae_activation_name(report.sae.activation),
              hook_name(report.sae.hook).c_str(), report.model_hash.c_str());
  print_log_notes(report.log_notes);
  print_hook_choice(report.hook_choice, report.sae.hook);
  if (!report.split.empty()) std::printf("%s\n", report.split.c_str());
  std::printf("positions: %lld to train on, %lld held out\n",
              static_cast<long long>(report.positions),
              static_cast<long long>(report.held_out_positions));
  std::printf("%s\n", report.settings.c_str());
  print_training(report);
  std::printf("seconds: %.1f to harvest, %.1f to train", report.harvest_seconds,
              report.train_seconds);
  std::printf(report.stability ? ", %.1f to train again\n" : "\n", report.stability_seconds);
  if (report.quality) {
    std::printf("held out: explained variance %.4f, L0 %.2f, dead features %lld of %lld\n",
                report.quality->explained_variance, report.quality->active,
                static_cast<long long>(report.quality->dead),
                static_cast<long long>(report.sae.dict));
  } else {
    std::printf("not measured: pass --interactions for its quality on held-out users\n");
  }
  if (const auto& loss = report.replace_loss) {
    std::printf(
        "`replace` with zero edits: %+.2f %% NDCG@10 [%+.2f, %+.2f] on the last events of %zu "
        "held-out users%s\n",
        -100 * loss->lost, -100 * loss->interval.high, -100 * loss->interval.low, loss->users,
        loss->includes_seen ? ", items of the history eligible" : "");
  }
  for (const std::string& warning : report.warnings) std::printf("warning: %s\n", warning.c_str());
}

void add_training_options(CLI::App* verb, TrainSaeArguments* arguments) {
  TrainConfig& config = arguments->job.config;
  GivenSettings& given = arguments->job.given;
  verb->add_option("--dict", given.dict,
                   "Features (default: by the width of the states and the number of positions)");
  verb->add_option("--variant", arguments->variant,
                   "topk: --k features a position. batchtopk: --k on average, a threshold at "
                   "inference. relu: an L1 penalty")
      ->capture_default_str()
      ->check(CLI::IsMember({"topk", "batchtopk", "relu"}));
  verb->add_option("--k", given.k,
                   "Features active at a position (default: by the width and --dict)");
  verb->add_option("--l1", config.l1, "Weight of the penalty of relu")->capture_default_str();
  verb->add_option(
          "--nested", config.nested,
          "Nested dictionaries (Matryoshka): the first N features must explain on their own, for "
          "each of these sizes")
      ->delimiter(',');
  verb->add_option(
          "--item-weight", config.item_scale,
          "How much features must tell the item at the position from its surroundings, beside "
          "explaining the state; 0: not at all")
      ->capture_default_str();
  verb->add_flag(
      "--freeze-decoder", config.freeze_decoder,
      "A baseline, not for use: directions stay as random as they start, only the encoder "
      "is trained. How much of what an SAE tells comes from sparsity alone");
  verb->add_option("--steps", given.steps,
                   "Training steps; more explain more, and split features (default: by the number "
                   "of positions)");
  verb->add_option("--batch", given.batch,
                   "Positions a step (default: by the number of positions)");
  verb->add_option("--learning-rate", config.learning_rate, "Adam's")->capture_default_str();
  verb->add_option("--seed", config.seed, "Of the order of the positions")->capture_default_str();
  verb->add_option("--start", config.start, "Of the first directions that the data do not tell")
      ->capture_default_str();
  verb->add_flag("!--no-stability", arguments->job.measures_stability,
                 "Do not train a second time to see which features come again");
  verb->add_option("--memory", arguments->memory_bytes,
                   "For activations in memory, 512M or 4G; the others stream from the disk")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::PositiveNumber)
      ->default_str("1G");
}

}  // namespace

void add_train_sae_command(CLI::App* app) {
  const auto arguments = std::make_shared<TrainSaeArguments>();
  HarvestJob& harvest = arguments->job.harvest;
  CLI::App* verb = app->add_subcommand(
      "train-sae",
      "Train a sparse autoencoder on what a model, as it ships, computes over histories");
  verb->add_option("--model", harvest.model_path, "The model file")->required();
  CLI::Option* interactions = verb->add_option("--interactions", harvest.interactions_path,
                                               "Histories, with the model's external ids");
  add_log_options(verb, interactions, &harvest.log, &harvest.log.force);
  verb->add_option("--hook", arguments->hook,
                   "Where: block:N (residual stream after block N), mlp:N or last; auto: the block "
                   "whose states tell most of the newest item")
      ->capture_default_str();
  verb->add_option("--users-file", harvest.users_path,
                   "Ids of the users to train on; best such as the model was not trained on")
      ->needs(interactions);
  verb->add_option("--held-out-users", harvest.held_out_path,
                   "Ids of the users to measure on (default: all others; without --users-file "
                   "too, every second user trains)")
      ->needs(interactions);
  add_training_options(verb, arguments.get());
  CLI::Option* shard = verb->add_option(
      "--shard", arguments->shard, "Only harvest part i of n, 0/n to n-1/n, into --shards-dir");
  CLI::Option* folder =
      verb->add_option("--shards-dir", arguments->shards_folder, "Where --shard writes");
  shard->needs(folder)->needs(interactions);
  folder->needs(shard);
  verb->add_option("--from-shards", arguments->from_shards,
                   "Train on the shards in this folder, instead of harvesting")
      ->excludes(shard);
  add_threads_option(verb, &arguments->threads, "Threads; weights depend on their number");
  verb->add_option(
      "--out", arguments->job.out_folder,
      "Folder to write: cfg.json and sae_weights.safetensors, as SAELens has them, and "
      "training.json");
  verb->add_flag("--json", arguments->json, "Print the report as one JSON object");
  verb->footer(
      "A log for several machines: run with --shard 0/n, 1/n, ... anywhere, gather the files in "
      "one folder, then --from-shards. The result is the same for any number of shards.");
  verb->callback([arguments] {
    TrainJob& job = arguments->job;
    job.harvest.chooses_hook = arguments->hook == "auto";
    if (!job.harvest.chooses_hook) job.harvest.hook = parse_hook(arguments->hook);
    ThreadPool pool(arguments->threads);
    if (!arguments->shard.empty()) return run_shard(*arguments, &pool);
    if (job.out_folder.empty()) throw Error("--out is missing: where shall the SAE be written?");
    if (!arguments->from_shards.empty()) job.shards = shard_files(arguments->from_shards);
    job.config.variant = parse_sae_variant(arguments->variant);
    job.config.memory_bytes = static_cast<uint64_t>(arguments->memory_bytes);
    const TrainReport report = run_train_job(job, &pool);
    if (arguments->json) {
      std::cout << to_json(report, *arguments).dump() << '\n';
    } else {
      print_report(report, *arguments);
    }
  });
}

}  // namespace pintle::converter
