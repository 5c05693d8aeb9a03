// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/quality.h"

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
