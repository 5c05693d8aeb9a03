// SPDX-License-Identifier: Apache-2.0
#include "converter/features/probes.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace pintle::converter {
namespace {

constexpr int kLeastPower = -6, kMostPower = 0;
constexpr double kSparsePenalty = 1e-4;

Eigen::MatrixXd ridge_weights(const Moments& moments, double penalty) {
  const Eigen::Index dim = moments.covariance.rows();
  const double variance = moments.covariance.trace() / static_cast<double>(dim);
  // A variance of 0 has nothing to tell; the tiny term keeps the matrix invertible.
  const double added = penalty * variance + 1e-300;
  const Eigen::MatrixXd regular = moments.covariance + added * Eigen::MatrixXd::Identity(dim, dim);
  return regular.ldlt().solve(moments.cross);
}

// Of values of unit variance.
double scaled(const Moments& m, uint32_t a, uint32_t b) {
  return m.covariance(a, b) / std::sqrt(m.covariance(a, a) * m.covariance(b, b));
}

// On values of unit variance.
Eigen::VectorXd fit_scaled(const Moments& m, size_t attribute, const std::vector<uint32_t>& chosen,
                           size_t k) {
  const auto n = static_cast<Eigen::Index>(std::min(k, chosen.size()));
  Eigen::MatrixXd gram(n, n);
  Eigen::VectorXd with(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const uint32_t a = chosen[static_cast<size_t>(i)];
    with(i) = m.cross(a, static_cast<Eigen::Index>(attribute)) / std::sqrt(m.covariance(a, a));
    for (Eigen::Index j = 0; j < n; ++j) gram(i, j) = scaled(m, a, chosen[static_cast<size_t>(j)]);
    gram(i, i) += kSparsePenalty;
  }
  return gram.ldlt().solve(with);
}

}  // namespace

RidgeProbes ridge_probes(const MomentSums& fit, const MomentSums& judge) {
  const Moments learned = fit.moments(), judged = judge.moments();
  RidgeProbes probes;
  double best = -2;  // below any correlation
  for (int power = kLeastPower; power <= kMostPower; ++power) {
    const double penalty = std::pow(10, power);
    const Eigen::MatrixXd weights = ridge_weights(learned, penalty);
    double mean = 0;
    for (Eigen::Index a = 0; a < weights.cols(); ++a) {
      mean += judged.correlation(weights.col(a), static_cast<size_t>(a)) /
              static_cast<double>(weights.cols());
    }
    if (!(mean > best)) continue;
    best = mean;
    probes.penalty = penalty;
  }
  MomentSums both = fit;
  both.add(judge);
  probes.weights = ridge_weights(both.moments(), probes.penalty);
  return probes;
}

std::vector<uint32_t> choose_features(const Moments& moments, size_t attribute, size_t most,
                                      bool only_positive) {
  const auto count = static_cast<uint32_t>(moments.mean.size());
  std::vector<double> deviation(count), left(count);
  std::vector<bool> open(count);
  for (uint32_t f = 0; f < count; ++f) {
    deviation[f] = std::sqrt(std::max(0.0, moments.covariance(f, f)));
    // Below this a variance is the rounding of a value that is always the same.
    open[f] = moments.covariance(f, f) > 1e-12 * moments.mean(f) * moments.mean(f);
  }
  std::vector<uint32_t> chosen;
  Eigen::VectorXd weights;
  while (chosen.size() < most) {
    uint32_t best = count;
    double best_left = 0;
    for (uint32_t f = 0; f < count; ++f) {
      if (!open[f]) continue;
      double residual = moments.cross(f, static_cast<Eigen::Index>(attribute)) / deviation[f];
      for (size_t i = 0; i < chosen.size(); ++i) {
        residual -= moments.covariance(f, chosen[i]) / (deviation[f] * deviation[chosen[i]]) *
                    weights(static_cast<Eigen::Index>(i));
      }
      const double size = only_positive ? residual : std::abs(residual);
      if (size <= best_left) continue;
      best_left = size;
      best = f;
    }
    if (best == count) break;
    open[best] = false;
    chosen.push_back(best);
    weights = fit_scaled(moments, attribute, chosen, chosen.size());
  }
  return chosen;
}

Eigen::VectorXd sparse_weights(const Moments& moments, size_t attribute,
                               const std::vector<uint32_t>& chosen, size_t k) {
  Eigen::VectorXd weights = fit_scaled(moments, attribute, chosen, k);
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    const uint32_t f = chosen[static_cast<size_t>(i)];
    weights(i) /= std::sqrt(moments.covariance(f, f));
  }
  return weights;
}

}  // namespace pintle::converter
