// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/row_split.h"

#include <algorithm>
#include <limits>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

constexpr int64_t kRuns = 16;

}  // namespace

RowSplit split_rows(int64_t rows, double share, int64_t most) {
  const int64_t blocks = (rows + RowSplit::kBlockRows - 1) / RowSplit::kBlockRows;
  if (blocks > std::numeric_limits<uint32_t>::max()) {
    throw Error("too many activations for one training run: " + std::to_string(rows));
  }
  const double wanted = std::min(share * static_cast<double>(rows), static_cast<double>(most));
  int64_t held_out = static_cast<int64_t>(wanted) / RowSplit::kBlockRows;
  if (blocks - held_out < 2) held_out = 0;
  const int64_t runs = std::min(kRuns, held_out);
  RowSplit split;
  int64_t next = 0;
  for (int64_t run = 0; run < runs; ++run) {
    const int64_t length = held_out * (run + 1) / runs - held_out * run / runs;
    // The middle of its part of the rows.
    const int64_t first = blocks * (2 * run + 1) / (2 * runs) - length / 2;
    for (; next < first; ++next) split.train.push_back(static_cast<uint32_t>(next));
    for (; next < first + length; ++next) split.held_out.push_back(static_cast<uint32_t>(next));
  }
  for (; next < blocks; ++next) split.train.push_back(static_cast<uint32_t>(next));
  return split;
}

std::vector<float> read_blocks(const ActivationSet& set, const std::vector<uint32_t>& blocks) {
  const int64_t dim = set.dim();
  std::vector<float> rows;
  for (const uint32_t block : blocks) {
    const int64_t first = static_cast<int64_t>(block) * RowSplit::kBlockRows;
    const int64_t count = std::min(RowSplit::kBlockRows, set.rows() - first);
    const size_t end = rows.size();
    rows.resize(end + static_cast<size_t>(count * dim));
    set.read(first, count, rows.data() + end);
  }
  return rows;
}

}  // namespace pintle::converter
