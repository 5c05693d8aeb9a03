// SPDX-License-Identifier: Apache-2.0
//
// Rows of a network from the content of items, by several methods, of which the best on hidden items is taken.
#ifndef PINTLE_CONVERTER_FEATURES_ROW_REGRESSION_H_
#define PINTLE_CONVERTER_FEATURES_ROW_REGRESSION_H_

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/features/item_content.h"

namespace pintle::converter {

struct RowMethod {
  double penalty = 0;      // of the ridge regression; 0: the mean of the nearest items
  int64_t nearest = 0;     // how many they are
  bool has_words = false;  // whether words of titles count, too

  std::string text() const;
};

class RowRegression {
 public:
  // content: of the items that `rows` are of, then of those to be built.
  RowRegression(const ContentMatrix& content, const Eigen::MatrixXf& rows);

  // Tries each method on each fold (ascending places in `rows`, hidden from it), and takes the best by the
  // first score_cols columns. Returns the mean cosine.
  double choose(const std::vector<std::vector<int64_t>>& folds, int64_t score_cols);
  const RowMethod& method() const { return method_; }
  // The rows that the method says of the items at `places` of the content, learned without the `hidden` ones.
  Eigen::MatrixXf build(const std::vector<int64_t>& places,
                        const std::vector<int64_t>& hidden) const {
    return build(method_, places, hidden);
  }

 private:
  Eigen::MatrixXf build(const RowMethod& method, const std::vector<int64_t>& places,
                        const std::vector<int64_t>& hidden) const;
  Eigen::MatrixXf regress(const RowMethod& method, const Eigen::MatrixXf& wanted,
                          const std::vector<int64_t>& hidden) const;
  Eigen::MatrixXf average(const RowMethod& method, const Eigen::MatrixXf& wanted,
                          const std::vector<int64_t>& hidden) const;

  Eigen::MatrixXf content_;  // centred, a last column of ones
  int64_t plain_count_;
  const Eigen::MatrixXf& rows_;
  Eigen::MatrixXf squares_,
      products_;  // content^T content and content^T rows, of the items with rows
  RowMethod method_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_ROW_REGRESSION_H_
