// SPDX-License-Identifier: Apache-2.0
//
// training.json beside an SAE of `pintle train-sae`: how it was trained and what is known of its features
// that the formats of other tools have no place for.
#ifndef PINTLE_CONVERTER_IMPORT_TRAINING_RECORD_H_
#define PINTLE_CONVERTER_IMPORT_TRAINING_RECORD_H_

#include <nlohmann/json.hpp>
#include <string>

#include "converter/network/sae.h"

namespace pintle::converter {

// Writes `record` with the SAE's stability, if known, and the digest of the weights that lie in `folder`.
void write_training_record(const std::string& folder, const SaeWeights& sae,
                           nlohmann::ordered_json record);

// Fills sae->stability of an SAE that was read from `folder`; empty where there is no training.json or it
// does not tell. Throws Error for a record of other weights.
void read_training_record(const std::string& folder, SaeWeights* sae);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_TRAINING_RECORD_H_
