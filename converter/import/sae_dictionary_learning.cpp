// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>

#include "converter/import/sae_config.h"
#include "converter/import/sae_fold.h"
#include "converter/import/sae_leftovers.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;

constexpr char kNormalisation[] = "normalization.json";

// encoder.weight [dict][dim], decoder.weight [dim][dict]: two PyTorch Linear layers.
void take_linear_layers(const SaeTensors& tensors, SaeWeights* sae) {
  sae->encoder = tensors.matrix("encoder.weight", sae->dict, sae->dim);
  sae->decoder = tensors.transposed("decoder.weight", sae->dict, sae->dim);
}

void take_biased_layers(const SaeTensors& tensors, SaeWeights* sae) {
  take_linear_layers(tensors, sae);
  sae->encoder_bias = tensors.vector("encoder.bias", sae->dict);
}

// W_enc [dim][dict], b_enc, W_dec [dict][dim], b_dec.
void take_named_matrices(const SaeTensors& tensors, SaeWeights* sae) {
  sae->encoder = tensors.transposed("W_enc", sae->dict, sae->dim);
  sae->encoder_bias = tensors.vector("b_enc", sae->dict);
  sae->decoder = tensors.matrix("W_dec", sae->dict, sae->dim);
  sae->decoder_bias = tensors.vector("b_dec", sae->dim);
}

// BatchTopK at inference: on where above one threshold, which training estimated.
void take_common_threshold(const SaeTensors& tensors, const SaeConfig& trainer, SaeWeights* sae) {
  const float threshold = tensors.scalar("threshold");
  if (!(threshold >= 0)) {
    throw Error(trainer.path() +
                ": the threshold of this BatchTopK SAE was never set (training was too short), so "
                "it has no inference form");
  }
  sae->activation = SaeActivation::kJumpRelu;
  sae->threshold.assign(sae->dict, threshold);
  tensors.ignore("k");  // the threshold gave so many on average
  trainer.ignore("k");
  tensors.ignore("group_sizes");  // of Matryoshka's loss
}

void take_k(const SaeTensors& tensors, const SaeConfig& trainer, const SaeImportOptions& options,
            SaeWeights* sae) {
  const auto told = trainer.get<double>("k");
  std::optional<double> stored;
  if (tensors.has("k")) stored = static_cast<double>(tensors.scalar("k"));
  if (told && stored && *told != *stored && !options.k) {
    throw Error(trainer.path() + ": config.json and ae.pt disagree about k; give it with --k");
  }
  choose_k(trainer.path(), options, stored ? stored : told, sae);
  if (tensors.has("threshold") && tensors.scalar("threshold") >= 0) {
    sae->remarks.push_back(
        "the k largest are taken, as encode() does unless asked otherwise, not "
        "those above the file's threshold");
  }
}

void take_class(const std::string& dict_class, const SaeTensors& tensors, const SaeConfig& trainer,
                const SaeImportOptions& options, SaeWeights* sae) {
  if (dict_class == "AutoEncoder") {
    take_biased_layers(tensors, sae);
    sae->decoder_bias = tensors.vector("bias", sae->dim);
    fold_input_bias(sae, sae->decoder_bias);
  } else if (dict_class == "AutoEncoderNew") {
    take_biased_layers(tensors, sae);
    sae->decoder_bias = tensors.vector("decoder.bias", sae->dim);
  } else if (dict_class == "AutoEncoderTopK" || dict_class == "BatchTopKSAE") {
    take_biased_layers(tensors, sae);
    sae->decoder_bias = tensors.vector("b_dec", sae->dim);
    // The ReLU comes before the selection there; the positive ones of the k largest are the same.
    if (dict_class == "AutoEncoderTopK") {
      take_k(tensors, trainer, options, sae);
    } else {
      take_common_threshold(tensors, trainer, sae);
    }
    fold_input_bias(sae, sae->decoder_bias);
  } else if (dict_class == "MatryoshkaBatchTopKSAE") {
    take_named_matrices(tensors, sae);
    take_common_threshold(tensors, trainer, sae);
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
    if (trainer.get<bool>("apply_b_dec_to_input").value_or(false)) {
      fold_input_bias(sae, sae->decoder_bias);
    }
    fold_feature_scale(sae, decoder_norms(*sae));  // as above
  } else {
    throw Error(trainer.path() + ": dict_class '" + dict_class +
                "' is not supported: AutoEncoder, AutoEncoderNew, AutoEncoderTopK, BatchTopKSAE, "
                "MatryoshkaBatchTopKSAE, GatedAutoEncoder and JumpReluAutoEncoder are");
  }
}

// False if there is none.
bool fold_normalisation_file(const std::string& folder, SaeWeights* sae) {
  const std::string path = (fs::path(folder) / kNormalisation).string();
  if (!fs::exists(path)) return false;
  const SaeConfig object = SaeConfig::read(path);
  const auto mean = object.get<double>("mean");
  const auto deviation = object.get<double>("std");
  if (!mean || !deviation || !std::isfinite(*mean) || !(*deviation > 0)) {
    throw Error(path + ": needs numbers 'mean' and 'std', std positive");
  }
  const size_t dim = static_cast<size_t>(sae->dim);
  fold_normalisation(sae, std::vector<double>(dim, *mean), std::vector<double>(dim, *deviation));
  sae->remarks.push_back("normalization.json folded into the weights");
  return true;
}

// Where the activations came from. buffer.io says which side of the module they were read on.
std::vector<std::string> hook_names(const SaeConfig& config, const SaeConfig& trainer) {
  std::vector<std::string> names;
  const auto module = trainer.get<std::string>("submodule_name");
  const auto layer = trainer.get<int64_t>("layer");
  const SaeConfig* buffer = config.part("buffer");
  const std::string side =
      buffer == nullptr ? "out" : buffer->get<std::string>("io").value_or("out");
  if (side != "out") return {module.value_or("the module") + " (" + side + "put)"};
  if (module) names.push_back(*module);
  if (layer) names.push_back("block:" + std::to_string(*layer));
  return names;
}

}  // namespace

SaeWeights read_dictionary_learning(const std::string& folder, const SaeImportOptions& options) {
  const SaeConfig config = SaeConfig::read((fs::path(folder) / "config.json").string());
  const SaeConfig* const found = config.part("trainer");
  if (found == nullptr) throw Error(config.path() + ": has no object 'trainer'");
  const SaeConfig& trainer = *found;
  const auto dict_class = trainer.get<std::string>("dict_class");
  if (!dict_class) throw Error(config.path() + ": trainer.dict_class is missing");
  const Checkpoint file =
      read_checkpoint((fs::path(folder) / "ae.pt").string(), CheckpointExtent::kAll);
  const SaeTensors tensors(file);

  SaeWeights sae;
  sae.dim = trainer.get<int64_t>("activation_dim").value_or(0);
  sae.dict = trainer.get<int64_t>("dict_size").value_or(0);
  choose_hook(config.path(), options, hook_names(config, trainer), &sae);
  sae.model_name = trainer.get<std::string>("lm_name").value_or("");
  take_class(*dict_class, tensors, trainer, options, &sae);
  if (trainer.find("norm_factor") != nullptr) {
    sae.remarks.push_back(
        "norm_factor: taken to be in the biases already, as dictionary_learning "
        "saves them");
  }
  const bool normalised = fold_normalisation_file(folder, &sae);
  fold_or_tell_leftovers(tensors, {&config}, normalised ? kNormalisation : "", &sae);
  return sae;
}

}  // namespace pintle::converter
