// SPDX-License-Identifier: Apache-2.0
//
// What TrainConfig says about each step.
#ifndef PINTLE_CONVERTER_SAE_TRAINING_TRAIN_SCHEDULE_H_
#define PINTLE_CONVERTER_SAE_TRAINING_TRAIN_SCHEDULE_H_

#include "converter/sae_training/train.h"

namespace pintle::converter {

// Throws Error, saying which setting is wrong.
void check_train_config(const TrainConfig& config);

// Steps count from 0.
double scheduled_k(const TrainConfig& config, int64_t step);
double scheduled_l1(const TrainConfig& config, int64_t step);
double scheduled_item_scale(const TrainConfig& config, int64_t step);
double scheduled_learning_rate(const TrainConfig& config, int64_t step);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_TRAIN_SCHEDULE_H_
