// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_WRITE_STATES_H_
#define PINTLE_CONVERTER_SAE_TRAINING_WRITE_STATES_H_

#include <string>

#include "converter/io/thread_pool.h"
#include "converter/run/histories.h"
#include "converter/sae_training/activations.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Runs the model over the histories and writes its states at the header's hook to `path` as one shard.
// Returns the positions; throws Error if there is none.
int64_t write_states(const Model& model, const Histories& histories, const ActivationHeader& header,
                     const std::string& path, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_WRITE_STATES_H_
