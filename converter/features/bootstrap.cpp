// SPDX-License-Identifier: Apache-2.0
#include "converter/features/bootstrap.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>

namespace pintle::converter {

Interval loss_interval(const std::vector<double>& base, const std::vector<double>& ndcg) {
  constexpr size_t kTail = kResamples / 40;  // 2.5 %
  const uint64_t users = base.size();
  std::mt19937 random(1);
  std::vector<double> losses;
  for (int resample = 0; resample < kResamples; ++resample) {
    double base_sum = 0, sum = 0;
    for (uint64_t draw = 0; draw < users; ++draw) {
      const size_t user = static_cast<size_t>(random() * users >> 32);
      base_sum += base[user];
      sum += ndcg[user];
    }
    losses.push_back(base_sum > 0 ? 1 - sum / base_sum : 0);
  }
  std::sort(losses.begin(), losses.end());
  return {losses[kTail], losses[losses.size() - 1 - kTail]};
}

}  // namespace pintle::converter
