// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/quality.h"

#include <Eigen/Core>
#include <algorithm>

namespace pintle::converter {
namespace {

constexpr int64_t kShareRows = 256;

struct Part {
  double squared_error = 0, active = 0;
  std::vector<int64_t> fired;
};

void measure_part(const SaeWeights& sae, const ActivationSet& set, Share share, Part* part) {
  part->fired.assign(sae.dict, 0);
  std::vector<float> x(kShareRows * sae.dim), pre(kShareRows * sae.dict), x_hat(sae.dim);
  for (int64_t row = share.begin; row < share.end; row += kShareRows) {
    const int64_t n = std::min(kShareRows, share.end - row);
    set.read(row, n, x.data());
    pre_activations(sae, x.data(), n, pre.data());
    for (int64_t i = 0; i < n; ++i) {
      const SparseFeatures features = activate(sae, pre.data() + i * sae.dict);
      decode(sae, features, x_hat.data());
      for (int64_t d = 0; d < sae.dim; ++d) {
        const double error = static_cast<double>(x_hat[d] - x[i * sae.dim + d]);
        part->squared_error += error * error;
      }
      part->active += static_cast<double>(features.index.size());
      for (uint32_t j : features.index) ++part->fired[j];
    }
  }
}

}  // namespace

double explained_variance(const SaeWeights& sae, const std::vector<float>& states,
                          ThreadPool* pool) {
  const int64_t dim = sae.dim, rows = static_cast<int64_t>(states.size()) / dim;
  const int64_t parts = (rows + kShareRows - 1) / kShareRows;
  std::vector<double> squared_error(static_cast<size_t>(parts));
  pool->for_each(static_cast<size_t>(parts), [&](size_t part, int) {
    const int64_t first = static_cast<int64_t>(part) * kShareRows;
    const int64_t count = std::min(kShareRows, rows - first);
    std::vector<float> pre(static_cast<size_t>(count * sae.dict)), x_hat(static_cast<size_t>(dim));
    pre_activations(sae, states.data() + first * dim, count, pre.data());
    for (int64_t i = 0; i < count; ++i) {
      const float* x = states.data() + (first + i) * dim;
      decode(sae, activate(sae, pre.data() + i * sae.dict), x_hat.data());
      for (int64_t d = 0; d < dim; ++d) {
        const double error = static_cast<double>(x_hat[static_cast<size_t>(d)] - x[d]);
        squared_error[part] += error * error;
      }
    }
  });
  double error = 0, variance = 0;
  for (const double part : squared_error) error += part;
  const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> x(
      states.data(), rows, dim);
  for (int64_t d = 0; d < dim; ++d) {
    const auto column = x.col(d).cast<double>();
    variance += (column.array() - column.mean()).square().sum();
  }
  return variance > 0 ? 1 - error / variance : 0;
}

SaeQuality measure_sae(const SaeWeights& sae, const ActivationSet& set, ThreadPool* pool) {
  check_sae_fits(sae, set.dim(), sae.hook.index + 1, "the SAE");
  std::vector<Part> parts(pool->size());
  pool->run(
      [&](int w) { measure_part(sae, set, share_of(set.rows(), w, pool->size()), &parts[w]); });
  SaeQuality quality;
  quality.fired.assign(sae.dict, 0);
  double squared_error = 0;
  for (const Part& part : parts) {
    squared_error += part.squared_error;
    quality.active += part.active;
    for (int64_t j = 0; j < sae.dict; ++j) quality.fired[j] += part.fired[j];
  }
  const double rows = static_cast<double>(set.rows());
  const double scale = static_cast<double>(measure_activations(set).scale);
  quality.active /= rows;
  quality.explained_variance =
      1 - squared_error / (scale * scale * rows * static_cast<double>(sae.dim));
  quality.dead = std::count(quality.fired.begin(), quality.fired.end(), 0);
  return quality;
}

}  // namespace pintle::converter
