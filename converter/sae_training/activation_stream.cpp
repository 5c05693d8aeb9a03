// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/activation_stream.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace pintle::converter {

ActivationStream::ActivationStream(const ActivationSet& set, const RowSplit& split,
                                   uint64_t memory_bytes, uint64_t seed)
    : set_(set), random_(seed), blocks_(split.train) {
  constexpr int64_t kBlockRows = RowSplit::kBlockRows;
  const int64_t block_count = static_cast<int64_t>(blocks_.size());
  const uint64_t row_bytes =
      static_cast<uint64_t>(set.dim()) * sizeof(float) + 2 * sizeof(uint32_t);
  const uint64_t fitting = memory_bytes / (row_bytes * kBlockRows);
  const uint64_t most = std::numeric_limits<uint32_t>::max() / kBlockRows;  // order_ counts in u32
  buffer_blocks_ = static_cast<int64_t>(
      std::max<uint64_t>(1, std::min({fitting, most, static_cast<uint64_t>(block_count)})));
  whole_ = buffer_blocks_ == block_count;
  next_block_ = blocks_.size();
}

void ActivationStream::refill() {
  constexpr int64_t kBlockRows = RowSplit::kBlockRows;
  if (!whole_ || buffer_.empty()) {
    if (next_block_ == blocks_.size()) {
      if (!whole_) shuffle(&blocks_, &random_);
      next_block_ = 0;
    }
    const int64_t dim = set_.dim();
    const size_t taken = std::min<size_t>(buffer_blocks_, blocks_.size() - next_block_);
    buffer_.resize(static_cast<size_t>(buffer_blocks_ * kBlockRows * dim));
    items_.resize(static_cast<size_t>(buffer_blocks_ * kBlockRows));
    int64_t rows = 0;
    for (size_t i = 0; i < taken; ++i) {
      const int64_t first = static_cast<int64_t>(blocks_[next_block_ + i]) * kBlockRows;
      const int64_t count = std::min(kBlockRows, set_.rows() - first);
      set_.read(first, count, buffer_.data() + rows * dim, items_.data() + rows);
      rows += count;
    }
    next_block_ += taken;
    order_.resize(rows);
    for (int64_t r = 0; r < rows; ++r) order_[r] = static_cast<uint32_t>(r);
  }
  shuffle(&order_, &random_);
  next_row_ = 0;
}

void ActivationStream::next(int64_t count, float* out, uint32_t* items) {
  const int64_t dim = set_.dim();
  for (int64_t i = 0; i < count; ++i) {
    if (next_row_ == order_.size()) refill();
    const int64_t row = static_cast<int64_t>(order_[next_row_++]);
    std::memcpy(out + i * dim, buffer_.data() + row * dim,
                static_cast<size_t>(dim) * sizeof(float));
    items[i] = items_[static_cast<size_t>(row)];
  }
}

}  // namespace pintle::converter
