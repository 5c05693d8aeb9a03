// SPDX-License-Identifier: Apache-2.0
//
// A knob's control curve, and where its range ends.
#ifndef PINTLE_CONVERTER_FEATURES_KNOB_RANGE_H_
#define PINTLE_CONVERTER_FEATURES_KNOB_RANGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/features/reward_curve.h"
#include "converter/network/interpretation.h"
#include "converter/run/histories.h"
#include "converter/run/steered_lists.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// A range ends where so much of NDCG@10 is lost.
inline constexpr double kRangeLoss = 0.05;

// Measures knob `number` of `model` at whole strengths (and +-0.5), as far as its range goes, which in the
// model is as wide as its steps go, and sets *knob's range, its reasons and its curve. up, down: its steps. item_values: what a
// knob without an attribute moves; it ends where they stop to move, too. False if nothing is left of
// the range, or no list holds anyone's held-out item, so that no loss can be told.
bool set_range(const Model& model, uint32_t number, const Histories& users, const RewardSteps& up,
               const RewardSteps& down, const std::vector<float>& item_values,
               const MeasureLists& measure, Knob* knob);

// The distance from 0 at which `losses`, parts of NDCG at ascending distances from 0 on, first reach
// kRangeLoss: a loss that is smaller farther out is taken to be the largest before it (a list that is
// steered farther is not better, it was measured on few people). Linear in between, rounded down to a
// tenth; NaN if they do not reach it.
float distance_of_loss(const std::vector<double>& distances, const std::vector<double>& losses);

// Why the range ends where it does, one direction, in words: "5 % of NDCG@10", "nothing left to move".
std::string range_end_reason(float end, float by_loss, float by_items);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_KNOB_RANGE_H_
