// SPDX-License-Identifier: Apache-2.0
#include "converter/import/sae_fold.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "converter/import/tensor_view.h"
#include "converter/io/error.h"

namespace pintle::converter {

void fold_input_bias(SaeWeights* sae, const std::vector<float>& bias) {
  for (int64_t j = 0; j < sae->dict; ++j) {
    double value = static_cast<double>(sae->encoder_bias[j]);
    for (int64_t d = 0; d < sae->dim; ++d) {
      value -= static_cast<double>(sae->encoder.row(j)[d]) * static_cast<double>(bias[d]);
    }
    sae->encoder_bias[j] = static_cast<float>(value);
  }
}

void fold_normalisation(SaeWeights* sae, const std::vector<double>& mean,
                        const std::vector<double>& deviation) {
  for (int64_t j = 0; j < sae->dict; ++j) {
    double shift = 0;
    for (int64_t d = 0; d < sae->dim; ++d) {
      const double weight = static_cast<double>(sae->encoder.row(j)[d]) / deviation[d];
      shift += weight * mean[d];
      sae->encoder.row(j)[d] = static_cast<float>(weight);
      sae->decoder.row(j)[d] =
          static_cast<float>(static_cast<double>(sae->decoder.row(j)[d]) * deviation[d]);
    }
    sae->encoder_bias[j] = static_cast<float>(static_cast<double>(sae->encoder_bias[j]) - shift);
  }
  for (int64_t d = 0; d < sae->dim; ++d) {
    float& bias = sae->decoder_bias[d];
    bias = static_cast<float>(static_cast<double>(bias) * deviation[d] + mean[d]);
  }
}

void fold_feature_scale(SaeWeights* sae, const std::vector<float>& scale) {
  for (int64_t j = 0; j < sae->dict; ++j) {
    for (int64_t d = 0; d < sae->dim; ++d) {
      sae->encoder.row(j)[d] *= scale[j];
      sae->decoder.row(j)[d] /= scale[j];
    }
    sae->encoder_bias[j] *= scale[j];
    if (!sae->threshold.empty()) sae->threshold[j] *= scale[j];
  }
}

std::vector<float> decoder_norms(const SaeWeights& sae) {
  std::vector<float> norms;
  for (int64_t j = 0; j < sae.dict; ++j) {
    double sum = 0;
    for (int64_t d = 0; d < sae.dim; ++d) {
      sum +=
          static_cast<double>(sae.decoder.row(j)[d]) * static_cast<double>(sae.decoder.row(j)[d]);
    }
    norms.push_back(sum > 0 ? static_cast<float>(std::sqrt(sum)) : 1.0f);
  }
  return norms;
}

void fold_gate(SaeWeights* sae, const std::vector<float>& gate_bias,
               const std::vector<float>& r_mag, const std::vector<float>& magnitude_bias) {
  sae->activation = SaeActivation::kJumpRelu;
  sae->encoder_bias = magnitude_bias;
  sae->threshold.resize(sae->dict);
  for (int64_t j = 0; j < sae->dict; ++j) {
    const double gain = std::exp(static_cast<double>(r_mag[j]));
    for (int64_t d = 0; d < sae->dim; ++d) {
      float& weight = sae->encoder.row(j)[d];
      weight = static_cast<float>(static_cast<double>(weight) * gain);
    }
    sae->threshold[j] = static_cast<float>(static_cast<double>(magnitude_bias[j]) -
                                           gain * static_cast<double>(gate_bias[j]));
  }
  sae->remarks.push_back("the gate became a threshold per feature (exact)");
}

SaeTensors::SaeTensors(const Checkpoint& checkpoint, std::string prefix)
    : checkpoint_(checkpoint), prefix_(std::move(prefix)) {}

bool SaeTensors::has(const std::string& name) const {
  return checkpoint_.tensors.count(prefix_ + name) != 0;
}

const CheckpointTensor& SaeTensors::find(const std::string& name) const {
  asked_.insert(prefix_ + name);
  const auto found = checkpoint_.tensors.find(prefix_ + name);
  if (found == checkpoint_.tensors.end()) {
    throw Error(checkpoint_.path + ": the SAE's tensor '" + prefix_ + name + "' is missing");
  }
  return found->second;
}

std::vector<int64_t> SaeTensors::shape(const std::string& name) const { return find(name).shape; }

Matrix SaeTensors::matrix(const std::string& name, int64_t rows, int64_t cols) const {
  const CheckpointTensor& tensor = find(name);
  if (tensor.shape != std::vector<int64_t>{rows, cols}) {
    throw Error(checkpoint_.path + ": tensor '" + prefix_ + name + "' has shape " +
                shape_text(tensor.shape) + ", expected " + shape_text({rows, cols}));
  }
  return {rows, cols, tensor.to_f32()};
}

Matrix SaeTensors::transposed(const std::string& name, int64_t rows, int64_t cols) const {
  const Matrix given = matrix(name, cols, rows);
  Matrix out{rows, cols, std::vector<float>(given.values.size())};
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; ++c) out.row(r)[c] = given.row(c)[r];
  }
  return out;
}

std::vector<float> SaeTensors::vector(const std::string& name, int64_t size) const {
  const CheckpointTensor& tensor = find(name);
  if (tensor.shape != std::vector<int64_t>{size}) {
    throw Error(checkpoint_.path + ": tensor '" + prefix_ + name + "' has shape " +
                shape_text(tensor.shape) + ", expected " + shape_text({size}));
  }
  return tensor.to_f32();
}

float SaeTensors::scalar(const std::string& name) const {
  const CheckpointTensor& tensor = find(name);
  if (tensor.element_count() != 1) {
    throw Error(checkpoint_.path + ": tensor '" + prefix_ + name + "' has shape " +
                shape_text(tensor.shape) + ", expected one number");
  }
  return tensor.to_f32().front();
}

std::vector<std::string> SaeTensors::unused() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : checkpoint_.tensors) {
    if (is_own(name) && asked_.count(name) == 0) names.push_back(name);
  }
  return names;
}

void choose_hook(const std::string& path, const SaeImportOptions& options,
                 const std::vector<std::string>& names, SaeWeights* sae) {
  std::string seen;
  std::optional<Hook> told;
  for (const std::string& name : names) {
    if (name.empty()) continue;
    if (!told) told = hook_from_metadata(name);
    seen += (seen.empty() ? "" : ", ") + ("'" + name + "'");
  }
  if (options.hook) {
    sae->hook = *options.hook;
    if (seen.empty() || (told && *told == *options.hook)) return;
    sae->remarks.push_back("hook = " + hook_name(*options.hook) + " (--hook; the files say " +
                           seen + ")");
    return;
  }
  if (!told) {
    throw Error(path + ": " +
                (seen.empty() ? "the files do not say where the SAE sits"
                              : "the hook " + seen + " is no place that Pintle has") +
                "; give it with --hook block:N, mlp:N or last");
  }
  sae->hook = *told;
}

void choose_k(const std::string& path, const SaeImportOptions& options,
              std::optional<double> from_files, SaeWeights* sae) {
  sae->activation = SaeActivation::kTopK;
  if (options.k) {
    sae->k = *options.k;
    if (from_files && *from_files != static_cast<double>(*options.k)) {
      sae->remarks.push_back("k = " + std::to_string(*options.k) + " (--k; the files say " +
                             nlohmann::json(*from_files).dump() + ")");
    }
    return;
  }
  if (!from_files) throw Error(path + ": the files do not tell k; give it with --k");
  if (!(*from_files >= 1) || !(*from_files < 1e9) || *from_files != std::floor(*from_files)) {
    throw Error(path + ": k = " + std::to_string(*from_files) + " is not a whole positive number");
  }
  sae->k = static_cast<int64_t>(*from_files);
}

}  // namespace pintle::converter
