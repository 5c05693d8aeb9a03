// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_CHOOSE_SETTINGS_H_
#define PINTLE_CONVERTER_SAE_TRAINING_CHOOSE_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "converter/sae_training/train.h"

namespace pintle::converter {

// What the user decides; the rest follows from the data.
struct GivenSettings {
  std::optional<int64_t> dict, steps, batch;
  std::optional<double> k;
};

// Sets dict, k, steps and batch of `config` for so many positions of states of this width at this hook, those
// that are given to what is given. Returns one line that tells what is set and why.
std::string choose_settings(int64_t positions, int64_t dim, const Hook& hook,
                            const GivenSettings& given, TrainConfig* config);

// Below so many positions two SAEs of the same data have little in common, and what they find is not found
// in other users.
inline constexpr int64_t kFewestPositions = 2000;

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_CHOOSE_SETTINGS_H_
