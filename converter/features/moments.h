// SPDX-License-Identifier: Apache-2.0
//
// First and second moments of values at positions, and of those values with attributes: all that least
// squares and correlations of sums of values need, however many positions there are.
#ifndef PINTLE_CONVERTER_FEATURES_MOMENTS_H_
#define PINTLE_CONVERTER_FEATURES_MOMENTS_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "converter/features/evidence.h"
#include "converter/network/sae.h"

namespace pintle::converter {

struct Moments {
  double count = 0;            // positions
  Eigen::VectorXd mean;        // [dim]
  Eigen::MatrixXd covariance;  // [dim][dim]
  Eigen::MatrixXd cross;       // [dim][attributes]: covariance with "the item has it", 0 or 1
  Eigen::VectorXd share;       // [attributes]: of the positions

  // Mean with an attribute less mean without; 0 if no position has it, or each.
  Eigen::VectorXd mean_difference(size_t attribute) const;
  // Pearson's, of the sum of weights[i] * value[chosen[i]] with an attribute; 0 where one does not vary.
  double correlation(const std::vector<uint32_t>& chosen, const Eigen::VectorXd& weights,
                     size_t attribute) const;
  // The same of all values.
  double correlation(const Eigen::VectorXd& weights, size_t attribute) const;
};

// Sums in double, about an origin so that a large common offset does not swallow the variance.
class MomentSums {
 public:
  // `origin` [dim]. Keeps a reference to `attributes`.
  MomentSums(std::vector<float> origin, const AttributeIndex& attributes);

  void add(const uint32_t* items, const float* rows, size_t row_count);  // [row_count][dim]
  // Features that are off are 0. slot: [dict], a feature's place among the values, or -1: left out.
  // REQUIRES: the origin is 0.
  void add(uint32_t item, const SparseFeatures& features, const std::vector<int32_t>& slot);
  void add(const MomentSums& more);  // about the same origin

  double count() const { return count_; }
  Moments moments() const;

 private:
  std::vector<float> origin_;
  const AttributeIndex& attributes_;
  double count_ = 0;
  Eigen::VectorXd sum_, with_count_;
  Eigen::MatrixXd gram_;  // the lower triangle
  Eigen::MatrixXd with_sum_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_MOMENTS_H_
