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
// Between which 95 % of kResamples resamples lie of a statistic of `users` people: of(drawn) is that of these, drawn
// with replacement from a fixed seed. Figures of one user are drawn together (a paired bootstrap).
Interval bootstrap(size_t users, const std::function<double(const std::vector<size_t>& drawn)>& of);
struct Estimate {
  double mean = 0;
  Interval interval;
};
double mean_of(const std::vector<double>& values);
// Of one number a user, over users.
Estimate estimate_mean(const std::vector<double>& values);
// Of what each user has more of than of the other: the users of both are the same, in the same order.
Estimate estimate_difference(const std::vector<double>& values, const std::vector<double>& others);
// Of the part of NDCG that is lost, 1 - sum of ndcg / sum of base: one number a user each, in the same order. Both
// ends 0 where base sums to 0.
Interval loss_interval(const std::vector<double>& base, const std::vector<double>& ndcg);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_BOOTSTRAP_H_
