// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <optional>
#include <regex>

#include "converter/import/sae_config.h"
#include "converter/import/sae_fold.h"
#include "converter/import/sae_leftovers.h"
#include "converter/io/error.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;

// encoder.weight [dict][dim], encoder.bias, W_dec [dict][dim], b_dec. The ReLU comes before the
// selection; the positive ones of the k largest are the same.
SaeWeights take_tensors(const SaeTensors& tensors) {
  const std::vector<int64_t> shape = tensors.shape("encoder.weight");
  SaeWeights sae;
  sae.dict = shape.empty() ? 0 : shape[0];
  sae.dim = shape.size() < 2 ? 0 : shape[1];
  sae.encoder = tensors.matrix("encoder.weight", sae.dict, sae.dim);
  sae.encoder_bias = tensors.vector("encoder.bias", sae.dict);
  sae.decoder = tensors.matrix("W_dec", sae.dict, sae.dim);
  sae.decoder_bias = tensors.vector("b_dec", sae.dim);
  return sae;
}

void refuse_what_does_not_fold(const SaeConfig& cfg, const SaeTensors& tensors) {
  const std::string& path = cfg.path();
  const std::string activation = cfg.get<std::string>("activation").value_or("topk");
  if (activation != "topk") {
    throw Error(path + ": activation '" + activation + "' is not supported: topk is");
  }
  if (cfg.get<bool>("skip_connection").value_or(false) || tensors.has("W_skip")) {
    throw Error(path + ": a skip connection (W_skip) is not supported");
  }
  if (cfg.get<bool>("transcode").value_or(false)) {
    throw Error(path + ": a transcoder reads one place and predicts another; it is no SAE");
  }
  if (cfg.get<bool>("signed").value_or(false)) {
    throw Error(path + ": signed top-k (by absolute value) is not supported");
  }
}

// num_latents, or expansion_factor times d_in where that is 0.
void check_sizes(const SaeConfig& cfg, const SaeWeights& sae) {
  const int64_t dim = cfg.get<int64_t>("d_in").value_or(sae.dim);
  if (dim != sae.dim) {
    throw Error(cfg.path() + ": d_in is " + std::to_string(dim) + ", but the weights are " +
                std::to_string(sae.dim) + " wide");
  }
  const int64_t latents = cfg.get<int64_t>("num_latents").value_or(0);
  const int64_t factor = cfg.get<int64_t>("expansion_factor").value_or(0);
  const int64_t dict = latents != 0 ? latents : factor * dim;
  if (dict != 0 && dict != sae.dict) {
    throw Error(cfg.path() + ": tells " + std::to_string(dict) +
                " features, but the weights have " + std::to_string(sae.dict));
  }
}

// "SASRec_SAE_ML_1MTOPK_k16_x32.pt" tells 16.
std::optional<int64_t> k_in_name(const std::string& name) {
  static const std::regex kPattern("(^|[^a-z0-9])k=?([0-9]{1,6})([^a-z0-9]|$)");
  const std::string lower = to_lower(name);
  std::smatch found;
  if (!std::regex_search(lower, found, kPattern)) return std::nullopt;
  return std::stoll(found[2].str());
}

}  // namespace

SaeWeights read_sparsify(const std::string& folder, const SaeImportOptions& options) {
  const SaeConfig cfg = SaeConfig::read((fs::path(folder) / "cfg.json").string());
  const Checkpoint file =
      read_checkpoint((fs::path(folder) / "sae.safetensors").string(), CheckpointExtent::kAll);
  const SaeTensors tensors(file);
  refuse_what_does_not_fold(cfg, tensors);
  SaeWeights sae = take_tensors(tensors);
  check_sizes(cfg, sae);
  // sparsify names the folder after the module whose output it read.
  const fs::path absolute = fs::weakly_canonical(fs::path(folder));
  choose_hook(cfg.path(), options, {absolute.filename().string()}, &sae);
  choose_k(cfg.path(), options, cfg.get<double>("k"), &sae);
  fold_input_bias(&sae, sae.decoder_bias);
  fold_or_tell_leftovers(tensors, {&cfg}, "", &sae);
  return sae;
}

// RecSAE keeps its SAE, which is sparsify's, inside the recommender and puts it on the final user
// vector; k is an argument of its command line, not part of the file.
SaeWeights read_recsae(const Checkpoint& checkpoint, const SaeImportOptions& options) {
  const SaeTensors tensors(checkpoint, "sae_module.");
  SaeWeights sae = take_tensors(tensors);
  sae.hook = options.hook.value_or(Hook{HookPlace::kLast, 0});
  SaeImportOptions known = options;
  if (!known.k) {
    known.k = k_in_name(fs::path(checkpoint.path).filename().string());
    if (known.k) {
      sae.remarks.push_back("k = " + std::to_string(*known.k) +
                            " (from the file's name; --k overrides)");
    }
  }
  choose_k(checkpoint.path, known, std::nullopt, &sae);
  fold_input_bias(&sae, sae.decoder_bias);
  fold_or_tell_leftovers(tensors, {}, "", &sae);
  return sae;
}

}  // namespace pintle::converter
