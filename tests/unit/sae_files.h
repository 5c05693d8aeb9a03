// SPDX-License-Identifier: Apache-2.0
//
// Small random SAEs, written as the tools write them, and checked against a tool's formula.
#ifndef PINTLE_TESTS_UNIT_SAE_FILES_H_
#define PINTLE_TESTS_UNIT_SAE_FILES_H_

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "converter/import/sae_formats.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/torch_files.h"

namespace pintle::converter {

using nlohmann::json;
using Vector = std::vector<double>;

constexpr int64_t kDim = 6, kDict = 20;

struct FileTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

inline std::string safetensors(const std::vector<FileTensor>& tensors) {
  json head = json::object();
  std::string data;
  for (const FileTensor& tensor : tensors) {
    const size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * 4);
    head[tensor.name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = head.dump();
  uint64_t size = text.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + text + data;
}

// The weights of one SAE in no tool's form: rows are features.
struct Raw {
  Matrix encoder{kDict, kDim, {}}, decoder{kDict, kDim, {}};
  std::vector<float> encoder_bias, decoder_bias, gate_bias, r_mag, threshold;

  explicit Raw(uint32_t seed = 1) {
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal(0, 0.7f);
    const auto fill = [&](std::vector<float>* values, int64_t n) {
      for (int64_t i = 0; i < n; ++i) values->push_back(normal(engine));
    };
    fill(&encoder.values, kDict * kDim);
    fill(&decoder.values, kDict * kDim);
    fill(&encoder_bias, kDict);
    fill(&decoder_bias, kDim);
    fill(&gate_bias, kDict);
    fill(&r_mag, kDict);
    fill(&threshold, kDict);
    for (float& t : threshold) t = std::abs(t);
  }

  // W x + b, with `shift` taken off x first.
  Vector pre(const Vector& x, const std::vector<float>& bias, bool shift) const {
    Vector out;
    for (int64_t j = 0; j < kDict; ++j) {
      double sum = bias[j];
      for (int64_t d = 0; d < kDim; ++d) {
        sum += encoder.row(j)[d] * (x[d] - (shift ? decoder_bias[d] : 0.0f));
      }
      out.push_back(sum);
    }
    return out;
  }
  Vector decode(const Vector& f) const {
    Vector out(decoder_bias.begin(), decoder_bias.end());
    for (int64_t j = 0; j < kDict; ++j) {
      for (int64_t d = 0; d < kDim; ++d) out[d] += f[j] * decoder.row(j)[d];
    }
    return out;
  }
  double norm(int64_t j) const {
    double sum = 0;
    for (int64_t d = 0; d < kDim; ++d) sum += decoder.row(j)[d] * decoder.row(j)[d];
    return std::sqrt(sum);
  }
};

inline std::vector<float> transpose(const Matrix& m) {
  std::vector<float> out(m.values.size());
  for (int64_t r = 0; r < m.rows; ++r) {
    for (int64_t c = 0; c < m.cols; ++c) out[c * m.rows + r] = m.row(r)[c];
  }
  return out;
}

inline Vector relu(Vector v) {
  for (double& value : v) value = std::max(value, 0.0);
  return v;
}

inline Vector top_k(const Vector& v, size_t k) {
  Vector sorted = v;
  std::sort(sorted.rbegin(), sorted.rend());
  Vector out = v;
  for (double& value : out) value = value >= sorted[k - 1] ? value : 0;
  return out;
}

struct Expected {
  Vector features, output;
};

// The SAE must do to random inputs what `tool` says.
inline void check_like(const SaeWeights& sae, const std::function<Expected(const Vector&)>& tool) {
  REQUIRE(sae.dim == kDim);
  REQUIRE(sae.dict == kDict);
  std::mt19937 engine(7);
  std::normal_distribution<float> normal(0, 1.5f);
  int64_t on = 0;
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<float> x(kDim), x_hat(kDim);
    for (float& v : x) v = normal(engine);
    const Expected expected = tool(Vector(x.begin(), x.end()));
    const SparseFeatures features = encode(sae, x.data());
    Vector dense(kDict);
    for (size_t i = 0; i < features.index.size(); ++i) {
      dense[features.index[i]] = features.value[i];
    }
    for (int64_t j = 0; j < kDict; ++j) {
      CAPTURE(j);
      CHECK((dense[j] > 0) == (expected.features[j] > 0));
      CHECK(dense[j] == doctest::Approx(expected.features[j]).epsilon(1e-4));
      on += dense[j] > 0 ? 1 : 0;
    }
    decode(sae, features, x_hat.data());
    for (int64_t d = 0; d < kDim; ++d) {
      CHECK(static_cast<double>(x_hat[d]) == doctest::Approx(expected.output[d]).epsilon(1e-4));
    }
  }
  CHECK(on > 50);
  CHECK(on < 50 * kDict);
}

inline json saelens_cfg(const char* architecture) {
  return {{"architecture", architecture},
          {"d_in", kDim},
          {"d_sae", kDict},
          {"apply_b_dec_to_input", true},
          {"normalize_activations", "none"},
          {"metadata", {{"hook_name", "blocks.1.hook_resid_post"}, {"model_name", "toy"}}}};
}

inline std::vector<FileTensor> saelens_weights(const Raw& raw) {
  return {{"W_enc", {kDim, kDict}, transpose(raw.encoder)},
          {"W_dec", {kDict, kDim}, raw.decoder.values},
          {"b_enc", {kDict}, raw.encoder_bias},
          {"b_dec", {kDim}, raw.decoder_bias}};
}

inline std::string write_folder(const test::ScratchDir& dir, const json& cfg,
                                const std::vector<FileTensor>& tensors) {
  dir.write("cfg.json", cfg.dump());
  const std::string file = dir.write("sae_weights.safetensors", safetensors(tensors));
  return file.substr(0, file.rfind('/'));
}

// (x W + b_gate > 0) * relu(x (W exp(r_mag)) + b_mag), with x less b_dec.
inline Vector gated(const Raw& raw, const Vector& x) {
  const Vector gate = raw.pre(x, raw.gate_bias, true);
  Vector f(kDict);
  for (int64_t j = 0; j < kDict; ++j) {
    const double product = gate[j] - raw.gate_bias[j];
    const double magnitude = std::exp(raw.r_mag[j]) * product + raw.encoder_bias[j];
    f[j] = gate[j] > 0 ? std::max(magnitude, 0.0) : 0;
  }
  return f;
}

// ae.pt is read by content, so safetensors stand in for the pickle.
inline std::string dictionary_folder(const test::ScratchDir& dir, const char* dict_class,
                                     const std::vector<FileTensor>& tensors,
                                     const json& more = {}) {
  json trainer = {{"dict_class", dict_class},
                  {"activation_dim", kDim},
                  {"dict_size", kDict},
                  {"layer", 1},
                  {"submodule_name", "h.1 output"}};
  trainer.update(more.is_null() ? json::object() : more);
  dir.write("config.json", json{{"trainer", trainer}, {"buffer", json::object()}}.dump());
  const std::string file = dir.write("ae.pt", safetensors(tensors));
  return file.substr(0, file.rfind('/'));
}

inline std::vector<FileTensor> linear_layers(const Raw& raw, const char* bias) {
  return {{"encoder.weight", {kDict, kDim}, raw.encoder.values},
          {"encoder.bias", {kDict}, raw.encoder_bias},
          {"decoder.weight", {kDim, kDict}, transpose(raw.decoder)},
          {bias, {kDim}, raw.decoder_bias}};
}

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_UNIT_SAE_FILES_H_
