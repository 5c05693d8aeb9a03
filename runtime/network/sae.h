// SPDX-License-Identifier: Apache-2.0
//
// A sparse autoencoder at work: activations of a state, and decoder rows added back.
#ifndef PINTLE_RUNTIME_NETWORK_SAE_H_
#define PINTLE_RUNTIME_NETWORK_SAE_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// features[feature_count, padded to 16] = the activations of `state` [dim].
void sae_encode(const KernelTable& kernels, const SaeView& sae, const float* state,
                ProductScratch* product, SaeScratch* scratch, Span<float> features);

// The same for the features `rows` alone, each from its own encoder row; features[rows[i]] are set.
// REQUIRES: sae_is_separable(sae).
void sae_encode_rows(const KernelTable& kernels, const SaeView& sae, const uint32_t* rows,
                     size_t count, const float* state, ProductScratch* product,
                     Span<float> features);

// Whether a feature's activation depends on its own encoder row alone. Not so for TopK.
inline bool sae_is_separable(const SaeView& sae) {
  return sae.activation != fb::SaeActivation_TopK;
}

// state[dim] += factor * decoder row.
void sae_add_row(const KernelTable& kernels, const SaeView& sae, uint32_t feature, float factor,
                 SaeScratch* scratch, Span<float> state);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_SAE_H_
