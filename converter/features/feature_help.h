// SPDX-License-Identifier: Apache-2.0
//
// Whether a knob is better with features than as the wish for its attribute alone.
#ifndef PINTLE_CONVERTER_FEATURES_FEATURE_HELP_H_
#define PINTLE_CONVERTER_FEATURES_FEATURE_HELP_H_

#include <cstdint>
#include <optional>

#include "converter/features/reward_curve.h"
#include "converter/io/thread_pool.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// The features and doses are chosen on some users and judged on others, who saw neither.
struct HelpUsers {
  Histories choosing, judging;
};

struct FeatureHelp {
  double dose = 0;          // times the weights
  double group_reward = 0;  // of the wish alone, at the same share: tells the strength that this is
  double gain = 0, standard_error = 0;  // of NDCG@10 per judging user, against the wish alone
};

// The features carry a half, a quarter or a tenth of the way to the aimed share (sweep_summary.h's
// kDoubled), a wish for the attribute the rest; the wish alone is the other way. A part helps if, over the
// judging users and at the same mean share, its NDCG@10 is higher by more than kStandardErrors of the
// paired difference: two, since three parts are tried for each of many attributes. The part that
// gains most; none if no part helps.
inline constexpr double kStandardErrors = 2;
std::optional<FeatureHelp> find_feature_help(const Model& model, const HelpUsers& users,
                                             uint32_t attribute, const WeightedFeatures& features,
                                             ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_FEATURE_HELP_H_
