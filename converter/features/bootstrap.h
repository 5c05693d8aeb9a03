// SPDX-License-Identifier: Apache-2.0
//
// Intervals by bootstrap over users.
#ifndef PINTLE_CONVERTER_FEATURES_BOOTSTRAP_H_
#define PINTLE_CONVERTER_FEATURES_BOOTSTRAP_H_

#include <cstddef>
#include <functional>
#include <vector>

namespace pintle::converter {

struct Interval {
  double low = 0, high = 0;
};

inline constexpr int kResamples = 2000;
// The 95 % interval of a statistic of `users` people: of(drawn) is that of these, drawn with replacement.
Interval bootstrap(size_t users, const std::function<double(const std::vector<size_t>& drawn)>& of);
// That of 1 - mean(ndcg) / mean(base), of the same users in the same order.
Interval loss_interval(const std::vector<double>& base, const std::vector<double>& ndcg);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_BOOTSTRAP_H_
