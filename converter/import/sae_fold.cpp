// SPDX-License-Identifier: Apache-2.0
#include "converter/import/sae_fold.h"

#include <cmath>
#include <fstream>

#include "converter/import/tensor_view.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

template <typename T>
bool json_is(const nlohmann::json& value) {
  if constexpr (std::is_same_v<T, bool>) return value.is_boolean();
  if constexpr (std::is_same_v<T, std::string>) return value.is_string();
  if constexpr (std::is_same_v<T, int64_t>) return value.is_number_integer();
  if constexpr (std::is_same_v<T, double>) return value.is_number();
  return false;
}

}  // namespace

void fold_input_bias(SaeWeights* sae, const std::vector<float>& bias) {
  for (int64_t j = 0; j < sae->dict; ++j) {
    double value = static_cast<double>(sae->encoder_bias[j]);
    for (int64_t d = 0; d < sae->dim; ++d) {
      value -= static_cast<double>(sae->encoder.row(j)[d]) * static_cast<double>(bias[d]);
    }
    sae->encoder_bias[j] = static_cast<float>(value);
  }
}

void fold_normalisation(SaeWeights* sae, double mean, double deviation) {
  for (int64_t j = 0; j < sae->dict; ++j) {
    double shift = 0;
    for (int64_t d = 0; d < sae->dim; ++d) {
      const double weight = static_cast<double>(sae->encoder.row(j)[d]) / deviation;
      shift += weight * mean;
      sae->encoder.row(j)[d] = static_cast<float>(weight);
      sae->decoder.row(j)[d] =
          static_cast<float>(static_cast<double>(sae->decoder.row(j)[d]) * deviation);
    }
    sae->encoder_bias[j] = static_cast<float>(static_cast<double>(sae->encoder_bias[j]) - shift);
  }
  for (float& bias : sae->decoder_bias) {
    bias = static_cast<float>(static_cast<double>(bias) * deviation + mean);
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

nlohmann::json read_json_object(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(path + ": cannot be opened");
  nlohmann::json object = nlohmann::json::parse(file, nullptr, false);
  if (!object.is_object()) throw Error(path + ": is no JSON object");
  return object;
}

template <typename T>
std::optional<T> json_field(const std::string& path, const nlohmann::json& object,
                            const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!json_is<T>(*found))
    throw Error(path + ": '" + key + "' has the wrong type: " + found->dump());
  return found->get<T>();
}
template std::optional<bool> json_field(const std::string&, const nlohmann::json&,
                                        const std::string&);
template std::optional<std::string> json_field(const std::string&, const nlohmann::json&,
                                               const std::string&);
template std::optional<int64_t> json_field(const std::string&, const nlohmann::json&,
                                           const std::string&);
template std::optional<double> json_field(const std::string&, const nlohmann::json&,
                                          const std::string&);

Hook choose_hook(const std::string& path, const SaeImportOptions& options,
                 const std::vector<std::string>& names) {
  if (options.hook) return *options.hook;
  std::string seen;
  for (const std::string& name : names) {
    if (name.empty()) continue;
    if (const auto hook = hook_from_metadata(name)) return *hook;
    seen += (seen.empty() ? "" : ", ") + ("'" + name + "'");
  }
  throw Error(path + ": " +
              (seen.empty() ? "the files do not say where the SAE sits"
                            : "the hook " + seen + " is no place that Pintle has") +
              "; give it with --hook block:N, mlp:N or last");
}

int64_t choose_k(const std::string& path, const SaeImportOptions& options,
                 std::optional<double> from_file) {
  if (options.k) return *options.k;
  if (!from_file) throw Error(path + ": the files do not tell k; give it with --k");
  if (!(*from_file >= 1) || !(*from_file < 1e9) || *from_file != std::floor(*from_file)) {
    throw Error(path + ": k = " + std::to_string(*from_file) + " is not a whole positive number");
  }
  return static_cast<int64_t>(*from_file);
}

}  // namespace pintle::converter
