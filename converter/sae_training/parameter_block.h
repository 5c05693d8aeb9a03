// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_PARAMETER_BLOCK_H_
#define PINTLE_CONVERTER_SAE_TRAINING_PARAMETER_BLOCK_H_

#include <cstdint>
#include <vector>

#include "converter/sae_training/train_kernels.h"

namespace pintle::converter {

// Encoder, decoder, their biases and the item decoder in one array, so that sums and moments are one loop.
// For parameters, gradients and Adam's moments alike.
struct ParameterBlock {
  std::vector<float> values;
  TrainTensors view;

  ParameterBlock(int64_t dim, int64_t dict) : values(3 * dict * dim + dict + 2 * dim) {
    view.encoder = values.data();
    view.decoder = view.encoder + dict * dim;
    view.encoder_bias = view.decoder + dict * dim;
    view.decoder_bias = view.encoder_bias + dict;
    view.item_decoder = view.decoder_bias + dim;
    view.item_bias = view.item_decoder + dict * dim;
  }
  ParameterBlock(const ParameterBlock&) = delete;
  ParameterBlock& operator=(const ParameterBlock&) = delete;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_PARAMETER_BLOCK_H_
