// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "converter/import/sae_fold.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
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
  sae.activation = SaeActivation::kTopK;
  return sae;
}

void refuse_what_does_not_fold(const std::string& path, const json& cfg,
                               const SaeTensors& tensors) {
  const std::string activation = json_field<std::string>(path, cfg, "activation").value_or("topk");
  if (activation != "topk") {
    throw Error(path + ": activation '" + activation + "' is not supported: topk is");
  }
  if (json_field<bool>(path, cfg, "skip_connection").value_or(false) || tensors.has("W_skip")) {
    throw Error(path + ": a skip connection (W_skip) is not supported");
  }
  if (json_field<bool>(path, cfg, "transcode").value_or(false)) {
    throw Error(path + ": a transcoder reads one place and predicts another; it is no SAE");
  }
  if (json_field<bool>(path, cfg, "signed").value_or(false)) {
    throw Error(path + ": signed top-k (by absolute value) is not supported");
  }
}

}  // namespace

SaeWeights read_sparsify(const std::string& folder, const SaeImportOptions& options) {
  const std::string path = (fs::path(folder) / "cfg.json").string();
  const json cfg = read_json_object(path);
  const Checkpoint file = read_checkpoint((fs::path(folder) / "sae.safetensors").string());
  const SaeTensors tensors(file);
  refuse_what_does_not_fold(path, cfg, tensors);
  SaeWeights sae = take_tensors(tensors);
  const int64_t dim = json_field<int64_t>(path, cfg, "d_in").value_or(sae.dim);
  if (dim != sae.dim) {
    throw Error(path + ": d_in is " + std::to_string(dim) + ", but the weights are " +
                std::to_string(sae.dim) + " wide");
  }
  // sparsify names the folder after the module whose output it read.
  const fs::path absolute = fs::weakly_canonical(fs::path(folder));
  sae.hook = choose_hook(path, options, {absolute.filename().string()});
  sae.k = choose_k(path, options, json_field<double>(path, cfg, "k"));
  fold_input_bias(&sae, sae.decoder_bias);
  return sae;
}

// RecSAE keeps its SAE, which is sparsify's, inside the recommender and puts it on the final user
// vector; k is an argument of its command line, not part of the file.
SaeWeights read_recsae(const Checkpoint& checkpoint, const SaeImportOptions& options) {
  SaeWeights sae = take_tensors(SaeTensors(checkpoint, "sae_module."));
  sae.hook = options.hook.value_or(Hook{HookPlace::kLast, 0});
  sae.k = choose_k(checkpoint.path, options, std::nullopt);
  fold_input_bias(&sae, sae.decoder_bias);
  return sae;
}

}  // namespace pintle::converter
