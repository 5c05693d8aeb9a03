// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "converter/import/sae_config.h"
#include "converter/import/sae_fold.h"
#include "converter/import/sae_leftovers.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using Texts = std::vector<std::string>;

// SAELens's own name of the activation: v6 says it by the architecture, earlier versions by a key
// beside the architecture "standard".
std::string architecture_of(const SaeConfig& cfg) {
  const std::string name = cfg.get<std::string>("architecture").value_or("standard");
  auto activation = cfg.get<std::string>("activation_fn_str");
  if (!activation) activation = cfg.get<std::string>("activation_fn");
  if (name != "standard") return name;
  if (!activation || *activation == "relu") return "standard";
  if (*activation == "topk") return "topk";
  throw Error(cfg.path() + ": activation function '" + *activation +
              "' is not supported: relu and topk are");
}

// Keys are in `metadata` since v6, flat before.
std::vector<const SaeConfig*> places_of(const SaeConfig& cfg) {
  const SaeConfig* metadata = cfg.part("metadata");
  if (metadata == nullptr) return {&cfg};
  return {metadata, &cfg};
}

Texts texts_of(const SaeConfig& cfg, const Texts& keys) {
  Texts texts;
  for (const SaeConfig* place : places_of(cfg)) {
    for (const std::string& key : keys) {
      if (auto text = place->get<std::string>(key)) texts.push_back(*text);
    }
  }
  return texts;
}

std::string text_of(const SaeConfig& cfg, const std::string& key) {
  const Texts texts = texts_of(cfg, {key});
  return texts.empty() ? "" : texts.front();
}

void refuse_what_does_not_fold(const SaeConfig& cfg) {
  const std::string reshape = cfg.get<std::string>("reshape_activations").value_or("none");
  if (reshape != "none") {
    throw Error(cfg.path() + ": reshape_activations '" + reshape + "' is not supported");
  }
  for (const SaeConfig* place : places_of(cfg)) {
    if (place->find("hook_head_index") != nullptr) {
      throw Error(cfg.path() + ": an SAE on one attention head (hook_head_index) is not supported");
    }
    const auto out = place->get<std::string>("hook_name_out");
    if (out && *out != place->get<std::string>("hook_name").value_or("")) {
      throw Error(cfg.path() + ": a transcoder (hook_name_out '" + *out + "') is not supported");
    }
  }
}

// c, if the SAE was trained on activations times c; 1 if they were used as they are.
double activation_scale(const std::string& folder, const SaeConfig& cfg) {
  const std::string& path = cfg.path();
  const nlohmann::json* found = cfg.find("normalize_activations");
  std::string mode = "none";
  if (found != nullptr && found->is_boolean()) {
    mode = found->get<bool>() ? "expected_average_only_in" : "none";  // before v3
  } else {
    mode = cfg.get<std::string>("normalize_activations").value_or("none");
  }
  if (mode == "none") return 1;
  if (mode == "constant_norm_rescale" || mode == "layer_norm") {
    throw Error(path + ": normalize_activations '" + mode +
                "' rescales every sample by its own norm, which no fixed weights can hold");
  }
  if (mode != "expected_average_only_in") {
    throw Error(path + ": normalize_activations '" + mode + "' is not supported");
  }
  const std::string beside = (std::filesystem::path(folder) / "activation_scaler.json").string();
  if (!std::filesystem::exists(beside)) {
    throw Error(path +
                ": normalize_activations 'expected_average_only_in' needs its factor: put "
                "{\"scaling_factor\": c} into activation_scaler.json beside it, or fold the factor "
                "into the weights with SAELens and set normalize_activations to none");
  }
  const double c = SaeConfig::read(beside).get<double>("scaling_factor").value_or(0);
  if (!(c > 0)) throw Error(beside + ": scaling_factor must be a positive number");
  return c;
}

std::optional<double> k_of(const SaeConfig& cfg) {
  const SaeConfig* arguments = cfg.part("activation_fn_kwargs");
  const auto inner = arguments == nullptr ? std::nullopt : arguments->get<double>("k");
  const auto own = cfg.get<double>("k");
  return own ? own : inner;
}

// Finetuning: features are scaled before they are decoded.
void fold_finetuning(const SaeConfig& cfg, const SaeTensors& tensors, SaeWeights* sae) {
  const auto told = cfg.get<bool>("finetuning_scaling_factor");
  const bool has = tensors.has("scaling_factor");
  if (told.value_or(false) && !has) {
    throw Error(cfg.path() +
                ": finetuning_scaling_factor is true, but the file has no tensor "
                "'scaling_factor'");
  }
  if (!has) return;
  const std::vector<float> factor = tensors.vector("scaling_factor", sae->dict);
  if (!told.value_or(true)) {
    sae->remarks.push_back("scaling_factor is not used: finetuning_scaling_factor is false");
    return;
  }
  for (int64_t j = 0; j < sae->dict; ++j) {
    for (int64_t d = 0; d < sae->dim; ++d) sae->decoder.row(j)[d] *= factor[j];
  }
  sae->remarks.push_back("scaling_factor folded into the decoder");
}

}  // namespace

SaeWeights read_saelens(const std::string& folder, const SaeImportOptions& options) {
  const SaeConfig cfg = SaeConfig::read((std::filesystem::path(folder) / "cfg.json").string());
  const std::string& path = cfg.path();
  const std::string architecture = architecture_of(cfg);
  refuse_what_does_not_fold(cfg);
  const double scale = activation_scale(folder, cfg);
  const Checkpoint file = read_checkpoint(
      (std::filesystem::path(folder) / "sae_weights.safetensors").string(), CheckpointExtent::kAll);
  const SaeTensors tensors(file);

  SaeWeights sae;
  sae.dim = cfg.get<int64_t>("d_in").value_or(0);
  sae.dict = cfg.get<int64_t>("d_sae").value_or(0);
  choose_hook(path, options, texts_of(cfg, {"pintle_hook", "hook_name", "hook_point"}), &sae);
  sae.model_name = text_of(cfg, "model_name");
  sae.model_hash = text_of(cfg, "pintle_model_hash");
  sae.encoder = tensors.transposed("W_enc", sae.dict, sae.dim);
  sae.decoder = tensors.matrix("W_dec", sae.dict, sae.dim);
  sae.decoder_bias = tensors.vector("b_dec", sae.dim);

  if (architecture == "gated") {
    fold_gate(&sae, tensors.vector("b_gate", sae.dict), tensors.vector("r_mag", sae.dict),
              tensors.vector("b_mag", sae.dict));
  } else {
    sae.encoder_bias = tensors.vector("b_enc", sae.dict);
    if (architecture == "jumprelu") {
      sae.activation = SaeActivation::kJumpRelu;
      sae.threshold = tensors.vector("threshold", sae.dict);
    } else if (architecture == "topk") {
      choose_k(path, options, k_of(cfg), &sae);
    } else if (architecture != "standard") {
      throw Error(path + ": SAELens architecture '" + architecture +
                  "' is not supported: standard, topk, jumprelu and gated are");
    }
  }
  fold_finetuning(cfg, tensors, &sae);
  const auto subtract = cfg.get<bool>("apply_b_dec_to_input");
  if (!subtract) sae.remarks.push_back("apply_b_dec_to_input is not given: taken as true");
  // Thresholds compare with pre-activations, which folding the input's bias leaves as they are.
  if (subtract.value_or(true)) fold_input_bias(&sae, sae.decoder_bias);
  if (cfg.get<bool>("rescale_acts_by_decoder_norm").value_or(false)) {
    if (architecture != "topk") {
      throw Error(path + ": rescale_acts_by_decoder_norm is known for topk only");
    }
    fold_feature_scale(&sae, decoder_norms(sae));
    sae.remarks.push_back("features rescaled by decoder norms");
  }
  if (scale != 1) {
    const size_t dim = static_cast<size_t>(sae.dim);
    fold_normalisation(&sae, std::vector<double>(dim, 0), std::vector<double>(dim, 1 / scale));
  }
  fold_or_tell_leftovers(tensors, {&cfg}, scale != 1 ? "normalize_activations" : "", &sae);
  return sae;
}

}  // namespace pintle::converter
