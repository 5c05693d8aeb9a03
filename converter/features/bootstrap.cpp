// SPDX-License-Identifier: Apache-2.0
#include "converter/features/bootstrap.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>

namespace pintle::converter {

Interval bootstrap(size_t users,
                   const std::function<double(const std::vector<size_t>& drawn)>& of) {
  constexpr size_t kTail = kResamples / 40;  // 2.5 %
  std::mt19937 random(1);
  std::vector<size_t> drawn(users);
  std::vector<double> values;
  for (int resample = 0; resample < kResamples; ++resample) {
    for (size_t& user : drawn) user = static_cast<size_t>(random() * uint64_t{users} >> 32);
    values.push_back(of(drawn));
  }
  std::sort(values.begin(), values.end());
  return {values[kTail], values[values.size() - 1 - kTail]};
}

double mean_of(const std::vector<double>& values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

Estimate estimate_mean(const std::vector<double>& values) {
  const Interval interval = bootstrap(values.size(), [&](const std::vector<size_t>& drawn) {
    double sum = 0;
    for (const size_t user : drawn) sum += values[user];
    return sum / static_cast<double>(drawn.size());
  });
  return {mean_of(values), interval};
}

Estimate estimate_difference(const std::vector<double>& values, const std::vector<double>& others) {
  std::vector<double> differences(values.size());
  for (size_t i = 0; i < values.size(); ++i) differences[i] = values[i] - others[i];
  return estimate_mean(differences);
}

Interval loss_interval(const std::vector<double>& base, const std::vector<double>& ndcg) {
  return bootstrap(base.size(), [&](const std::vector<size_t>& drawn) {
    double base_sum = 0, sum = 0;
    for (const size_t user : drawn) {
      base_sum += base[user];
      sum += ndcg[user];
    }
    return base_sum > 0 ? 1 - sum / base_sum : 0;
  });
}

}  // namespace pintle::converter
