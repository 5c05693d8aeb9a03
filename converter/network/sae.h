// SPDX-License-Identifier: Apache-2.0
//
// A sparse autoencoder in the one form that the rest of Pintle knows; every format and every
// trainer is folded into it:
//
//   pre = encoder x + encoder_bias        f = activation(pre)
//   x^  = decoder^T f + decoder_bias
//
// Input normalisation, a bias subtracted from the input and rescaling by decoder norms are inside
// the weights. Gated autoencoders are jump ReLUs in this form (see import/sae_formats.cpp).
#ifndef PINTLE_CONVERTER_NETWORK_SAE_H_
#define PINTLE_CONVERTER_NETWORK_SAE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/network/hook.h"
#include "converter/network/network.h"

namespace pintle::converter {

enum class SaeActivation {
  kRelu,      // max(pre, 0)
  kTopK,      // the k largest of pre; of those the positive ones
  kJumpRelu,  // pre where pre > threshold and pre > 0
};

const char* sae_activation_name(SaeActivation activation);

struct SaeWeights {
  int64_t dim = 0;   // width of the activations
  int64_t dict = 0;  // features
  SaeActivation activation = SaeActivation::kRelu;
  int64_t k = 0;                    // kTopK
  Matrix encoder;                   // [dict][dim]
  std::vector<float> encoder_bias;  // [dict]
  Matrix decoder;                   // [dict][dim]: row j is the direction of feature j
  std::vector<float> decoder_bias;  // [dim]
  std::vector<float> threshold;     // [dict], kJumpRelu; empty otherwise
  // [dict]: the cosine of each direction with the one that a second training found in its place; empty if
  // unknown.
  std::vector<float> stability;
  Hook hook;
  std::string model_name;            // as the file tells, for people; may be empty
  std::string model_hash;            // of the model that it was trained on; empty: unknown
  std::vector<std::string> remarks;  // what was folded or assumed, one line each
};

// Features of one activation that are on, ascending by index; all values are positive.
struct SparseFeatures {
  std::vector<uint32_t> index;
  std::vector<float> value;
};

// Throws Error, naming `source`, if shapes disagree, a value is not finite, k is out of range, or a
// threshold is missing.
void check_sae(const SaeWeights& sae, const std::string& source);

// Throws Error if the SAE cannot belong to a network of this width and depth.
void check_sae_fits(const SaeWeights& sae, int64_t dim, int64_t block_count,
                    const std::string& source);

// pre of `rows` activations: [rows][dict].
void pre_activations(const SaeWeights& sae, const float* x, int64_t rows, float* pre);

// The activation function, on one row of pre-activations.
SparseFeatures activate(const SaeWeights& sae, const float* pre);

SparseFeatures encode(const SaeWeights& sae, const float* x);

// x_hat [dim] of any feature vector, edited ones (negative values) included.
void decode(const SaeWeights& sae, const SparseFeatures& features, float* x_hat);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_NETWORK_SAE_H_
