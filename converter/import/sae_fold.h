// SPDX-License-Identifier: Apache-2.0
//
// Steps by which an SAE of another form becomes SaeWeights, and what the format readers share.
// Folding computes in double and rounds once.
#ifndef PINTLE_CONVERTER_IMPORT_SAE_FOLD_H_
#define PINTLE_CONVERTER_IMPORT_SAE_FOLD_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "converter/import/checkpoint.h"
#include "converter/import/sae_formats.h"

namespace pintle::converter {

// The encoder sees x - bias.
void fold_input_bias(SaeWeights* sae, const std::vector<float>& bias);

// The SAE sees (x - mean) / deviation and its output is scaled back.
void fold_normalisation(SaeWeights* sae, double mean, double deviation);

// Features are scale[j] times as large, decoded by rows that much smaller. Scales must be positive.
void fold_feature_scale(SaeWeights* sae, const std::vector<float>& scale);

// Euclidean norms of the decoder's rows; a row of zeros counts as 1, since it decodes to nothing at
// any scale.
std::vector<float> decoder_norms(const SaeWeights& sae);

// A gated SAE is on where Wx + gate_bias > 0, with the value exp(r_mag) Wx + magnitude_bias if that
// is positive. Both sides are affine in Wx and exp(r_mag) > 0, so it is a jump ReLU over the value,
// with threshold magnitude_bias - exp(r_mag) gate_bias. sae->encoder holds W.
void fold_gate(SaeWeights* sae, const std::vector<float>& gate_bias,
               const std::vector<float>& r_mag, const std::vector<float>& magnitude_bias);

// Tensors of one SAE by name, with shapes checked.
class SaeTensors {
 public:
  SaeTensors(const Checkpoint& checkpoint, std::string prefix = "");

  bool has(const std::string& name) const;
  std::vector<int64_t> shape(const std::string& name) const;
  // [rows][cols]
  Matrix matrix(const std::string& name, int64_t rows, int64_t cols) const;
  // Given as [cols][rows] in the file.
  Matrix transposed(const std::string& name, int64_t rows, int64_t cols) const;
  std::vector<float> vector(const std::string& name, int64_t size) const;
  float scalar(const std::string& name) const;

 private:
  const CheckpointTensor& find(const std::string& name) const;
  const Checkpoint& checkpoint_;
  std::string prefix_;
};

nlohmann::json read_json_object(const std::string& path);

// text[key] if it is there and not null. Throws Error, naming `path` and the key, on another type.
template <typename T>
std::optional<T> json_field(const std::string& path, const nlohmann::json& object,
                            const std::string& key);

// The hook: the user's, or the first of the names that means one; else throws Error and asks for
// --hook.
Hook choose_hook(const std::string& path, const SaeImportOptions& options,
                 const std::vector<std::string>& names);

// k of a top-k SAE: the user's, or the file's; throws Error if neither is there.
int64_t choose_k(const std::string& path, const SaeImportOptions& options,
                 std::optional<double> from_file);

SaeWeights read_saelens(const std::string& folder, const SaeImportOptions& options);
SaeWeights read_dictionary_learning(const std::string& folder, const SaeImportOptions& options);
SaeWeights read_sparsify(const std::string& folder, const SaeImportOptions& options);
SaeWeights read_recsae(const Checkpoint& checkpoint, const SaeImportOptions& options);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_SAE_FOLD_H_
