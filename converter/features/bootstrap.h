// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_FEATURES_BOOTSTRAP_H_
#define PINTLE_CONVERTER_FEATURES_BOOTSTRAP_H_

#include <vector>

namespace pintle::converter {

// 95 % of the resamples lie between them.
struct Interval {
  double low = 0, high = 0;
};

// Of the part of NDCG that is lost, 1 - sum of ndcg / sum of base: one number a user each, users drawn
// with replacement, both of a user together (a paired bootstrap). kResamples times from a fixed seed.
// Both ends 0 where base sums to 0.
inline constexpr int kResamples = 2000;
Interval loss_interval(const std::vector<double>& base, const std::vector<double>& ndcg);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_BOOTSTRAP_H_
