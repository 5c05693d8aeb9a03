// SPDX-License-Identifier: Apache-2.0
//
// Whether a knob is better with features than as the wish for its attribute alone.
#ifndef PINTLE_CONVERTER_FEATURES_FEATURE_HELP_H_
#define PINTLE_CONVERTER_FEATURES_FEATURE_HELP_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "converter/features/reward_curve.h"
#include "converter/run/histories.h"
#include "converter/run/steered_lists.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// The features and doses are chosen on some users and judged on others, who saw neither.
struct HelpUsers {
  Histories choosing, judging;
};

struct FeatureHelp {
  double dose = 0;  // times the weights, per unit of the knob's strength
  double gain = 0,
         standard_error = 0;  // of NDCG@10 per judging user, against the wish alone, over the aims
};

// The features carry a half, a quarter or a tenth of the way to the doubled share, and at other strengths as
// much as that gives per unit; a wish for the attribute carries the rest. The wish alone is the other way.
// They are compared at every aim of sweep_summary.h that is in reach (a knob's features turn with it over its whole
// range, so they must not cost elsewhere what they gain at one share): a part helps if over the judging users
// and at the same mean share the sum of its NDCG@10 over the aims is higher by more than kStandardErrors of the
// paired difference. Two, since three parts are tried for each of many attributes. The part that gains
// most; none if no part helps. Only parts are judged that gain NDCG@10 at the doubled share on the choosing users
// themselves, whose choice flatters them: most attributes end there. points: the wish's rewards by strength (reward_points).
inline constexpr double kStandardErrors = 2;
std::optional<FeatureHelp> find_feature_help(const Model& model, const HelpUsers& users,
                                             uint32_t attribute, const WeightedFeatures& features,
                                             const std::vector<std::pair<float, float>>& points,
                                             const MeasureLists& measure);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_FEATURE_HELP_H_
