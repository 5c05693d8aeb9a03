// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/decoder_match.h"

#include <Eigen/Core>
#include <algorithm>
#include <limits>

namespace pintle::converter {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

RowMatrix unit_rows(const Matrix& m) {
  RowMatrix rows = Eigen::Map<const RowMatrix>(m.values.data(), m.rows, m.cols);
  for (Eigen::Index r = 0; r < rows.rows(); ++r) {
    const float norm = rows.row(r).norm();
    if (norm > 0) rows.row(r) /= norm;
  }
  return rows;
}

// The cheapest assignment of a column to every row of a square matrix of costs. Rows join one at a time;
// prices of rows and columns keep every reduced cost at 0 or above, so that a shortest path over reduced
// costs tells which partners must change.
std::vector<size_t> cheapest_assignment(const RowMatrix& cost) {
  const size_t n = static_cast<size_t>(cost.rows());
  constexpr double kFar = std::numeric_limits<double>::infinity();
  // Column n is where a path starts; it stands for no column.
  std::vector<double> row_price(n), column_price(n + 1), distance(n);
  std::vector<size_t> row_of(n + 1, n), before(n);
  std::vector<bool> reached(n + 1);
  for (size_t joining = 0; joining < n; ++joining) {
    row_of[n] = joining;
    std::fill(distance.begin(), distance.end(), kFar);
    std::fill(reached.begin(), reached.end(), false);
    size_t at = n;
    while (row_of[at] != n) {
      reached[at] = true;
      const size_t row = row_of[at];
      const float* costs = cost.data() + row * n;
      double nearest = kFar;
      size_t next = n;
      for (size_t c = 0; c < n; ++c) {
        if (reached[c]) continue;
        const double reduced = static_cast<double>(costs[c]) - row_price[row] - column_price[c];
        if (reduced < distance[c]) {
          distance[c] = reduced;
          before[c] = at;
        }
        if (distance[c] < nearest) {
          nearest = distance[c];
          next = c;
        }
      }
      for (size_t c = 0; c <= n; ++c) {
        if (reached[c]) {
          row_price[row_of[c]] += nearest;
          column_price[c] -= nearest;
        } else {
          distance[c] -= nearest;
        }
      }
      at = next;
    }
    while (at != n) {  // the path back hands every column on it to the row before
      row_of[at] = row_of[before[at]];
      at = before[at];
    }
  }
  std::vector<size_t> column_of(n);
  for (size_t c = 0; c < n; ++c) column_of[row_of[c]] = c;
  return column_of;
}

}  // namespace

std::vector<float> matched_cosines(const Matrix& a, const Matrix& b) {
  const RowMatrix cosine = unit_rows(a) * unit_rows(b).transpose();
  const std::vector<size_t> partner = cheapest_assignment(-cosine);
  std::vector<float> matched;
  for (size_t r = 0; r < partner.size(); ++r) {
    matched.push_back(cosine(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(partner[r])));
  }
  return matched;
}

}  // namespace pintle::converter
