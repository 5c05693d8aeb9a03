// SPDX-License-Identifier: Apache-2.0
//
// Each format's semantics against the formula of the tool that writes it, on small random SAEs.
#include "converter/import/sae_formats.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "converter/io/error.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/torch_files.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using Vector = std::vector<double>;

constexpr int64_t kDim = 6, kDict = 20;

struct FileTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

std::string safetensors(const std::vector<FileTensor>& tensors) {
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

std::vector<float> transpose(const Matrix& m) {
  std::vector<float> out(m.values.size());
  for (int64_t r = 0; r < m.rows; ++r) {
    for (int64_t c = 0; c < m.cols; ++c) out[c * m.rows + r] = m.row(r)[c];
  }
  return out;
}

Vector relu(Vector v) {
  for (double& value : v) value = std::max(value, 0.0);
  return v;
}

Vector top_k(const Vector& v, size_t k) {
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
void check_like(const SaeWeights& sae, const std::function<Expected(const Vector&)>& tool) {
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

json saelens_cfg(const char* architecture) {
  return {{"architecture", architecture},
          {"d_in", kDim},
          {"d_sae", kDict},
          {"apply_b_dec_to_input", true},
          {"normalize_activations", "none"},
          {"metadata", {{"hook_name", "blocks.1.hook_resid_post"}, {"model_name", "toy"}}}};
}

std::vector<FileTensor> saelens_weights(const Raw& raw) {
  return {{"W_enc", {kDim, kDict}, transpose(raw.encoder)},
          {"W_dec", {kDict, kDim}, raw.decoder.values},
          {"b_enc", {kDict}, raw.encoder_bias},
          {"b_dec", {kDim}, raw.decoder_bias}};
}

std::string write_folder(const test::ScratchDir& dir, const json& cfg,
                         const std::vector<FileTensor>& tensors) {
  dir.write("cfg.json", cfg.dump());
  const std::string file = dir.write("sae_weights.safetensors", safetensors(tensors));
  return file.substr(0, file.rfind('/'));
}

TEST_CASE("SAELens standard, with and without b_dec on the input") {
  const Raw raw;
  for (const bool subtract : {true, false}) {
    const test::ScratchDir dir;
    json cfg = saelens_cfg("standard");
    cfg["apply_b_dec_to_input"] = subtract;
    const SaeWeights sae = read_sae(write_folder(dir, cfg, saelens_weights(raw)));
    CHECK(sae.activation == SaeActivation::kRelu);
    CHECK(sae.hook == Hook{HookPlace::kBlock, 1});
    CHECK(sae.model_name == "toy");
    check_like(sae, [&](const Vector& x) {
      const Vector f = relu(raw.pre(x, raw.encoder_bias, subtract));
      return Expected{f, raw.decode(f)};
    });
  }
}

TEST_CASE("SAELens top-k, v6, earlier, and rescaled by decoder norms") {
  const Raw raw;
  const test::ScratchDir dir;
  json cfg = saelens_cfg("topk");
  cfg["k"] = 5;
  std::vector<FileTensor> tensors = saelens_weights(raw);
  SUBCASE("v6") {}
  SUBCASE("flat keys of earlier versions") {
    cfg = {{"d_in", kDim},
           {"d_sae", kDict},
           {"activation_fn_str", "topk"},
           {"activation_fn_kwargs", {{"k", 5}}},
           {"apply_b_dec_to_input", true},
           {"normalize_activations", false},
           {"hook_point", "blocks.1.hook_resid_post"}};
  }
  const SaeWeights sae = read_sae(write_folder(dir, cfg, tensors));
  CHECK(sae.activation == SaeActivation::kTopK);
  CHECK(sae.k == 5);
  check_like(sae, [&](const Vector& x) {
    const Vector f = relu(top_k(raw.pre(x, raw.encoder_bias, true), 5));
    return Expected{f, raw.decode(f)};
  });
  cfg["rescale_acts_by_decoder_norm"] = true;
  cfg["architecture"] = "topk";
  check_like(read_sae(write_folder(dir, cfg, tensors)), [&](const Vector& x) {
    Vector f = raw.pre(x, raw.encoder_bias, true);
    for (int64_t j = 0; j < kDict; ++j) f[j] *= raw.norm(j);
    f = relu(top_k(f, 5));
    Vector decoded = f;
    for (int64_t j = 0; j < kDict; ++j) decoded[j] /= raw.norm(j);
    return Expected{f, raw.decode(decoded)};
  });
}

TEST_CASE("SAELens jumprelu, with the scaling factor of fine-tuning") {
  const Raw raw;
  const test::ScratchDir dir;
  std::vector<FileTensor> tensors = saelens_weights(raw);
  tensors.push_back({"threshold", {kDict}, raw.threshold});
  std::vector<float> factor;
  for (int64_t j = 0; j < kDict; ++j) factor.push_back(0.5f + 0.1f * static_cast<float>(j));
  tensors.push_back({"scaling_factor", {kDict}, factor});
  const SaeWeights sae = read_sae(write_folder(dir, saelens_cfg("jumprelu"), tensors));
  check_like(sae, [&](const Vector& x) {
    Vector f = raw.pre(x, raw.encoder_bias, true);
    for (int64_t j = 0; j < kDict; ++j) f[j] = f[j] > raw.threshold[j] ? f[j] : 0;
    Vector decoded = f;
    for (int64_t j = 0; j < kDict; ++j) decoded[j] *= factor[j];
    return Expected{f, raw.decode(decoded)};
  });
}

// (x W + b_gate > 0) * relu(x (W exp(r_mag)) + b_mag), with x less b_dec.
Vector gated(const Raw& raw, const Vector& x) {
  const Vector gate = raw.pre(x, raw.gate_bias, true);
  Vector f(kDict);
  for (int64_t j = 0; j < kDict; ++j) {
    const double product = gate[j] - raw.gate_bias[j];
    const double magnitude = std::exp(raw.r_mag[j]) * product + raw.encoder_bias[j];
    f[j] = gate[j] > 0 ? std::max(magnitude, 0.0) : 0;
  }
  return f;
}

TEST_CASE("SAELens gated becomes a jump ReLU") {
  const Raw raw;
  const test::ScratchDir dir;
  const std::vector<FileTensor> tensors = {{"W_enc", {kDim, kDict}, transpose(raw.encoder)},
                                           {"W_dec", {kDict, kDim}, raw.decoder.values},
                                           {"b_dec", {kDim}, raw.decoder_bias},
                                           {"b_gate", {kDict}, raw.gate_bias},
                                           {"b_mag", {kDict}, raw.encoder_bias},
                                           {"r_mag", {kDict}, raw.r_mag}};
  const SaeWeights sae = read_sae(write_folder(dir, saelens_cfg("gated"), tensors));
  CHECK(sae.activation == SaeActivation::kJumpRelu);
  check_like(sae, [&](const Vector& x) {
    const Vector f = gated(raw, x);
    return Expected{f, raw.decode(f)};
  });
}

TEST_CASE("SAELens expected_average_only_in folds the factor beside it") {
  const Raw raw;
  const test::ScratchDir dir;
  json cfg = saelens_cfg("standard");
  cfg["normalize_activations"] = "expected_average_only_in";
  const std::string folder = write_folder(dir, cfg, saelens_weights(raw));
  CHECK_THROWS_WITH_AS(read_sae(folder), doctest::Contains("activation_scaler.json"), Error);
  dir.write("activation_scaler.json", R"({"scaling_factor": 2.5})");
  check_like(read_sae(folder), [&](Vector x) {
    for (double& v : x) v *= 2.5;
    const Vector f = relu(raw.pre(x, raw.encoder_bias, true));
    Vector out = raw.decode(f);
    for (double& v : out) v /= 2.5;
    return Expected{f, out};
  });
}

TEST_CASE("SAELens: what cannot be folded is refused by its name") {
  const Raw raw;
  const test::ScratchDir dir;
  json cfg = saelens_cfg("standard");
  const auto refuses = [&](const char* key, const json& value, const char* word) {
    json bad = cfg;
    bad[key] = value;
    CAPTURE(key);
    CHECK_THROWS_WITH_AS(read_sae(write_folder(dir, bad, saelens_weights(raw))),
                         doctest::Contains(word), Error);
  };
  refuses("normalize_activations", "constant_norm_rescale", "constant_norm_rescale");
  refuses("normalize_activations", "layer_norm", "layer_norm");
  refuses("normalize_activations", "novel", "novel");
  refuses("normalize_activations", 3, "wrong type");
  refuses("architecture", "temporal", "temporal");
  refuses("architecture", "jumprelu", "'threshold' is missing");
  refuses("activation_fn_str", "tanh-relu", "tanh-relu");
  refuses("reshape_activations", "hook_z", "hook_z");
  refuses("hook_head_index", 3, "hook_head_index");
  refuses("metadata", {{"hook_name", "blocks.0.hook_resid_pre"}}, "hook_resid_pre");
  refuses("metadata", {{"hook_name", "blocks.0.hook_resid_post"}, {"hook_name_out", "x"}},
          "transcoder");
  refuses("metadata", json::object(), "--hook");
  refuses("d_sae", kDict + 1, "shape");
  refuses("d_in", "six", "wrong type");
  refuses("architecture", "topk", "--k");
}

TEST_CASE("SAELens: broken files") {
  const Raw raw;
  const test::ScratchDir dir;
  const std::string folder = write_folder(dir, saelens_cfg("standard"), saelens_weights(raw));
  CHECK_THROWS_AS(read_sae(folder + "/missing"), Error);
  dir.write("cfg.json", "{\"architecture\": ");
  CHECK_THROWS_WITH_AS(read_sae(folder), doctest::Contains("no JSON object"), Error);
  Raw holed;
  holed.decoder.values[17] = std::nanf("");
  write_folder(dir, saelens_cfg("standard"), saelens_weights(holed));
  CHECK_THROWS_WITH_AS(read_sae(folder), doctest::Contains("not finite"), Error);
  json cfg = saelens_cfg("topk");
  for (const double k : {0.0, 2.5, 21.0, -1.0}) {
    cfg["k"] = k;
    CHECK_THROWS_AS(read_sae(write_folder(dir, cfg, saelens_weights(raw))), Error);
  }
}

TEST_CASE("the user's hook and k win") {
  const Raw raw;
  const test::ScratchDir dir;
  json cfg = saelens_cfg("topk");
  cfg["k"] = 5;
  SaeImportOptions options;
  options.hook = Hook{HookPlace::kLast, 0};
  options.k = 3;
  const SaeWeights sae = read_sae(write_folder(dir, cfg, saelens_weights(raw)), options);
  CHECK(sae.hook == *options.hook);
  CHECK(sae.k == 3);
}

TEST_CASE("sparsify: hook from the folder's name, refusals by name") {
  const Raw raw;
  const test::ScratchDir dir;
  std::filesystem::create_directory(dir.path("h.1.mlp"));
  const auto write = [&](const json& cfg, bool skip) {
    std::vector<FileTensor> tensors = {{"encoder.weight", {kDict, kDim}, raw.encoder.values},
                                       {"encoder.bias", {kDict}, raw.encoder_bias},
                                       {"W_dec", {kDict, kDim}, raw.decoder.values},
                                       {"b_dec", {kDim}, raw.decoder_bias}};
    if (skip) {
      tensors.push_back({"W_skip", {kDim, kDim}, std::vector<float>(kDim * kDim, 0.0f)});
    }
    dir.write("h.1.mlp/cfg.json", cfg.dump());
    dir.write("h.1.mlp/sae.safetensors", safetensors(tensors));
    return dir.path("h.1.mlp");
  };
  const json cfg = {{"d_in", kDim}, {"k", 4}, {"expansion_factor", 32}, {"num_latents", kDict}};
  const SaeWeights sae = read_sae(write(cfg, false) + "/");
  CHECK(sae.hook == Hook{HookPlace::kMlp, 1});
  check_like(sae, [&](const Vector& x) {
    const Vector f = top_k(relu(raw.pre(x, raw.encoder_bias, true)), 4);
    return Expected{f, raw.decode(f)};
  });
  const auto refuses = [&](const char* key, const json& value, const char* word) {
    json bad = cfg;
    bad[key] = value;
    CHECK_THROWS_WITH_AS(read_sae(write(bad, false)), doctest::Contains(word), Error);
  };
  refuses("activation", "groupmax", "groupmax");
  refuses("transcode", true, "transcoder");
  refuses("skip_connection", true, "skip");
  refuses("signed", true, "signed");
  refuses("d_in", kDim + 1, "d_in");
  refuses("num_latents", kDict + 1, "features");
  CHECK_THROWS_WITH_AS(read_sae(write(cfg, true)), doctest::Contains("W_skip"), Error);
}

// ae.pt is read by content, so safetensors stand in for the pickle.
std::string dictionary_folder(const test::ScratchDir& dir, const char* dict_class,
                              const std::vector<FileTensor>& tensors, const json& more = {}) {
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

std::vector<FileTensor> linear_layers(const Raw& raw, const char* bias) {
  return {{"encoder.weight", {kDict, kDim}, raw.encoder.values},
          {"encoder.bias", {kDict}, raw.encoder_bias},
          {"decoder.weight", {kDim, kDict}, transpose(raw.decoder)},
          {bias, {kDim}, raw.decoder_bias}};
}

TEST_CASE("dictionary_learning AutoEncoder and AutoEncoderNew, with normalization.json") {
  const Raw raw;
  for (const bool old : {true, false}) {
    const test::ScratchDir dir;
    const std::string folder = dictionary_folder(dir, old ? "AutoEncoder" : "AutoEncoderNew",
                                                 linear_layers(raw, old ? "bias" : "decoder.bias"));
    const auto tool = [&](const Vector& x) {
      const Vector f = relu(raw.pre(x, raw.encoder_bias, old));
      return Expected{f, raw.decode(f)};
    };
    const SaeWeights sae = read_sae(folder);
    CHECK(sae.activation == SaeActivation::kRelu);
    CHECK(sae.hook == Hook{HookPlace::kBlock, 1});
    check_like(sae, tool);
    dir.write("normalization.json", R"({"mean": -0.3, "std": 0.6})");
    check_like(read_sae(folder), [&](Vector x) {
      for (double& v : x) v = (v + 0.3) / 0.6;
      Expected expected = tool(x);
      for (double& v : expected.output) v = v * 0.6 - 0.3;
      return expected;
    });
    dir.write("normalization.json", R"({"mean": 0, "std": 0})");
    CHECK_THROWS_WITH_AS(read_sae(folder), doctest::Contains("std"), Error);
  }
}

TEST_CASE("dictionary_learning top-k and the thresholds of BatchTopK") {
  const Raw raw;
  const test::ScratchDir dir;
  std::vector<FileTensor> tensors = linear_layers(raw, "b_dec");
  tensors.push_back({"k", {}, {4}});
  tensors.push_back({"threshold", {}, {-1}});
  check_like(read_sae(dictionary_folder(dir, "AutoEncoderTopK", tensors)), [&](const Vector& x) {
    const Vector f = top_k(relu(raw.pre(x, raw.encoder_bias, true)), 4);
    return Expected{f, raw.decode(f)};
  });
  CHECK_THROWS_WITH_AS(read_sae(dictionary_folder(dir, "AutoEncoderTopK", tensors, {{"k", 5}})),
                       doctest::Contains("disagree"), Error);
  CHECK_THROWS_WITH_AS(read_sae(dictionary_folder(dir, "BatchTopKSAE", tensors)),
                       doctest::Contains("never set"), Error);
  const auto above = [&](const Vector& x) {
    Vector f = relu(raw.pre(x, raw.encoder_bias, true));
    for (double& v : f) v = v > 1.25 ? v : 0;
    return Expected{f, raw.decode(f)};
  };
  tensors.back().values = {1.25f};
  check_like(read_sae(dictionary_folder(dir, "BatchTopKSAE", tensors)), above);
  const std::vector<FileTensor> matryoshka = {{"W_enc", {kDim, kDict}, transpose(raw.encoder)},
                                              {"b_enc", {kDict}, raw.encoder_bias},
                                              {"W_dec", {kDict, kDim}, raw.decoder.values},
                                              {"b_dec", {kDim}, raw.decoder_bias},
                                              {"threshold", {}, {1.25f}}};
  check_like(read_sae(dictionary_folder(dir, "MatryoshkaBatchTopKSAE", matryoshka)), above);
}

TEST_CASE("dictionary_learning gated and jump ReLU scale features by decoder norms") {
  const Raw raw;
  const auto scaled = [&](const Vector& f) {
    Vector out = f;
    for (int64_t j = 0; j < kDict; ++j) out[j] *= raw.norm(j);
    return Expected{out, raw.decode(f)};
  };
  const test::ScratchDir dir;
  const std::vector<FileTensor> gate = {{"encoder.weight", {kDict, kDim}, raw.encoder.values},
                                        {"decoder.weight", {kDim, kDict}, transpose(raw.decoder)},
                                        {"decoder_bias", {kDim}, raw.decoder_bias},
                                        {"gate_bias", {kDict}, raw.gate_bias},
                                        {"mag_bias", {kDict}, raw.encoder_bias},
                                        {"r_mag", {kDict}, raw.r_mag}};
  check_like(read_sae(dictionary_folder(dir, "GatedAutoEncoder", gate)),
             [&](const Vector& x) { return scaled(gated(raw, x)); });
  const std::vector<FileTensor> jump = {{"W_enc", {kDim, kDict}, transpose(raw.encoder)},
                                        {"b_enc", {kDict}, raw.encoder_bias},
                                        {"W_dec", {kDict, kDim}, raw.decoder.values},
                                        {"b_dec", {kDim}, raw.decoder_bias},
                                        {"threshold", {kDict}, raw.threshold}};
  check_like(read_sae(dictionary_folder(dir, "JumpReluAutoEncoder", jump)), [&](const Vector& x) {
    Vector f = raw.pre(x, raw.encoder_bias, false);
    for (int64_t j = 0; j < kDict; ++j) f[j] = f[j] > raw.threshold[j] ? f[j] : 0;
    return scaled(f);
  });
  CHECK_THROWS_WITH_AS(read_sae(dictionary_folder(dir, "CrossCoder", jump)),
                       doctest::Contains("CrossCoder"), Error);
}

TEST_CASE("RecSAE inside a model's checkpoint") {
  const Raw raw;
  const test::ScratchDir dir;
  const std::vector<FileTensor> tensors = {
      {"i_embeddings.weight", {3, kDim}, std::vector<float>(3 * kDim, 0.0f)},
      {"sae_module.encoder.weight", {kDict, kDim}, raw.encoder.values},
      {"sae_module.encoder.bias", {kDict}, raw.encoder_bias},
      {"sae_module.W_dec", {kDict, kDim}, raw.decoder.values},
      {"sae_module.b_dec", {kDim}, raw.decoder_bias}};
  const std::string file = dir.write("model.pt", safetensors(tensors));
  CHECK_THROWS_WITH_AS(read_sae(file), doctest::Contains("--k"), Error);
  SaeImportOptions options;
  options.k = 4;
  const SaeWeights sae = read_sae(file, options);
  CHECK(sae.hook == Hook{HookPlace::kLast, 0});
  check_like(sae, [&](const Vector& x) {
    const Vector f = top_k(relu(raw.pre(x, raw.encoder_bias, true)), 4);
    return Expected{f, raw.decode(f)};
  });
  const std::string plain = dir.write("plain.pt", safetensors({tensors[0]}));
  CHECK_THROWS_WITH_AS(read_sae(plain), doctest::Contains("no SAE"), Error);
  const std::string openai =
      dir.write("openai.pt", safetensors({{"pre_bias", {kDim}, raw.decoder_bias},
                                          {"latent_bias", {kDict}, raw.encoder_bias}}));
  CHECK_THROWS_WITH_AS(read_sae(openai), doctest::Contains("sparse_autoencoder"), Error);
}

bool has_remark(const SaeWeights& sae, const std::string& part) {
  return std::any_of(sae.remarks.begin(), sae.remarks.end(), [&](const std::string& remark) {
    return remark.find(part) != std::string::npos;
  });
}

TEST_CASE("constants of the input are folded, wherever they lie") {
  const Raw raw;
  const test::ScratchDir dir;
  std::vector<float> mean, deviation;
  for (int64_t d = 0; d < kDim; ++d) {
    mean.push_back(0.5f * static_cast<float>(d) - 1);
    deviation.push_back(0.5f + 0.25f * static_cast<float>(d));
  }
  // The tool's encode() sees x less the mean; what it decodes is comparable with that.
  const auto tool = [&](const Vector& given, bool scaled) {
    Vector x = given;
    for (int64_t d = 0; d < kDim; ++d) {
      x[d] =
          (x[d] - static_cast<double>(mean[d])) / (scaled ? static_cast<double>(deviation[d]) : 1);
    }
    const Vector f = relu(raw.pre(x, raw.encoder_bias, false));
    Expected expected{f, raw.decode(f)};
    for (int64_t d = 0; d < kDim; ++d) {
      double& v = expected.output[d];
      v = v * (scaled ? static_cast<double>(deviation[d]) : 1) + static_cast<double>(mean[d]);
    }
    return expected;
  };
  const std::vector<FileTensor> layers = linear_layers(raw, "decoder.bias");
  SUBCASE("in the state") {
    std::vector<FileTensor> tensors = layers;
    tensors.push_back({"act_mean", {kDim}, mean});
    const SaeWeights sae = read_sae(dictionary_folder(dir, "AutoEncoderNew", tensors));
    check_like(sae, [&](const Vector& x) { return tool(x, false); });
    CHECK(has_remark(sae, "'act_mean' folded: taken off the activations before the encoder"));
    tensors.push_back({"act_std", {1, kDim}, deviation});
    const std::string folder = dictionary_folder(dir, "AutoEncoderNew", tensors);
    check_like(read_sae(folder), [&](const Vector& x) { return tool(x, true); });
    dir.write("normalization.json", R"({"mean": 0.1, "std": 2})");
    CHECK_THROWS_WITH_AS(read_sae(folder), doctest::Contains("both normalise"), Error);
  }
  SUBCASE("beside the state of a pickle") {
    std::vector<std::pair<std::string, std::string>> state;
    std::map<std::string, std::string> storages;
    for (const FileTensor& tensor : layers) {
      const std::string key = std::to_string(storages.size());
      state.emplace_back(tensor.name, test::pickle_tensor("Float", key, tensor.shape));
      storages[key] = test::bytes_of(tensor.values);
    }
    const auto write = [&](const std::vector<std::pair<std::string, std::string>>& beside) {
      std::vector<std::pair<std::string, std::string>> root = {
          {"state_dict", test::pickle_dict(state)}};
      root.insert(root.end(), beside.begin(), beside.end());
      const std::string folder = dictionary_folder(dir, "AutoEncoderNew", layers);
      test::write_torch_zip(folder + "/ae.pt", test::pickle_dict(root), storages);
      return folder;
    };
    storages["m"] = test::bytes_of(mean);
    const std::string tensor = test::pickle_tensor("Float", "m", {kDim});
    check_like(read_sae(write({{"act_mean", tensor}})),
               [&](const Vector& x) { return tool(x, false); });
    check_like(read_sae(write({{"mean", tensor}, {"step", test::pickle_int(7)}})),
               [&](const Vector& x) { return tool(x, false); });
    CHECK_THROWS_WITH_AS(read_sae(write({{"shift", tensor}})), doctest::Contains("'shift'"), Error);
    CHECK_THROWS_WITH_AS(read_sae(write({{"norm_factor", test::pickle_float(2)}})),
                         doctest::Contains("'norm_factor'"), Error);
    const SaeWeights told = read_sae(write(
        {{"ema", test::pickle_dict({{"bias", tensor}})}, {"note", test::pickle_string("x")}}));
    CHECK(has_remark(told, "not used: tensor 'ema.bias' beside the SAE's state, 'note' beside"));
    std::fill(mean.begin(), mean.end(), 0.75f);
    check_like(read_sae(write({{"act_mean", test::pickle_float(0.75)}})),
               [&](const Vector& x) { return tool(x, false); });
  }
  SUBCASE("in the configuration") {
    check_like(read_sae(dictionary_folder(dir, "AutoEncoderNew", layers, {{"act_mean", mean}})),
               [&](const Vector& x) { return tool(x, false); });
    CHECK_THROWS_WITH_AS(
        read_sae(dictionary_folder(dir, "AutoEncoderNew", layers, {{"act_std", "wide"}})),
        doctest::Contains("'trainer.act_std'"), Error);
  }
}

TEST_CASE("what may change an SAE and is not understood is refused, the rest is told") {
  const Raw raw;
  const test::ScratchDir dir;
  const std::vector<FileTensor> layers = linear_layers(raw, "b_dec");
  const auto folder_with = [&](const FileTensor& extra, const json& more = {}) {
    std::vector<FileTensor> tensors = layers;
    tensors.push_back({"threshold", {}, {1.25f}});
    tensors.push_back(extra);
    return dictionary_folder(dir, "BatchTopKSAE", tensors, more);
  };
  for (const FileTensor& extra :
       std::vector<FileTensor>{{"pre_bias", {kDim}, raw.decoder_bias},
                               {"temperature", {}, {2}},
                               {"feature_scale", {kDict}, raw.threshold},
                               {"W_skip", {kDim, kDim}, std::vector<float>(kDim * kDim, 0.0f)},
                               {"act_std", {kDim}, std::vector<float>(kDim, 0.0f)}}) {
    CAPTURE(extra.name);
    CHECK_THROWS_WITH_AS(read_sae(folder_with(extra)), doctest::Contains(extra.name.c_str()),
                         Error);
  }
  const SaeWeights told = read_sae(
      folder_with({"loss_history", {3}, {1, 2, 3}}, {{"lr", 0.1}, {"k", 4}, {"flavour", "odd"}}));
  REQUIRE(told.remarks.size() == 1);
  CHECK(told.remarks[0] == "not used: tensor 'loss_history', 'trainer.flavour' of config.json");
  const SaeWeights clean = read_sae(folder_with({"feature_density", {kDict}, raw.threshold}));
  CHECK(clean.remarks.empty());
  CHECK(has_remark(read_sae(folder_with({"epoch_losses", {2}, {1, 2}}, {{"norm_factor", 3.5}})),
                   "norm_factor: taken to be in the biases already"));
  // A gated SAE has no bias of the encoder.
  std::vector<FileTensor> gate = {{"encoder.weight", {kDict, kDim}, raw.encoder.values},
                                  {"encoder.bias", {kDict}, raw.encoder_bias},
                                  {"decoder.weight", {kDim, kDict}, transpose(raw.decoder)},
                                  {"decoder_bias", {kDim}, raw.decoder_bias},
                                  {"gate_bias", {kDict}, raw.gate_bias},
                                  {"mag_bias", {kDict}, raw.encoder_bias},
                                  {"r_mag", {kDict}, raw.r_mag}};
  CHECK_THROWS_WITH_AS(read_sae(dictionary_folder(dir, "GatedAutoEncoder", gate)),
                       doctest::Contains("encoder.bias"), Error);
}

TEST_CASE("SAELens: keys about training are harmless, others are named") {
  const Raw raw;
  const test::ScratchDir dir;
  json cfg = saelens_cfg("standard");
  cfg.update({{"lr", 3e-4},
              {"seed", 1},
              {"wandb_project", "x"},
              {"l1_coefficient", 2},
              {"dtype", "float32"},
              {"training_tokens", 5},
              {"hook_head_index", nullptr}});
  cfg["metadata"].update({{"sae_lens_version", "6.1"}, {"dataset_path", "d"}});
  CHECK(read_sae(write_folder(dir, cfg, saelens_weights(raw))).remarks.empty());
  cfg["post_shift"] = 2;
  CHECK(has_remark(read_sae(write_folder(dir, cfg, saelens_weights(raw))),
                   "not used: 'post_shift' of cfg.json"));
  cfg["finetuning_scaling_factor"] = true;
  CHECK_THROWS_WITH_AS(read_sae(write_folder(dir, cfg, saelens_weights(raw))),
                       doctest::Contains("scaling_factor"), Error);
}

TEST_CASE(
    "k and hook: from a name with a word, overridden with a word, refused where there is none") {
  const Raw raw;
  const test::ScratchDir dir;
  const std::vector<FileTensor> tensors = {
      {"sae_module.encoder.weight", {kDict, kDim}, raw.encoder.values},
      {"sae_module.encoder.bias", {kDict}, raw.encoder_bias},
      {"sae_module.W_dec", {kDict, kDim}, raw.decoder.values},
      {"sae_module.b_dec", {kDim}, raw.decoder_bias}};
  const std::string named = dir.write("SASRec_SAE_TOPK_k6_x3.pt", safetensors(tensors));
  const SaeWeights by_name = read_sae(named);
  CHECK(by_name.k == 6);
  CHECK(has_remark(by_name, "k = 6 (from the file's name; --k overrides)"));
  SaeImportOptions options;
  options.k = 4;
  CHECK(read_sae(named, options).k == 4);
  for (const char* name : {"model_k.pt", "rank16.pt", "mk16x.pt"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH_AS(read_sae(dir.write(name, safetensors(tensors))), doctest::Contains("--k"),
                         Error);
  }
  std::vector<FileTensor> centred = tensors;
  centred.push_back({"act_mean", {kDim}, std::vector<float>(kDim, 2.0f)});
  CHECK(has_remark(read_sae(dir.write("c_k4.pt", safetensors(centred))), "'act_mean' folded"));
  std::vector<FileTensor> skipping = tensors;
  skipping.push_back({"sae_module.W_skip", {kDim, kDim}, std::vector<float>(kDim * kDim, 0.0f)});
  CHECK_THROWS_WITH_AS(read_sae(dir.write("x_k4.pt", safetensors(skipping))),
                       doctest::Contains("sae_module.W_skip"), Error);

  json cfg = saelens_cfg("topk");
  cfg["k"] = 5;
  options.hook = Hook{HookPlace::kLast, 0};
  const SaeWeights overridden = read_sae(write_folder(dir, cfg, saelens_weights(raw)), options);
  CHECK(has_remark(overridden, "k = 4 (--k; the files say 5"));
  CHECK(has_remark(overridden, "hook = last (--hook; the files say 'blocks.1.hook_resid_post')"));
  CHECK_THROWS_WITH_AS(
      read_sae(write_folder(dir, saelens_cfg("standard"), saelens_weights(raw)), options),
      doctest::Contains("which has no k"), Error);

  const json buffer = {{"trainer",
                        {{"dict_class", "AutoEncoderNew"},
                         {"activation_dim", kDim},
                         {"dict_size", kDict},
                         {"submodule_name", "h.1"}}},
                       {"buffer", {{"io", "in"}, {"ctx_len", 128}}}};
  const test::ScratchDir sae_folder;
  dictionary_folder(sae_folder, "AutoEncoderNew", linear_layers(raw, "decoder.bias"));
  sae_folder.write("config.json", buffer.dump());
  CHECK_THROWS_WITH_AS(read_sae(sae_folder.path("ae.pt")), doctest::Contains("(input)"), Error);
}

TEST_CASE("write_saelens and read_sae give the same SAE") {
  const Raw raw;
  SaeWeights sae;
  sae.dim = kDim;
  sae.dict = kDict;
  sae.encoder = raw.encoder;
  sae.decoder = raw.decoder;
  sae.encoder_bias = raw.encoder_bias;
  sae.decoder_bias = raw.decoder_bias;
  sae.hook = {HookPlace::kMlp, 1};
  sae.model_name = "toy \"model\"";
  sae.model_hash = "0123";
  SUBCASE("relu") {}
  SUBCASE("topk") {
    sae.activation = SaeActivation::kTopK;
    sae.k = 7;
  }
  SUBCASE("jumprelu at last") {
    sae.activation = SaeActivation::kJumpRelu;
    sae.threshold = raw.threshold;
    sae.hook = {HookPlace::kLast, 0};
  }
  const test::ScratchDir dir;
  write_saelens(dir.path("new/sae"), sae);
  const SaeWeights back = read_sae(dir.path("new/sae"));
  CHECK(back.encoder.values == sae.encoder.values);
  CHECK(back.encoder_bias == sae.encoder_bias);
  CHECK(back.decoder.values == sae.decoder.values);
  CHECK(back.decoder_bias == sae.decoder_bias);
  CHECK(back.threshold == sae.threshold);
  CHECK(back.activation == sae.activation);
  CHECK(back.k == sae.k);
  CHECK(back.hook == sae.hook);
  CHECK(back.model_name == sae.model_name);
  CHECK(back.model_hash == sae.model_hash);
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path("new/sae")), {}) == 2);
}

TEST_CASE("hooks: own names, other tools' names") {
  for (const char* name : {"block:0", "mlp:12", "last"}) CHECK(hook_name(parse_hook(name)) == name);
  for (const char* name : {"", "block", "block:", "block:-1", "block:1x", "last:0", "attn:1",
                           "block:99999999999999999999"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(parse_hook(name), Error);
    CHECK_FALSE(hook_from_metadata(name).has_value());
  }
  const auto means = [](const char* text, Hook hook) {
    CAPTURE(text);
    const auto found = hook_from_metadata(text);
    REQUIRE(found.has_value());
    CHECK(*found == hook);
  };
  means("h.0 output (residual stream after block 0)", {HookPlace::kBlock, 0});
  means("blocks.3.hook_resid_post", {HookPlace::kBlock, 3});
  means("transformer.h.2", {HookPlace::kBlock, 2});
  means("resid_post_layer_4", {HookPlace::kBlock, 4});
  means("blocks.3.hook_mlp_out", {HookPlace::kMlp, 3});
  means("layers.3.mlp", {HookPlace::kMlp, 3});
  means("after ln_f", {HookPlace::kLast, 0});
  means("ln_final.hook_normalized", {HookPlace::kLast, 0});
  for (const char* text : {"blocks.0.hook_resid_pre", "blocks.0.attn.hook_z", "embedding"}) {
    CHECK_FALSE(hook_from_metadata(text).has_value());
  }
}

}  // namespace
}  // namespace pintle::converter
