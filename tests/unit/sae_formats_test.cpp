// SPDX-License-Identifier: Apache-2.0
//
// Each format's semantics against the formula of the tool that writes it, on small random SAEs.
#include "converter/import/sae_formats.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "sae_files.h"

namespace pintle::converter {
namespace {

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
