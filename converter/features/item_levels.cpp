// SPDX-License-Identifier: Apache-2.0
#include "converter/features/item_levels.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// An item's mean counts by n / (n + this): of few positions it is mostly the histories'.
constexpr double kRegressionPrior = 10;
// Of the mean diagonal of the normal equations.
constexpr double kLevelRidge = 1e-3;
// Less is no membership in a file (half of a fifteenth).
constexpr float kLeastLevel = 1.0f / 30;
constexpr size_t kBins = 1024;

struct Classes {
  double low = 0, high = 0;  // their means
  double separation = 0;
};

// Otsu's two classes of non-negative values, by a histogram.
Classes otsu_classes(const std::vector<double>& values) {
  const double most = *std::max_element(values.begin(), values.end());
  if (!(most > 0)) return {};
  std::vector<double> count(kBins, 0), sum(kBins, 0);
  double total = 0, squares = 0;
  for (const double value : values) {
    const size_t bin =
        std::min(kBins - 1, static_cast<size_t>(value / most * static_cast<double>(kBins)));
    ++count[bin];
    sum[bin] += value;
    total += value;
    squares += value * value;
  }
  const double n = static_cast<double>(values.size());
  const double variance = squares - total * total / n;
  Classes best;
  double below = 0, below_sum = 0, most_between = 0;
  for (size_t bin = 0; bin + 1 < kBins; ++bin) {
    below += count[bin];
    below_sum += sum[bin];
    const double above = n - below;
    if (below == 0 || above == 0) continue;
    const double low = below_sum / below, high = (total - below_sum) / above;
    const double between = below * above / n * (high - low) * (high - low);
    if (between <= most_between) continue;
    most_between = between;
    best = {low, high, variance > 0 ? between / variance : 0};
  }
  return best;
}

}  // namespace

Eigen::MatrixXf item_vectors(const Model& model) {
  const pintle_model_info info = model.info();
  Eigen::MatrixXf vectors(info.item_count, info.dim);
  for (uint32_t i = 0; i < info.item_count; ++i) {
    const std::vector<float> row = require(model.item_vector(i), "item", i);
    vectors.row(i) = Eigen::Map<const Eigen::RowVectorXf>(row.data(), vectors.cols());
  }
  return vectors;
}

std::vector<uint32_t> FeatureLevels::members() const {
  std::vector<uint32_t> result;
  for (const auto& [item, level] : items) {
    if (level >= 0.5f) result.push_back(item);
  }
  return result;
}

ItemLevels::ItemLevels(const Model& model, const FeatureActivations& activations)
    : positions_(model.info().item_count, 0) {
  const size_t items = positions_.size(), features = activations.fired.size();
  for (uint32_t i = 0; i < items; ++i) {
    if (require(model.item(i), "item", i).is_trained != 0) trained_.push_back(i);
  }
  for (const uint32_t item : activations.item) ++positions_[item];
  std::vector<double> sum(items, 0);
  for (size_t f = 0; f < features; ++f) {
    std::vector<uint32_t> seen;
    for (const Firing& firing : activations.fired[f]) {
      const uint32_t item = activations.item[firing.position];
      if (sum[item] == 0) seen.push_back(item);
      sum[item] += static_cast<double>(firing.value);
    }
    std::sort(seen.begin(), seen.end());
    sums_.emplace_back();
    for (const uint32_t item : seen) {
      sums_[f].emplace_back(item, static_cast<float>(sum[item]));
      sum[item] = 0;
    }
  }

  const Eigen::MatrixXf rows = item_vectors(model);
  vectors_.resize(rows.rows(), rows.cols() + 1);
  vectors_ << rows, Eigen::VectorXf::Ones(rows.rows());
  Eigen::VectorXd weight(rows.rows());
  for (size_t i = 0; i < items; ++i) {
    const double n = positions_[i];
    weight(static_cast<Eigen::Index>(i)) = n / (n + kRegressionPrior);
  }
  const Eigen::MatrixXd columns = vectors_.cast<double>();
  Eigen::MatrixXd normal = columns.transpose() * weight.asDiagonal() * columns;
  normal.diagonal().array() +=
      kLevelRidge * normal.trace() / static_cast<double>(normal.rows()) + 1e-12;
  Eigen::MatrixXd aims = Eigen::MatrixXd::Zero(columns.cols(), static_cast<Eigen::Index>(features));
  for (size_t f = 0; f < features; ++f) {
    for (const auto& [item, item_sum] : sums_[f]) {
      const Eigen::Index i = item;
      aims.col(static_cast<Eigen::Index>(f)) +=
          weight(i) * static_cast<double>(item_sum) / positions_[item] * columns.row(i).transpose();
    }
  }
  weights_ = normal.ldlt().solve(aims).cast<float>();
}

FeatureLevels ItemLevels::of(size_t feature) const {
  FeatureLevels levels;
  if (sums_[feature].empty() || trained_.empty()) return levels;
  const Eigen::VectorXf predicted = vectors_ * weights_.col(static_cast<Eigen::Index>(feature));
  std::vector<double> values;
  values.reserve(trained_.size());
  auto next = sums_[feature].begin();
  for (const uint32_t item : trained_) {
    while (next != sums_[feature].end() && next->first < item) ++next;
    const bool fires = next != sums_[feature].end() && next->first == item;
    const double sum = fires ? static_cast<double>(next->second) : 0;
    const double value = (sum + kPrior * static_cast<double>(predicted(item))) /
                         (static_cast<double>(positions_[item]) + kPrior);
    values.push_back(std::max(value, 0.0));
  }
  const Classes classes = otsu_classes(values);
  if (!(classes.high > classes.low)) return levels;
  levels.separation = classes.separation;
  for (size_t i = 0; i < trained_.size(); ++i) {
    const double level = (values[i] - classes.low) / (classes.high - classes.low);
    if (level < static_cast<double>(kLeastLevel)) continue;
    levels.items.emplace_back(trained_[i], static_cast<float>(std::min(level, 1.0)));
  }
  return levels;
}

Eigen::MatrixXd ItemLevels::means() const {
  constexpr double kOffPositions = 2;
  std::vector<std::pair<double, size_t>> order;  // (less the feature's activation, feature)
  for (size_t f = 0; f < sums_.size(); ++f) {
    double total = 0;
    for (const auto& [item, sum] : sums_[f]) total += static_cast<double>(sum);
    order.emplace_back(-total, f);
  }
  std::sort(order.begin(), order.end());
  constexpr size_t kMostNumbers = size_t{1} << 27;
  order.resize(std::min({order.size(), kMostMeans, kMostNumbers / positions_.size()}));
  Eigen::MatrixXd means = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(positions_.size()),
                                                static_cast<Eigen::Index>(order.size()));
  for (size_t column = 0; column < order.size(); ++column) {
    for (const auto& [item, sum] : sums_[order[column].second]) {
      means(item, static_cast<Eigen::Index>(column)) =
          static_cast<double>(sum) / (positions_[item] + kOffPositions);
    }
  }
  return means;
}

double ItemLevels::agreement(size_t feature, const ItemLevels& others, size_t support) const {
  const auto mean_by_item = [&](const ItemLevels& levels) {
    std::vector<double> means(levels.positions_.size(), 0);
    for (const auto& [item, sum] : levels.sums_[feature]) {
      means[item] = static_cast<double>(sum) / levels.positions_[item];
    }
    return means;
  };
  const std::vector<double> here = mean_by_item(*this), there = mean_by_item(others);
  double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < here.size(); ++i) {
    if (positions_[i] < support || others.positions_[i] < support) continue;
    ++n;
    a += here[i];
    b += there[i];
    aa += here[i] * here[i];
    bb += there[i] * there[i];
    ab += here[i] * there[i];
  }
  const double variances = (n * aa - a * a) * (n * bb - b * b);
  return n >= 3 && variances > 0 ? (n * ab - a * b) / std::sqrt(variances) : 0;
}

}  // namespace pintle::converter
