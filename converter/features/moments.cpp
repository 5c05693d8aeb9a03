// SPDX-License-Identifier: Apache-2.0
#include "converter/features/moments.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pintle::converter {
namespace {

// Rows that one product of matrices sums.
constexpr size_t kSummedTogether = 256;

double pearson(double covariance, double variance, double share) {
  const double indicator_variance = share * (1 - share);
  if (!(variance > 0) || !(indicator_variance > 0)) return 0;
  return covariance / std::sqrt(variance * indicator_variance);
}

}  // namespace

Eigen::VectorXd Moments::mean_difference(size_t attribute) const {
  const auto a = static_cast<Eigen::Index>(attribute);
  const double spread = share(a) * (1 - share(a));
  if (!(spread > 0)) return Eigen::VectorXd::Zero(mean.size());
  return cross.col(a) / spread;  // the covariance with an indicator is the difference times this
}

double Moments::correlation(const std::vector<uint32_t>& chosen, const Eigen::VectorXd& weights,
                            size_t attribute) const {
  const auto a = static_cast<Eigen::Index>(attribute);
  double with = 0, variance = 0;
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    const uint32_t row = chosen[static_cast<size_t>(i)];
    with += weights(i) * cross(row, a);
    for (Eigen::Index j = 0; j < weights.size(); ++j) {
      variance += weights(i) * weights(j) * covariance(row, chosen[static_cast<size_t>(j)]);
    }
  }
  return pearson(with, variance, share(a));
}

double Moments::correlation(const Eigen::VectorXd& weights, size_t attribute) const {
  const auto a = static_cast<Eigen::Index>(attribute);
  return pearson(weights.dot(cross.col(a)), weights.dot(covariance * weights), share(a));
}

MomentSums::MomentSums(std::vector<float> origin, const AttributeIndex& attributes)
    : origin_(std::move(origin)), attributes_(attributes) {
  const auto dim = static_cast<Eigen::Index>(origin_.size());
  const auto count = static_cast<Eigen::Index>(attributes.attributes.size());
  sum_ = Eigen::VectorXd::Zero(dim);
  gram_ = Eigen::MatrixXd::Zero(dim, dim);
  with_sum_ = Eigen::MatrixXd::Zero(dim, count);
  with_count_ = Eigen::VectorXd::Zero(count);
}

void MomentSums::add(const uint32_t* items, const float* rows, size_t row_count) {
  const size_t dim = origin_.size();
  Eigen::MatrixXd block;  // a column a row of `rows`
  for (size_t first = 0; first < row_count; first += kSummedTogether) {
    const size_t n = std::min(kSummedTogether, row_count - first);
    block.resize(static_cast<Eigen::Index>(dim), static_cast<Eigen::Index>(n));
    for (size_t t = 0; t < n; ++t) {
      const auto column = static_cast<Eigen::Index>(t);
      for (size_t d = 0; d < dim; ++d) {
        block(static_cast<Eigen::Index>(d), column) =
            static_cast<double>(rows[(first + t) * dim + d]) - static_cast<double>(origin_[d]);
      }
      for (const uint32_t a : attributes_.of_item[items[first + t]]) {
        with_sum_.col(a) += block.col(column);
        with_count_(a) += 1;
      }
    }
    sum_ += block.rowwise().sum();
    gram_.selfadjointView<Eigen::Lower>().rankUpdate(block);
  }
  count_ += static_cast<double>(row_count);
}

void MomentSums::add(uint32_t item, const SparseFeatures& features,
                     const std::vector<int32_t>& slot) {
  std::vector<std::pair<int32_t, double>> values;
  for (size_t i = 0; i < features.index.size(); ++i) {
    const int32_t place = slot[features.index[i]];
    if (place >= 0) values.emplace_back(place, static_cast<double>(features.value[i]));
  }
  for (const auto& [column, value] : values) {
    sum_(column) += value;
    for (const auto& [row, other] : values) {
      if (row >= column) gram_(row, column) += value * other;
    }
  }
  for (const uint32_t a : attributes_.of_item[item]) {
    for (const auto& [row, value] : values) with_sum_(row, a) += value;
    with_count_(a) += 1;
  }
  count_ += 1;
}

void MomentSums::add(const MomentSums& more) {
  sum_ += more.sum_;
  gram_ += more.gram_;
  with_sum_ += more.with_sum_;
  with_count_ += more.with_count_;
  count_ += more.count_;
}

Moments MomentSums::moments() const {
  Moments result;
  result.count = count_;
  const double n = std::max(count_, 1.0);
  const Eigen::VectorXd mean = sum_ / n;  // about the origin
  result.share = with_count_ / n;
  result.covariance = gram_.selfadjointView<Eigen::Lower>();
  result.covariance /= n;
  result.covariance.noalias() -= mean * mean.transpose();
  result.cross = with_sum_ / n;
  result.cross.noalias() -= mean * result.share.transpose();
  result.mean = mean;
  for (size_t d = 0; d < origin_.size(); ++d) {
    result.mean(static_cast<Eigen::Index>(d)) += static_cast<double>(origin_[d]);
  }
  return result;
}

}  // namespace pintle::converter
