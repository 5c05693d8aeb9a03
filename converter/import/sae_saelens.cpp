// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "converter/import/sae_fold.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

// SAELens's own name of the activation: v6 says it by the architecture, earlier versions by a key
// beside the architecture "standard".
std::string architecture_of(const std::string& path, const json& cfg) {
  const std::string name = json_field<std::string>(path, cfg, "architecture").value_or("standard");
  if (name != "standard") return name;
  auto activation = json_field<std::string>(path, cfg, "activation_fn_str");
  if (!activation) activation = json_field<std::string>(path, cfg, "activation_fn");
  if (!activation || *activation == "relu") return "standard";
  if (*activation == "topk") return "topk";
  throw Error(path + ": activation function '" + *activation +
              "' is not supported: relu and topk are");
}

void refuse_what_does_not_fold(const std::string& path, const json& cfg) {
  const std::string reshape =
      json_field<std::string>(path, cfg, "reshape_activations").value_or("none");
  if (reshape != "none") {
    throw Error(path + ": reshape_activations '" + reshape + "' is not supported");
  }
  const json metadata = cfg.value("metadata", json::object());
  for (const json* place : {&cfg, &metadata}) {
    if (!place->is_object()) continue;
    if (place->contains("hook_head_index") && !(*place)["hook_head_index"].is_null()) {
      throw Error(path + ": an SAE on one attention head (hook_head_index) is not supported");
    }
    const auto out = json_field<std::string>(path, *place, "hook_name_out");
    if (out && *out != json_field<std::string>(path, *place, "hook_name").value_or("")) {
      throw Error(path + ": a transcoder (hook_name_out '" + *out + "') is not supported");
    }
  }
}

// c, if the SAE was trained on activations times c; 1 if they were used as they are.
double activation_scale(const std::string& folder, const std::string& path, const json& cfg) {
  const auto found = cfg.find("normalize_activations");
  std::string mode = "none";
  if (found != cfg.end() && found->is_boolean()) {
    mode = found->get<bool>() ? "expected_average_only_in" : "none";  // before v3
  } else {
    mode = json_field<std::string>(path, cfg, "normalize_activations").value_or("none");
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
  const double c =
      json_field<double>(beside, read_json_object(beside), "scaling_factor").value_or(0);
  if (!(c > 0)) throw Error(beside + ": scaling_factor must be a positive number");
  return c;
}

std::optional<double> k_of(const std::string& path, const json& cfg) {
  if (auto k = json_field<double>(path, cfg, "k")) return k;
  const auto arguments = cfg.find("activation_fn_kwargs");
  if (arguments == cfg.end() || !arguments->is_object()) return std::nullopt;
  return json_field<double>(path, *arguments, "k");
}

std::vector<std::string> hook_names(const std::string& path, const json& cfg) {
  std::vector<std::string> names;
  const json metadata = cfg.value("metadata", json::object());
  for (const json* place : {&metadata, &cfg}) {
    if (!place->is_object()) continue;
    for (const char* key : {"pintle_hook", "hook_name", "hook_point"}) {
      if (auto name = json_field<std::string>(path, *place, key)) names.push_back(*name);
    }
  }
  return names;
}

std::string text_of(const std::string& path, const json& cfg, const char* key) {
  const json metadata = cfg.value("metadata", json::object());
  if (metadata.is_object()) {
    if (auto text = json_field<std::string>(path, metadata, key)) return *text;
  }
  return json_field<std::string>(path, cfg, key).value_or("");
}

}  // namespace

SaeWeights read_saelens(const std::string& folder, const SaeImportOptions& options) {
  const std::string path = (std::filesystem::path(folder) / "cfg.json").string();
  const json cfg = read_json_object(path);
  const std::string architecture = architecture_of(path, cfg);
  refuse_what_does_not_fold(path, cfg);
  const double scale = activation_scale(folder, path, cfg);
  const Checkpoint file =
      read_checkpoint((std::filesystem::path(folder) / "sae_weights.safetensors").string());
  const SaeTensors tensors(file);

  SaeWeights sae;
  sae.dim = json_field<int64_t>(path, cfg, "d_in").value_or(0);
  sae.dict = json_field<int64_t>(path, cfg, "d_sae").value_or(0);
  sae.hook = choose_hook(path, options, hook_names(path, cfg));
  sae.model_name = text_of(path, cfg, "model_name");
  sae.model_hash = text_of(path, cfg, "pintle_model_hash");
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
      sae.activation = SaeActivation::kTopK;
      sae.k = choose_k(path, options, k_of(path, cfg));
    } else if (architecture != "standard") {
      throw Error(path + ": SAELens architecture '" + architecture +
                  "' is not supported: standard, topk, jumprelu and gated are");
    }
  }
  if (tensors.has("scaling_factor")) {  // finetuning: features are scaled before they are decoded
    const std::vector<float> factor = tensors.vector("scaling_factor", sae.dict);
    for (int64_t j = 0; j < sae.dict; ++j) {
      for (int64_t d = 0; d < sae.dim; ++d) sae.decoder.row(j)[d] *= factor[j];
    }
    sae.remarks.push_back("scaling_factor folded into the decoder");
  }
  const auto subtract = json_field<bool>(path, cfg, "apply_b_dec_to_input");
  if (!subtract) sae.remarks.push_back("apply_b_dec_to_input is not given: taken as true");
  // Thresholds compare with pre-activations, which folding the input's bias leaves as they are.
  if (subtract.value_or(true)) fold_input_bias(&sae, sae.decoder_bias);
  if (json_field<bool>(path, cfg, "rescale_acts_by_decoder_norm").value_or(false)) {
    if (architecture != "topk") {
      throw Error(path + ": rescale_acts_by_decoder_norm is known for topk only");
    }
    fold_feature_scale(&sae, decoder_norms(sae));
    sae.remarks.push_back("features rescaled by decoder norms");
  }
  if (scale != 1) fold_normalisation(&sae, 0, 1 / scale);
  return sae;
}

}  // namespace pintle::converter
