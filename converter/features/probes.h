// SPDX-License-Identifier: Apache-2.0
//
// Supervised probes, from moments: what states, or a few features, tell of an attribute when one may learn
// from its labels. What a feature found without them is measured against.
#ifndef PINTLE_CONVERTER_FEATURES_PROBES_H_
#define PINTLE_CONVERTER_FEATURES_PROBES_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "converter/features/moments.h"

namespace pintle::converter {

struct RidgeProbes {
  Eigen::MatrixXd weights;  // [dim][attributes]
  double penalty = 0;       // of mean square weights, in units of the values' mean variance
};

// Ridge regression of every attribute on all values. The penalty is the power of ten, from 1e-6 to 1, whose
// probes learned on `fit` correlate best on `judge` (mean over the attributes); the weights are then
// learned on both.
RidgeProbes ridge_probes(const MomentSums& fit, const MomentSums& judge);

// The features of a k-sparse probe, best first, at most `most`: orthogonal matching pursuit, which takes
// the feature that correlates most with what a least-squares fit on those before it leaves. only_positive:
// of those that are on rather where the attribute is. Fewer if no other feature varies or correlates.
std::vector<uint32_t> choose_features(const Moments& moments, size_t attribute, size_t most,
                                      bool only_positive);

// Weights [k] of the first k of `chosen` (all, if there are fewer): least squares on values of unit
// variance with a penalty of 1e-4.
Eigen::VectorXd sparse_weights(const Moments& moments, size_t attribute,
                               const std::vector<uint32_t>& chosen, size_t k);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_PROBES_H_
