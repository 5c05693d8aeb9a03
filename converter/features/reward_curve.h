// SPDX-License-Identifier: Apache-2.0
//
// What a wish for an attribute has to be worth, so that the median person's ten hold one item more,
// two, three; or fewer.
#ifndef PINTLE_CONVERTER_FEATURES_REWARD_CURVE_H_
#define PINTLE_CONVERTER_FEATURES_REWARD_CURVE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "converter/run/histories.h"
#include "converter/run/steered_lists.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Features of an SAE with their weights per unit of strength.
struct WeightedFeatures {
  uint32_t sae = 0;
  std::vector<std::pair<uint32_t, float>> weights;
};
// Edits that add `strength` times the weights.
std::vector<pintle_edit> edits_of(const WeightedFeatures& features, double strength);
// A wish whose reward is `reward` (below 0: against), in the model's units.
pintle_wish wish_of(const Model& model, uint32_t attribute, double reward);

// Steps beyond this many items of ten are not looked for.
inline constexpr int kMostSteps = 10;

// One direction: rewards[i] is the reward of a wish at strength i + 1 (or -i - 1), rising.
struct RewardSteps {
  std::vector<double> rewards;
  bool has_run_out = false;  // of items: one step more is possible for too few people
};

// Upwards the people are all the users, and a step has run out where no reward gives it to half of
// them. Downwards they are those whose unsteered list holds as many items, and a step has run out where
// they are fewer than kFewestPeople or kFewestPart of the users.
//
// The reward of a step is not the median's own but that of a quantile above it, .5 + 2 / sqrt(people):
// four standard errors of a median, .55 at least and .75 at most, so that the median of other users gains
// the step too.
//
// Rewards are tried on a grid, 24 a factor of 3 apart and eight between two of them, by bisection: the first
// of the grid that reaches the quantile, and the one before it. The higher a reward, the more a list has
// gained, so that whoever gains the same at two rewards does so between them and needs no list there.
inline constexpr size_t kFewestPeople = 20;
inline constexpr double kFewestPart = 0.02;
RewardSteps find_rewards(const Model& model, const Histories& users, uint32_t attribute, int sign,
                         const WeightedFeatures& features, const MeasureLists& measure);

// Both directions as a knob stores them: (strength, reward), by strength, (0, 0) among them.
std::vector<std::pair<float, float>> reward_points(const RewardSteps& up, const RewardSteps& down);

// The strength at which the points' reward is `reward` (below 0: against); the last on that side where it is
// larger. 0 if no strength there has a reward.
double strength_of(const std::vector<std::pair<float, float>>& points, double reward);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_REWARD_CURVE_H_
