// SPDX-License-Identifier: Apache-2.0
#include "converter/import/sae_leftovers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include "converter/import/tensor_view.h"
#include "converter/io/error.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

template <size_t N>
bool is_one_of(std::string_view name, const char* const (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

enum class Constant { kNone, kMean, kDeviation, kUnclear };

// Constants that some tools keep with an SAE and apply to its input.
Constant constant_named(const std::string& name) {
  static const char* const kMeans[] = {"act_mean",         "acts_mean",  "activation_mean",
                                       "activations_mean", "input_mean", "x_mean",
                                       "mean_activation",  "data_mean",  "dataset_mean"};
  static const char* const kDeviations[] = {"act_std",         "acts_std",  "activation_std",
                                            "activations_std", "input_std", "x_std",
                                            "std_activation",  "data_std",  "dataset_std"};
  // Multiplied or divided by? Added back? Tools differ.
  static const char* const kUnclear[] = {
      "norm_factor",  "norm_scale",  "scaling_factor",   "scale_factor",
      "act_scale",    "act_norm",    "activation_scale", "input_scale",
      "input_norm",   "b_pre",       "pre_bias",         "input_bias",
      "running_mean", "running_var", "act_var",          "activation_var"};
  const std::string lower = to_lower(name);
  if (is_one_of(lower, kMeans)) return Constant::kMean;
  if (is_one_of(lower, kDeviations)) return Constant::kDeviation;
  return is_one_of(lower, kUnclear) ? Constant::kUnclear : Constant::kNone;
}

// With the state, the bare words too can only be the input's; in a configuration std may be that of
// the initialisation.
Constant constant_with_state(const std::string& name) {
  if (name == "mean") return Constant::kMean;
  if (name == "std") return Constant::kDeviation;
  return constant_named(name);
}

// Statistics that training keeps about features.
bool is_statistic(std::string_view name) {
  static const char* const kStatistics[] = {"activation_rate",
                                            "feature_density",
                                            "feature_sparsity",
                                            "log_feature_sparsity",
                                            "sparsity",
                                            "act_freq_scores",
                                            "fired",
                                            "num_tokens_since_fired",
                                            "num_batches_not_active",
                                            "n_forward_passes_since_fired",
                                            "steps_since_active",
                                            "last_fired",
                                            "stats_last_nonzero",
                                            "dead_features",
                                            "n_frac_active_tokens"};
  return is_one_of(name, kStatistics);
}

// Configuration keys that tell how an SAE was trained or where it comes from, in SAELens (its runner's
// configuration included), dictionary_learning and sparsify; none of them changes what a trained SAE
// computes.
bool is_about_training(std::string_view key) {
  static const char* const kPrefixes[] = {"wandb",
                                          "lr_",
                                          "log_",
                                          "checkpoint",
                                          "adam_",
                                          "eval_",
                                          "n_",
                                          "l0_",
                                          "l1_",
                                          "dead_",
                                          "save_",
                                          "aux",
                                          "warm",
                                          "decay_",
                                          "resample",
                                          "sparsity_",
                                          "threshold_",
                                          "sae_lens_",
                                          "dataset",
                                          "feature_sampling",
                                          "normalize_sae_decoder",
                                          "noise_",
                                          "init_",
                                          "decoder_init",
                                          "decoder_heuristic",
                                          "lambda_",
                                          "anneal_",
                                          "group_",
                                          "target_",
                                          "train",
                                          "store_",
                                          "act_store",
                                          "mse_",
                                          "hf_",
                                          "model_from_pretrained",
                                          "model_class",
                                          "autocast",
                                          "compile_",
                                          "exclude_special",
                                          "from_pretrained",
                                          "neuronpedia",
                                          "jumprelu_",
                                          "use_ghost",
                                          "ghost_",
                                          "finetuning_method",
                                          "finetuning_tokens",
                                          "scale_sparsity"};
  static const char* const kNames[] = {"seed",
                                       "lr",
                                       "steps",
                                       "device",
                                       "dtype",
                                       "layer",
                                       "lm_name",
                                       "model_name",
                                       "hook_layer",
                                       "hook_point_layer",
                                       "expansion_factor",
                                       "prepend_bos",
                                       "context_size",
                                       "seqpos_slice",
                                       "is_dataset_tokenized",
                                       "use_cached_activations",
                                       "cached_activations_path",
                                       "streaming",
                                       "b_dec_init_method",
                                       "architecture_name",
                                       "from_scratch",
                                       "run_name",
                                       "verbose",
                                       "beta1",
                                       "beta2",
                                       "batch_size",
                                       "num_epochs",
                                       "epochs",
                                       "optimizer",
                                       "grad_acc_steps",
                                       "micro_acc_steps",
                                       "multi_topk",
                                       "normalize_decoder",
                                       "top_k_aux",
                                       "bandwidth",
                                       "p_start",
                                       "p_end",
                                       "reg_lambda",
                                       "ctx_len",
                                       "d_submodule",
                                       "refresh_batch_size",
                                       "out_batch_size",
                                       "trainer_class",
                                       "tokens_per_step",
                                       "release",
                                       "sae_id",
                                       "creator",
                                       "version",
                                       "description"};
  if (is_one_of(key, kNames)) return true;
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](std::string_view prefix) {
    return key.substr(0, prefix.size()) == prefix;
  });
}

// Of a constant: `dim` numbers, or one for all; empty if it is neither.
std::vector<double> numbers_of(const CheckpointTensor& tensor, int64_t dim) {
  const int64_t count = tensor.element_count();
  if (count != 1 && count != dim) return {};
  const std::vector<float> values = tensor.to_f32();
  std::vector<double> numbers(values.begin(), values.end());
  numbers.resize(static_cast<size_t>(dim), numbers.front());
  return numbers;
}

std::vector<double> numbers_of(const nlohmann::json& value, int64_t dim) {
  const nlohmann::json list = value.is_array() ? value : nlohmann::json::array({value});
  const auto is_number = [](const nlohmann::json& entry) { return entry.is_number(); };
  if ((list.size() != 1 && static_cast<int64_t>(list.size()) != dim) ||
      !std::all_of(list.begin(), list.end(), is_number)) {
    return {};
  }
  std::vector<double> numbers = list.get<std::vector<double>>();
  numbers.resize(static_cast<size_t>(dim), numbers.front());
  return numbers;
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

class Leftovers {
 public:
  Leftovers(const SaeTensors& tensors, SaeWeights* sae)
      : tensors_(tensors), path_(tensors.checkpoint().path), sae_(*sae) {}

  void take_state() {
    for (const std::string& name : tensors_.unused()) {
      const CheckpointTensor& tensor = tensors_.checkpoint().tensors.at(name);
      const std::string own = last_part(name);
      const std::string what = "tensor '" + name + "'";
      if (take_constant(constant_with_state(own), what, tensor) || is_statistic(own)) continue;
      refuse_what_may_change(what, tensor);
      unused_.push_back(what);
    }
  }

  // An SAE inside a model's state: of the others, only what can but be its own.
  void take_model() {
    for (const auto& [name, tensor] : tensors_.checkpoint().tensors) {
      const Constant constant = constant_named(name);
      if (tensors_.is_own(name) || constant == Constant::kUnclear) continue;
      take_constant(constant, "tensor '" + name + "'", tensor);
    }
  }

  void take_beside() {
    for (const auto& [name, tensor] : tensors_.checkpoint().beside) {
      const std::string what = "tensor '" + name + "' beside the SAE's state";
      if (take_constant(constant_with_state(last_part(name)), what, tensor)) continue;
      // A number may be a loss, and parts of their own are other states: averages, optimisers.
      if (name.find('.') == std::string::npos && tensor.element_count() > 1) {
        refuse_what_may_change(what, tensor);
      }
      unused_.push_back(what);
    }
    for (const auto& [name, value] : tensors_.checkpoint().values_beside.items()) {
      const std::string what = "'" + name + "' beside the SAE's state";
      if (take_constant(constant_with_state(name), what, value) || is_about_training(name))
        continue;
      if (!value.is_null() && !(value.is_object() && value.empty())) unused_.push_back(what);
    }
  }

  void take_configuration(const SaeConfig& config) {
    const std::string file = config.path().substr(config.path().find_last_of("/\\") + 1);
    for (const SaeConfig::Unused& entry : config.unused()) {
      const std::string what = "'" + entry.name + "' of " + file;
      if (take_constant(constant_named(entry.key), what, *entry.value)) continue;
      if (!is_about_training(entry.key)) unused_.push_back(what);
    }
  }

  void fold(const std::string& normalised_by) {
    if (!mean_ && !deviation_) return;
    const std::string what = mean_ ? mean_->what : deviation_->what;
    if (!normalised_by.empty()) {
      throw Error(path_ + ": " + what + " and " + normalised_by +
                  " both normalise the activations, in an order that the files do not tell; fold "
                  "one of them into the weights and leave it out");
    }
    const size_t dim = static_cast<size_t>(sae_.dim);
    const std::vector<double> zeros(dim, 0), ones(dim, 1);
    fold_normalisation(&sae_, mean_ ? mean_->numbers : zeros,
                       deviation_ ? deviation_->numbers : ones);
    if (mean_) {
      sae_.remarks.push_back(mean_->what +
                             " folded: taken off the activations before the encoder, added to what "
                             "the decoder gives");
    }
    if (deviation_) {
      sae_.remarks.push_back(deviation_->what +
                             " folded: activations are divided by it before the encoder, what the "
                             "decoder gives is multiplied by it");
    }
  }

  void tell_unused() {
    constexpr size_t kMost = 12;
    if (unused_.empty()) return;
    std::string list;
    for (size_t i = 0; i < std::min(kMost, unused_.size()); ++i) {
      list += (i == 0 ? "" : ", ") + unused_[i];
    }
    if (unused_.size() > kMost) {
      list += " and " + std::to_string(unused_.size() - kMost) + " more";
    }
    sae_.remarks.push_back("not used: " + list);
  }

 private:
  struct Found {
    std::string what;
    std::vector<double> numbers;
  };

  // False if it is none.
  template <typename Value>
  bool take_constant(Constant constant, const std::string& what, const Value& value) {
    if (constant == Constant::kNone) return false;
    const std::vector<double> numbers =
        constant == Constant::kUnclear ? std::vector<double>() : numbers_of(value, sae_.dim);
    if (numbers.empty()) refuse(what);
    const auto is_good = [&](double number) {
      return std::isfinite(number) && (constant == Constant::kMean || number > 0);
    };
    if (!std::all_of(numbers.begin(), numbers.end(), is_good)) {
      throw Error(path_ + ": " + what + " holds numbers that no activations have as their " +
                  (constant == Constant::kMean ? "mean" : "standard deviation"));
    }
    std::optional<Found>& found = constant == Constant::kMean ? mean_ : deviation_;
    if (found && found->numbers != numbers) {
      throw Error(path_ + ": " + found->what + " and " + what + " disagree; keep one of them");
    }
    found = Found{what, numbers};
    return true;
  }

  // Numbers of the shape of what enters the formula; whole numbers are counts.
  void refuse_what_may_change(const std::string& what, const CheckpointTensor& tensor) const {
    using Shape = std::vector<int64_t>;
    const bool is_real = tensor.type == ScalarType::kF64 || tensor.type == ScalarType::kF32 ||
                         tensor.type == ScalarType::kF16 || tensor.type == ScalarType::kBF16;
    if (!is_real && tensor.type != ScalarType::kBool) return;
    Shape shape;
    for (const int64_t size : tensor.shape) {
      if (size != 1) shape.push_back(size);
    }
    const int64_t dim = sae_.dim, dict = sae_.dict;
    for (const Shape& known : {Shape{}, Shape{dim}, Shape{dict}, Shape{dim, dict}, Shape{dict, dim},
                               Shape{dim, dim}, Shape{dict, dict}}) {
      if (shape == known) refuse(what + " " + shape_text(tensor.shape));
    }
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(
        path_ + ": " + what +
        " is not understood and may change what the SAE computes; fold it into the weights, "
        "or leave it out if it only describes the SAE, and save the file again");
  }

  const SaeTensors& tensors_;
  const std::string path_;
  SaeWeights& sae_;
  std::optional<Found> mean_, deviation_;
  std::vector<std::string> unused_;
};

}  // namespace

void fold_or_tell_leftovers(const SaeTensors& tensors, const std::vector<const SaeConfig*>& configs,
                            const std::string& normalised_by, SaeWeights* sae) {
  Leftovers leftovers(tensors, sae);
  leftovers.take_state();
  leftovers.take_model();
  leftovers.take_beside();
  for (const SaeConfig* config : configs) leftovers.take_configuration(*config);
  leftovers.fold(normalised_by);
  leftovers.tell_unused();
}

}  // namespace pintle::converter
