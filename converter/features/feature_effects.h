// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_FEATURES_FEATURE_EFFECTS_H_
#define PINTLE_CONVERTER_FEATURES_FEATURE_EFFECTS_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/network/interpretation.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Of the 95th percentile of a feature's activation: what features are turned up by to see what they do.
inline constexpr float kDoseOfP95 = 0.5f;

// What one more dose of each feature does to the top 10: a row a feature, one column an attribute
// (change of its share), then the change of the items' mean popularity, then NDCG@10's relative
// change. A dose is kDoseOfP95 of the 95th percentile; features that were never active have zeros.
struct FeatureEffects {
  Eigen::MatrixXd changes;  // [features][attributes + 2]
  std::vector<float> dose;  // [features]
  Eigen::Index popularity() const { return changes.cols() - 2; }
  Eigen::Index ndcg() const { return changes.cols() - 1; }
};

// By steering: ADD of a dose, for every feature of the SAE in turn, over the histories.
FeatureEffects measure_feature_effects(const Model& model, uint32_t sae,
                                       const InterpretedSae& interpreted,
                                       const Histories& histories,
                                       const std::vector<float>& popularity, ThreadPool* pool);

// A signed set of at most `size` features whose joint effect, taken as the sum of their own, is as
// near as it can be to 1 on column `target` and 0 on the others: ridge regression on the candidates
// (all features if empty), then again on those that it weights most. Weights are in activation, for
// an effect of 1. `spared`: how much a column's effect hurts, one a column; the target's counts 1.
std::vector<std::pair<uint32_t, float>> choose_features(const FeatureEffects& effects,
                                                        Eigen::Index target,
                                                        const Eigen::VectorXd& spared,
                                                        std::vector<uint32_t> candidates,
                                                        size_t size);

// Each item's popularity: the share of items that occur less often in the histories, in [0, 1].
std::vector<float> item_popularity(const Histories& histories, size_t item_count);

// Cohen's d of each feature's mean activation between the fifth of the users whose events are most
// popular and the fifth whose are least (arXiv:2508.17297).
std::vector<double> popularity_contrast(const Model& model, const InterpretedSae& sae,
                                        const Histories& histories,
                                        const std::vector<float>& popularity, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_FEATURE_EFFECTS_H_
