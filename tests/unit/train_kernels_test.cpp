// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/train_kernels.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "converter/sae_training/random.h"

namespace pintle::converter {
namespace {

// Loss of one batch in double, straight from the definition.
struct Tensors {
  std::vector<float> encoder, encoder_bias, decoder, decoder_bias, item_decoder, item_bias;
  TrainTensors view() {
    return {encoder.data(),      encoder_bias.data(), decoder.data(),
            decoder_bias.data(), item_decoder.data(), item_bias.data()};
  }
};

double top_k_loss(const Tensors& w, const std::vector<float>& x, const std::vector<float>& targets,
                  double item_scale, int64_t rows, int64_t dim, int64_t dict, size_t k,
                  const std::vector<int64_t>& nested) {
  double loss = 0;
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<std::pair<double, int64_t>> pre;
    for (int64_t j = 0; j < dict; ++j) {
      double sum = static_cast<double>(w.encoder_bias[j]);
      for (int64_t d = 0; d < dim; ++d) {
        sum += static_cast<double>(w.encoder[j * dim + d]) * static_cast<double>(x[r * dim + d]);
      }
      pre.push_back({-sum, j});
    }
    std::sort(pre.begin(), pre.end());
    for (const int64_t end : nested) {
      for (int64_t d = 0; d < dim; ++d) {
        double x_hat = static_cast<double>(w.decoder_bias[d]);
        for (size_t i = 0; i < k; ++i) {
          const auto [value, j] = pre[i];
          if (value < 0 && j < end) x_hat -= value * static_cast<double>(w.decoder[j * dim + d]);
        }
        loss += std::pow(x_hat - static_cast<double>(x[r * dim + d]), 2);
      }
    }
    for (int64_t d = 0; d < dim; ++d) {
      double told = static_cast<double>(w.item_bias[d]);
      for (size_t i = 0; i < k; ++i) {
        const auto [value, j] = pre[i];
        if (value < 0) told -= value * static_cast<double>(w.item_decoder[j * dim + d]);
      }
      loss += item_scale * std::pow(told - static_cast<double>(targets[r * dim + d]), 2);
    }
  }
  return loss;
}

// Gradients against central differences, for each build of the kernels.
TEST_CASE("kernels: gradients of the squared error and of the item loss") {
  constexpr int64_t dim = 11, dict = 19, rows = 5;
  const std::vector<int64_t> nested = {6, dict};
  Random random(3);
  const auto fill = [&](std::vector<float>* values, int64_t n) {
    for (int64_t i = 0; i < n; ++i) values->push_back(static_cast<float>(random.normal()));
  };
  Tensors w, g;
  std::vector<float> x, targets;
  constexpr float kItemScale = 0.7f;
  fill(&w.encoder, dict * dim);
  fill(&w.encoder_bias, dict);
  fill(&w.decoder, dict * dim);
  fill(&w.decoder_bias, dim);
  fill(&w.item_decoder, dict * dim);
  fill(&w.item_bias, dim);
  fill(&x, rows * dim);
  fill(&targets, rows * dim);
  const TrainKernels* builds[] = {train_kernels_baseline(), nullptr};
  if (&train_kernels() != builds[0]) builds[1] = &train_kernels();
  for (const TrainKernels* kernels : builds) {
    if (kernels == nullptr) continue;
    CAPTURE(kernels->name);
    g.encoder.assign(dict * dim, 0);
    g.encoder_bias.assign(dict, 0);
    g.decoder.assign(dict * dim, 0);
    g.decoder_bias.assign(dim, 0);
    g.item_decoder.assign(dict * dim, 0);
    g.item_bias.assign(dim, 0);
    std::vector<float> pre(kTrainChunk * dict), value(kTrainChunk * dict + 1), aux_value(dict + 1),
        residual(2 * dim), aux_error(dim), item_error(dim);
    std::vector<uint32_t> index(kTrainChunk * dict + 1), aux_index(dict + 1), fired(dict);
    std::vector<int64_t> row_start(kTrainChunk + 1);
    TrainScratch scratch = {
        pre.data(),       index.data(),    value.data(),     row_start.data(),  aux_index.data(),
        aux_value.data(), residual.data(), aux_error.data(), item_error.data(), 0.0f};
    TrainCounts counts{};
    counts.fired = fired.data();
    TrainStep step{};
    step.dim = dim;
    step.dict = dict;
    step.selection = TrainSelection::kTopK;
    step.k = 4;
    step.nested_end = nested.data();
    step.nested_count = 2;
    step.item_scale = kItemScale;
    kernels->accumulate(step, w.view(), x.data(), targets.data(), rows, &scratch, g.view(),
                        &counts);
    CHECK(counts.active == doctest::Approx(4 * rows));
    CHECK(counts.squared_error ==
          doctest::Approx(top_k_loss(w, x, targets, 0, rows, dim, dict, 4, {dict})).epsilon(1e-4));
    const auto check = [&](std::vector<float>& weights, const std::vector<float>& gradient) {
      for (size_t i = 0; i < weights.size(); ++i) {
        const float before = weights[i];
        constexpr float kDelta = 1e-4f;
        weights[i] = before + kDelta;
        const float up = weights[i];
        const double above = top_k_loss(w, x, targets, kItemScale, rows, dim, dict, 4, nested);
        weights[i] = before - kDelta;
        const double width = static_cast<double>(up) - static_cast<double>(weights[i]);
        const double below = top_k_loss(w, x, targets, kItemScale, rows, dim, dict, 4, nested);
        weights[i] = before;
        CHECK(static_cast<double>(gradient[i]) ==
              doctest::Approx((above - below) / width).epsilon(2e-3));
      }
    };
    check(w.encoder, g.encoder);
    check(w.encoder_bias, g.encoder_bias);
    check(w.decoder, g.decoder);
    check(w.decoder_bias, g.decoder_bias);
    check(w.item_decoder, g.item_decoder);
    check(w.item_bias, g.item_bias);
  }
}

}  // namespace
}  // namespace pintle::converter
