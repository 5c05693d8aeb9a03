// SPDX-License-Identifier: Apache-2.0
#include "converter/features/row_regression.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace pintle::converter {
namespace {

using Eigen::MatrixXf;

MatrixXf rows_at(const MatrixXf& matrix, const std::vector<int64_t>& places) {
  MatrixXf picked(static_cast<int64_t>(places.size()), matrix.cols());
  for (size_t i = 0; i < places.size(); ++i) {
    picked.row(static_cast<int64_t>(i)) = matrix.row(places[i]);
  }
  return picked;
}

// The columns that the method reads: all, or the plain ones and the ones.
MatrixXf columns_of(const MatrixXf& matrix, int64_t plain, bool has_words) {
  if (has_words) return matrix;
  MatrixXf part(matrix.rows(), plain + 1);
  part << matrix.leftCols(plain), matrix.rightCols(1);
  return part;
}

}  // namespace

std::string RowMethod::text() const {
  const std::string content = has_words ? "attributes, dates, text vectors and words of titles"
                                        : "attributes, dates and text vectors";
  if (penalty == 0)
    return "mean of the nearest " + std::to_string(nearest) + " items by " + content;
  return "ridge regression (penalty " + std::to_string(static_cast<int>(penalty)) + ") on " +
         content;
}

RowRegression::RowRegression(const ContentMatrix& content, const MatrixXf& rows)
    : content_(content.rows.rows(), content.rows.cols() + 1),
      plain_count_(content.plain_count),
      rows_(rows) {
  content_ << content.rows, Eigen::VectorXf::Ones(content.rows.rows());
  auto columns = content_.leftCols(content.rows.cols());
  columns.rowwise() -= content.rows.topRows(rows.rows()).colwise().mean();
  const auto known = content_.topRows(rows.rows());
  squares_.noalias() = known.transpose() * known;
  products_.noalias() = known.transpose() * rows;
}

double RowRegression::choose(const std::vector<std::vector<int64_t>>& folds, int64_t score_cols) {
  std::vector<RowMethod> methods;
  for (const bool has_words : {false, true}) {
    const int64_t columns = has_words ? content_.cols() - 1 : plain_count_;
    if (columns == 0 || (has_words && columns == plain_count_)) continue;
    for (const double penalty : {1, 3, 10, 30, 100}) methods.push_back({penalty, 0, has_words});
    for (const int64_t nearest : {10, 30}) methods.push_back({0, nearest, has_words});
  }
  double best = -2;
  for (const RowMethod& method : methods) {
    double sum = 0;
    size_t count = 0;
    for (const std::vector<int64_t>& fold : folds) {
      const MatrixXf hidden = rows_at(rows_, fold).leftCols(score_cols);
      const Eigen::RowVectorXf mean =
          (rows_.leftCols(score_cols).colwise().sum() - hidden.colwise().sum()) /
          static_cast<float>(rows_.rows() - hidden.rows());
      const MatrixXf built = build(method, fold, fold).leftCols(score_cols);
      for (int64_t i = 0; i < hidden.rows(); ++i) {
        const Eigen::RowVectorXf a = hidden.row(i) - mean, b = built.row(i) - mean;
        const float lengths = a.norm() * b.norm();
        sum += lengths > 0 ? static_cast<double>(a.dot(b) / lengths) : 0;
        ++count;
      }
    }
    const double cosine = sum / static_cast<double>(count);
    if (!(cosine > best)) continue;
    best = cosine;
    method_ = method;
  }
  return best;
}

MatrixXf RowRegression::build(const RowMethod& method, const std::vector<int64_t>& places,
                              const std::vector<int64_t>& hidden) const {
  const MatrixXf wanted = rows_at(content_, places);
  return method.penalty == 0 ? average(method, wanted, hidden) : regress(method, wanted, hidden);
}

MatrixXf RowRegression::regress(const RowMethod& method, const MatrixXf& wanted,
                                const std::vector<int64_t>& hidden) const {
  MatrixXf squares = squares_, products = products_;
  if (!hidden.empty()) {
    const MatrixXf left_out = rows_at(content_, hidden);
    squares.noalias() -= left_out.transpose() * left_out;
    products.noalias() -= left_out.transpose() * rows_at(rows_, hidden);
  }
  squares = columns_of(squares, plain_count_, method.has_words);
  squares = columns_of(squares.transpose(), plain_count_, method.has_words);
  products = columns_of(products.transpose(), plain_count_, method.has_words).transpose().eval();
  Eigen::MatrixXd system = squares.cast<double>();
  system.diagonal().array() += method.penalty;
  system(system.rows() - 1, system.rows() - 1) -= method.penalty;  // the ones: the mean is free
  const Eigen::MatrixXd weights = system.ldlt().solve(products.cast<double>());
  return columns_of(wanted, plain_count_, method.has_words) * weights.cast<float>();
}

MatrixXf RowRegression::average(const RowMethod& method, const MatrixXf& wanted,
                                const std::vector<int64_t>& hidden) const {
  const int64_t columns = method.has_words ? content_.cols() - 1 : plain_count_;
  // A rare attribute tells more: each column in units of its deviation.
  const Eigen::RowVectorXf scales =
      (squares_.diagonal().head(columns).transpose().array() / static_cast<float>(rows_.rows()) +
       1e-6f)
          .rsqrt();
  const auto normalised = [&](const MatrixXf& content) {
    MatrixXf scaled = content.leftCols(columns).array().rowwise() * scales.array();
    for (int64_t i = 0; i < scaled.rows(); ++i) {
      const float length = scaled.row(i).norm();
      if (length > 0) scaled.row(i) /= length;
    }
    return scaled;
  };
  const MatrixXf known = normalised(content_.topRows(rows_.rows()));
  const MatrixXf sought = normalised(wanted);
  std::vector<bool> is_hidden(static_cast<size_t>(rows_.rows()));
  for (const int64_t place : hidden) is_hidden[static_cast<size_t>(place)] = true;
  const int64_t left = rows_.rows() - static_cast<int64_t>(hidden.size());
  const int64_t count = std::min(method.nearest, left);
  MatrixXf built = MatrixXf::Zero(wanted.rows(), rows_.cols());
  std::vector<int64_t> order(static_cast<size_t>(rows_.rows()));
  for (int64_t i = 0; i < wanted.rows(); ++i) {
    Eigen::VectorXf likeness = known * sought.row(i).transpose();
    for (const int64_t place : hidden) likeness[place] = -2;
    std::iota(order.begin(), order.end(), int64_t{0});
    std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](int64_t a, int64_t b) {
      return likeness[a] > likeness[b] || (likeness[a] == likeness[b] && a < b);
    });
    for (int64_t n = 0; n < count; ++n) built.row(i) += rows_.row(order[static_cast<size_t>(n)]);
    built.row(i) /= static_cast<float>(count);
  }
  return built;
}

}  // namespace pintle::converter
