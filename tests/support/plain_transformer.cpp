// SPDX-License-Identifier: Apache-2.0
#include "support/plain_transformer.h"

#include <cmath>
#include <random>

namespace pintle::converter {
namespace {

Doubles plain_apply(const PlainLinear& linear, const Doubles& x) {
  return plain_scores(x, linear.weight, linear.bias);
}

// Of slot `at` over all that are no pads.
Doubles attend(const PlainBlock& block, size_t heads, const std::vector<PlainSlot>& slots,
               const std::vector<Doubles>& normed, size_t at) {
  const Doubles query = plain_apply(block.query, normed[at]);
  const size_t width = query.size() / heads;
  Doubles mixed(query.size());
  for (size_t first = 0; first < query.size(); first += width) {
    double total = 0;
    Doubles head(width);
    for (size_t s = 0; s < slots.size(); ++s) {
      if (slots[s].is_pad) continue;
      const Doubles key = plain_apply(block.key, normed[s]),
                    value = plain_apply(block.value, normed[s]);
      double dot = 0;
      for (size_t c = first; c < first + width; ++c) dot += query[c] * key[c];
      const double weight = std::exp(dot / std::sqrt(static_cast<double>(width)));
      total += weight;
      for (size_t c = 0; c < width; ++c) head[c] += weight * value[first + c];
    }
    for (size_t c = 0; c < width; ++c) mixed[first + c] = total > 0 ? head[c] / total : 0;
  }
  return plain_apply(block.output, mixed);
}

}  // namespace

Doubles wide_values(const SyntheticCheckpoint& made, const std::string& name) {
  const std::vector<float> values = made.values(name);
  return {values.begin(), values.end()};
}

Doubles wide_row(const SyntheticCheckpoint& made, const std::string& name, int64_t row) {
  const std::vector<float> values = made.row(name, row);
  return {values.begin(), values.end()};
}

Doubles sum_of(Doubles a, const Doubles& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

void randomize(SyntheticCheckpoint* made, const std::string& gain, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::string> names;
  for (const auto& [name, unused] : made->checkpoint.tensors) names.push_back(name);
  for (const std::string& name : names) {
    const float mean = name.find(gain) != std::string::npos ? 1.0f : 0.0f;
    std::normal_distribution<float> distribution(mean, 0.4f);
    std::vector<float> values = made->values(name);
    for (float& value : values) value = distribution(random);
    made->fill(name, values);
  }
}

PlainLinear plain_linear(const SyntheticCheckpoint& made, const std::string& stem) {
  return {wide_values(made, stem + ".weight"), wide_values(made, stem + ".bias")};
}

PlainLinear plain_rows(const SyntheticCheckpoint& made, const std::string& weight,
                       const std::string& bias, size_t first, size_t count) {
  const Doubles all = wide_values(made, weight), biases = wide_values(made, bias);
  const size_t cols = all.size() / biases.size();
  PlainLinear part;
  for (size_t i = first * cols; i < (first + count) * cols; ++i) part.weight.push_back(all[i]);
  for (size_t i = first; i < first + count; ++i) part.bias.push_back(biases[i]);
  return part;
}

Doubles plain_apply(const PlainNorm& norm, const Doubles& x) {
  const double count = static_cast<double>(x.size());
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / count;
  for (const double v : x) squares += (v - mean) * (v - mean);
  const double divisor = norm.unbiased_std ? std::sqrt(squares / (count - 1)) + norm.eps
                                           : std::sqrt(squares / count + norm.eps);
  Doubles y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = norm.gain[i] * (x[i] - mean) / divisor + (norm.bias.empty() ? 0 : norm.bias[i]);
  }
  return y;
}

Doubles PlainTransformer::run(std::vector<PlainSlot> slots) const {
  for (const PlainBlock& block : blocks) {
    std::vector<Doubles> normed;
    for (const PlainSlot& slot : slots) {
      normed.push_back(plain_apply(block.attention_norm, slot.state));
    }
    for (size_t s = 0; s < slots.size(); ++s) {
      Doubles& x = slots[s].state;
      x = sum_of(x, attend(block, heads, slots, normed, s));
      Doubles inner = plain_apply(block.ffn_in, plain_apply(block.ffn_norm, x));
      for (double& v : inner) v = activation(v);
      x = sum_of(x, plain_apply(block.ffn_out, inner));
    }
  }
  return slots.back().state;
}

double gelu_erf(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }

double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

Doubles plain_scores(const Doubles& state, const Doubles& table, const Doubles& bias) {
  Doubles scores(table.size() / state.size());
  for (size_t r = 0; r < scores.size(); ++r) {
    scores[r] = bias.empty() ? 0 : bias[r];
    for (size_t c = 0; c < state.size(); ++c) scores[r] += state[c] * table[r * state.size() + c];
  }
  return scores;
}

}  // namespace pintle::converter
