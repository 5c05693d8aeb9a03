// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>

#include "converter/import/sae_fold.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// encoder.weight [dict][dim], encoder.bias, decoder.weight [dim][dict]: two PyTorch Linear layers.
void take_linear_layers(const SaeTensors& tensors, SaeWeights* sae) {
  sae->encoder = tensors.matrix("encoder.weight", sae->dict, sae->dim);
  sae->decoder = tensors.transposed("decoder.weight", sae->dict, sae->dim);
  if (tensors.has("encoder.bias")) sae->encoder_bias = tensors.vector("encoder.bias", sae->dict);
}

// W_enc [dim][dict], b_enc, W_dec [dict][dim], b_dec.
void take_named_matrices(const SaeTensors& tensors, SaeWeights* sae) {
  sae->encoder = tensors.transposed("W_enc", sae->dict, sae->dim);
  sae->encoder_bias = tensors.vector("b_enc", sae->dict);
  sae->decoder = tensors.matrix("W_dec", sae->dict, sae->dim);
  sae->decoder_bias = tensors.vector("b_dec", sae->dim);
}

// BatchTopK at inference: on where above one threshold, which training estimated.
void take_common_threshold(const SaeTensors& tensors, const std::string& path, SaeWeights* sae) {
  const float threshold = tensors.scalar("threshold");
  if (!(threshold >= 0)) {
    throw Error(path +
                ": the threshold of this BatchTopK SAE was never set (training was too short), so "
                "it has no inference form");
  }
  sae->activation = SaeActivation::kJumpRelu;
  sae->threshold.assign(sae->dict, threshold);
}

void take_k(const SaeTensors& tensors, const std::string& path, const json& trainer,
            const SaeImportOptions& options, SaeWeights* sae) {
  const auto told = json_field<double>(path, trainer, "k");
  std::optional<double> stored;
  if (tensors.has("k")) stored = static_cast<double>(tensors.scalar("k"));
  if (told && stored && *told != *stored && !options.k) {
    throw Error(path + ": config.json and ae.pt disagree about k; give it with --k");
  }
  sae->activation = SaeActivation::kTopK;
  sae->k = choose_k(path, options, stored ? stored : told);
}

void take_class(const std::string& dict_class, const SaeTensors& tensors, const std::string& path,
                const json& trainer, const SaeImportOptions& options, SaeWeights* sae) {
  if (dict_class == "AutoEncoder") {
    take_linear_layers(tensors, sae);
    sae->decoder_bias = tensors.vector("bias", sae->dim);
    fold_input_bias(sae, sae->decoder_bias);
  } else if (dict_class == "AutoEncoderNew") {
    take_linear_layers(tensors, sae);
    sae->decoder_bias = tensors.vector("decoder.bias", sae->dim);
  } else if (dict_class == "AutoEncoderTopK" || dict_class == "BatchTopKSAE") {
    take_linear_layers(tensors, sae);
    sae->decoder_bias = tensors.vector("b_dec", sae->dim);
    // The ReLU comes before the selection there; the positive ones of the k largest are the same.
    if (dict_class == "AutoEncoderTopK") {
      take_k(tensors, path, trainer, options, sae);
    } else {
      take_common_threshold(tensors, path, sae);
    }
    fold_input_bias(sae, sae->decoder_bias);
  } else if (dict_class == "MatryoshkaBatchTopKSAE") {
    take_named_matrices(tensors, sae);
    take_common_threshold(tensors, path, sae);
    fold_input_bias(sae, sae->decoder_bias);
  } else if (dict_class == "GatedAutoEncoder") {
    take_linear_layers(tensors, sae);
    sae->decoder_bias = tensors.vector("decoder_bias", sae->dim);
    fold_gate(sae, tensors.vector("gate_bias", sae->dict), tensors.vector("r_mag", sae->dict),
              tensors.vector("mag_bias", sae->dict));
    fold_input_bias(sae, sae->decoder_bias);
    fold_feature_scale(sae, decoder_norms(*sae));  // its encode() multiplies by them
  } else if (dict_class == "JumpReluAutoEncoder") {
    take_named_matrices(tensors, sae);
    sae->activation = SaeActivation::kJumpRelu;
    sae->threshold = tensors.vector("threshold", sae->dict);
    if (json_field<bool>(path, trainer, "apply_b_dec_to_input").value_or(false)) {
      fold_input_bias(sae, sae->decoder_bias);
    }
    fold_feature_scale(sae, decoder_norms(*sae));  // as above
  } else {
    throw Error(path + ": dict_class '" + dict_class +
                "' is not supported: AutoEncoder, AutoEncoderNew, AutoEncoderTopK, BatchTopKSAE, "
                "MatryoshkaBatchTopKSAE, GatedAutoEncoder and JumpReluAutoEncoder are");
  }
}

void fold_normalisation_file(const std::string& folder, SaeWeights* sae) {
  const std::string path = (fs::path(folder) / "normalization.json").string();
  if (!fs::exists(path)) return;
  const json object = read_json_object(path);
  const auto mean = json_field<double>(path, object, "mean");
  const auto deviation = json_field<double>(path, object, "std");
  if (!mean || !deviation || !std::isfinite(*mean) || !(*deviation > 0)) {
    throw Error(path + ": needs numbers 'mean' and 'std', std positive");
  }
  fold_normalisation(sae, *mean, *deviation);
  sae->remarks.push_back("normalization.json folded into the weights");
}

}  // namespace

SaeWeights read_dictionary_learning(const std::string& folder, const SaeImportOptions& options) {
  const std::string path = (fs::path(folder) / "config.json").string();
  const json config = read_json_object(path);
  const json trainer = config.value("trainer", json());
  if (!trainer.is_object()) throw Error(path + ": has no object 'trainer'");
  const auto dict_class = json_field<std::string>(path, trainer, "dict_class");
  if (!dict_class) throw Error(path + ": trainer.dict_class is missing");
  const Checkpoint file = read_checkpoint((fs::path(folder) / "ae.pt").string());
  const SaeTensors tensors(file);

  SaeWeights sae;
  sae.dim = json_field<int64_t>(path, trainer, "activation_dim").value_or(0);
  sae.dict = json_field<int64_t>(path, trainer, "dict_size").value_or(0);
  std::vector<std::string> names;
  if (auto name = json_field<std::string>(path, trainer, "submodule_name")) names.push_back(*name);
  if (auto layer = json_field<int64_t>(path, trainer, "layer")) {
    names.push_back("block:" + std::to_string(*layer));
  }
  sae.hook = choose_hook(path, options, names);
  sae.model_name = json_field<std::string>(path, trainer, "lm_name").value_or("");
  take_class(*dict_class, tensors, path, trainer, options, &sae);
  fold_normalisation_file(folder, &sae);
  return sae;
}

}  // namespace pintle::converter
