// SPDX-License-Identifier: Apache-2.0
//
// Steps by which an SAE of another form becomes SaeWeights, and what the format readers share.
// Folding computes in double and rounds once.
#ifndef PINTLE_CONVERTER_IMPORT_SAE_FOLD_H_
#define PINTLE_CONVERTER_IMPORT_SAE_FOLD_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "converter/import/checkpoint.h"
#include "converter/import/sae_formats.h"

namespace pintle::converter {

// The encoder sees x - bias.
void fold_input_bias(SaeWeights* sae, const std::vector<float>& bias);

// The SAE sees (x - mean) / deviation, each [dim], and its output is scaled and shifted back.
void fold_normalisation(SaeWeights* sae, const std::vector<double>& mean,
                        const std::vector<double>& deviation);

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

// Tensors of one SAE by name, with shapes checked; remembers which were asked for.
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
  // Needed no more: what it holds is told by something else.
  void ignore(const std::string& name) const { asked_.insert(prefix_ + name); }

  const Checkpoint& checkpoint() const { return checkpoint_; }
  // Full names, below the prefix, that nothing asked for.
  std::vector<std::string> unused() const;
  bool is_own(const std::string& full_name) const {
    return full_name.compare(0, prefix_.size(), prefix_) == 0;
  }

 private:
  const CheckpointTensor& find(const std::string& name) const;
  const Checkpoint& checkpoint_;
  std::string prefix_;
  mutable std::set<std::string> asked_;
};

// Sets the hook: the user's, or the first of the names that means one; else throws Error and asks for
// --hook. A remark tells of names that the user overrides.
void choose_hook(const std::string& path, const SaeImportOptions& options,
                 const std::vector<std::string>& names, SaeWeights* sae);

// Makes it a top-k SAE, with the user's k or the files'; throws Error if there is neither. A remark
// tells of one that the user overrides.
void choose_k(const std::string& path, const SaeImportOptions& options,
              std::optional<double> from_files, SaeWeights* sae);

SaeWeights read_saelens(const std::string& folder, const SaeImportOptions& options);
SaeWeights read_dictionary_learning(const std::string& folder, const SaeImportOptions& options);
SaeWeights read_sparsify(const std::string& folder, const SaeImportOptions& options);
SaeWeights read_recsae(const Checkpoint& checkpoint, const SaeImportOptions& options);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_SAE_FOLD_H_
