// SPDX-License-Identifier: Apache-2.0
#include "converter/network/sae.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void check_size(const std::string& source, const char* what, int64_t have, int64_t want) {
  if (have == want) return;
  throw Error(source + ": the SAE's " + what + " holds " + std::to_string(have) +
              " numbers, expected " + std::to_string(want));
}

void check_finite(const std::string& source, const char* what, const std::vector<float>& values) {
  if (std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) return;
  throw Error(source + ": the SAE's " + what + " holds a value that is not finite");
}

// The k largest of `pre`; on a tie the lower index.
SparseFeatures top_k(const float* pre, int64_t dict, int64_t k) {
  std::vector<uint32_t> order(dict);
  for (int64_t j = 0; j < dict; ++j) order[j] = static_cast<uint32_t>(j);
  std::nth_element(
      order.begin(), order.begin() + (k - 1), order.end(),
      [pre](uint32_t a, uint32_t b) { return pre[a] > pre[b] || (pre[a] == pre[b] && a < b); });
  order.resize(k);
  std::sort(order.begin(), order.end());
  SparseFeatures features;
  for (uint32_t j : order) {
    if (!(pre[j] > 0)) continue;
    features.index.push_back(j);
    features.value.push_back(pre[j]);
  }
  return features;
}

}  // namespace

const char* sae_activation_name(SaeActivation activation) {
  switch (activation) {
    case SaeActivation::kRelu:
      return "relu";
    case SaeActivation::kTopK:
      return "topk";
    case SaeActivation::kJumpRelu:
      break;
  }
  return "jumprelu";
}

void check_sae(const SaeWeights& sae, const std::string& source) {
  if (sae.dim <= 0 || sae.dict <= 0) throw Error(source + ": the SAE is empty");
  const auto size = [](const std::vector<float>& v) { return static_cast<int64_t>(v.size()); };
  check_size(source, "encoder", size(sae.encoder.values), sae.dict * sae.dim);
  check_size(source, "encoder bias", size(sae.encoder_bias), sae.dict);
  check_size(source, "decoder", size(sae.decoder.values), sae.dict * sae.dim);
  check_size(source, "decoder bias", size(sae.decoder_bias), sae.dim);
  check_size(source, "threshold", size(sae.threshold),
             sae.activation == SaeActivation::kJumpRelu ? sae.dict : 0);
  check_size(source, "stability", size(sae.stability), sae.stability.empty() ? 0 : sae.dict);
  check_finite(source, "encoder", sae.encoder.values);
  check_finite(source, "encoder bias", sae.encoder_bias);
  check_finite(source, "decoder", sae.decoder.values);
  check_finite(source, "decoder bias", sae.decoder_bias);
  check_finite(source, "threshold", sae.threshold);
  check_finite(source, "stability", sae.stability);
  if (sae.activation == SaeActivation::kTopK && (sae.k < 1 || sae.k > sae.dict)) {
    throw Error(source + ": k = " + std::to_string(sae.k) + " is out of range for " +
                std::to_string(sae.dict) + " features");
  }
}

void check_sae_fits(const SaeWeights& sae, int64_t dim, int64_t block_count,
                    const std::string& source) {
  if (sae.dim != dim) {
    throw Error(source + ": the SAE was trained on activations of width " +
                std::to_string(sae.dim) + ", the model's are " + std::to_string(dim) + " wide");
  }
  if (sae.hook.place != HookPlace::kLast && sae.hook.index >= block_count) {
    throw Error(source + ": the SAE's hook is " + hook_name(sae.hook) + ", but the model has " +
                std::to_string(block_count) + " blocks, counted from 0");
  }
}

void pre_activations(const SaeWeights& sae, const float* x, int64_t rows, float* pre) {
  const Eigen::Map<const RowMatrix> encoder(sae.encoder.values.data(), sae.dict, sae.dim);
  const Eigen::Map<const Eigen::RowVectorXf> bias(sae.encoder_bias.data(), sae.dict);
  const Eigen::Map<const RowMatrix> in(x, rows, sae.dim);
  Eigen::Map<RowMatrix> out(pre, rows, sae.dict);
  out.noalias() = in * encoder.transpose();
  out.rowwise() += bias;
}

SparseFeatures activate(const SaeWeights& sae, const float* pre) {
  if (sae.activation == SaeActivation::kTopK) return top_k(pre, sae.dict, sae.k);
  const bool jump = sae.activation == SaeActivation::kJumpRelu;
  SparseFeatures features;
  for (int64_t j = 0; j < sae.dict; ++j) {
    const float floor = jump ? std::max(sae.threshold[j], 0.0f) : 0.0f;
    if (!(pre[j] > floor)) continue;
    features.index.push_back(static_cast<uint32_t>(j));
    features.value.push_back(pre[j]);
  }
  return features;
}

SparseFeatures encode(const SaeWeights& sae, const float* x) {
  std::vector<float> pre(sae.dict);
  pre_activations(sae, x, 1, pre.data());
  return activate(sae, pre.data());
}

void decode(const SaeWeights& sae, const SparseFeatures& features, float* x_hat) {
  Eigen::Map<Eigen::VectorXf> out(x_hat, sae.dim);
  out = Eigen::Map<const Eigen::VectorXf>(sae.decoder_bias.data(), sae.dim);
  for (size_t i = 0; i < features.index.size(); ++i) {
    out += features.value[i] *
           Eigen::Map<const Eigen::VectorXf>(sae.decoder.row(features.index[i]), sae.dim);
  }
}

}  // namespace pintle::converter
