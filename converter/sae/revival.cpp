// SPDX-License-Identifier: Apache-2.0
#include "converter/sae/revival.h"

#include <algorithm>
#include <cmath>

namespace pintle::converter {
namespace {

double norm_of(const float* row, int64_t dim) {
  double sum = 0;
  for (int64_t d = 0; d < dim; ++d)
    sum += static_cast<double>(row[d]) * static_cast<double>(row[d]);
  return std::sqrt(sum);
}

double mean_living_norm(const std::vector<uint32_t>& dead, int64_t dim, int64_t dict,
                        const float* encoder) {
  double sum = 0;
  auto next_dead = dead.begin();
  for (int64_t j = 0; j < dict; ++j) {
    if (next_dead != dead.end() && *next_dead == j) {
      ++next_dead;
    } else {
      sum += norm_of(encoder + j * dim, dim);
    }
  }
  const int64_t living = dict - static_cast<int64_t>(dead.size());
  return living > 0 ? sum / static_cast<double>(living) : 1.0;
}

}  // namespace

DeadFeatures::DeadFeatures(int64_t dict, int64_t dead_after_rows)
    : off_rows_(dict), dead_after_rows_(dead_after_rows) {}

void DeadFeatures::pass(int64_t rows, const std::vector<uint32_t>& fired) {
  dead_.clear();
  for (size_t j = 0; j < off_rows_.size(); ++j) {
    off_rows_[j] = fired[j] != 0 ? 0 : off_rows_[j] + rows;
    if (off_rows_[j] >= dead_after_rows_) dead_.push_back(static_cast<uint32_t>(j));
  }
}

void DeadFeatures::restart() {
  for (const uint32_t j : dead_) off_rows_[j] = 0;
  dead_.clear();
}

void resample(const std::vector<uint32_t>& dead, int64_t dim, int64_t dict,
              const std::vector<float>& batch, const std::vector<float>& row_error, Random* random,
              const TrainState& state) {
  std::vector<double> cumulative;
  double total = 0;
  for (const float error : row_error) {
    total += static_cast<double>(error) * static_cast<double>(error);
    cumulative.push_back(total);
  }
  const TrainTensors& weights = state.weights->view;
  const double encoder_norm = 0.5 * mean_living_norm(dead, dim, dict, weights.encoder);
  for (const uint32_t j : dead) {
    const auto drawn =
        std::lower_bound(cumulative.begin(), cumulative.end() - 1, random->uniform() * total);
    const float* x = batch.data() + (drawn - cumulative.begin()) * dim;
    const double norm = norm_of(x, dim);
    if (!(norm > 0)) continue;
    for (int64_t d = 0; d < dim; ++d) {
      const double direction = static_cast<double>(x[d]) / norm;
      weights.decoder[j * dim + d] = static_cast<float>(direction);
      weights.encoder[j * dim + d] = static_cast<float>(direction * encoder_norm);
    }
    weights.encoder_bias[j] = 0;
    for (const ParameterBlock* moment : {state.first_moment, state.second_moment}) {
      std::fill_n(moment->view.encoder + j * dim, dim, 0.0f);
      std::fill_n(moment->view.decoder + j * dim, dim, 0.0f);
      moment->view.encoder_bias[j] = 0;
    }
  }
}

}  // namespace pintle::converter
