// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/item_means.h"

#include <algorithm>

namespace pintle::converter {

ItemMeans::ItemMeans(const ActivationSet& set, const ActivationStatistics& statistics)
    : dim_(set.dim()) {
  constexpr int64_t kRows = 4096;
  std::vector<float> rows(static_cast<size_t>(kRows * dim_));
  std::vector<uint32_t> items(kRows);
  std::vector<int64_t> count;
  std::vector<double> sum;
  for (int64_t first = 0; first < set.rows(); first += kRows) {
    const int64_t n = std::min(kRows, set.rows() - first);
    set.read(first, n, rows.data(), items.data());
    for (int64_t i = 0; i < n; ++i) {
      const auto [at, is_new] =
          row_.try_emplace(items[static_cast<size_t>(i)], static_cast<int64_t>(count.size()));
      if (is_new) {
        count.push_back(0);
        sum.resize(sum.size() + static_cast<size_t>(dim_));
      }
      ++count[static_cast<size_t>(at->second)];
      for (int64_t d = 0; d < dim_; ++d) {
        const float centred = rows[i * dim_ + d] - statistics.mean[static_cast<size_t>(d)];
        sum[at->second * dim_ + d] += static_cast<double>(centred / statistics.scale);
      }
    }
  }
  values_.resize(sum.size());
  for (size_t i = 0; i < sum.size(); ++i) {
    const int64_t rows_of_item = count[i / static_cast<size_t>(dim_)];
    values_[i] = static_cast<float>(sum[i] / static_cast<double>(rows_of_item + kPriorRows));
  }
}

}  // namespace pintle::converter
