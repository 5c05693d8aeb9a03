// SPDX-License-Identifier: Apache-2.0
//
// What lies beside an SAE's own tensors and keys is folded, refused or named.
#include "converter/import/sae_leftovers.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "sae_files.h"

namespace pintle::converter {
namespace {

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

}  // namespace
}  // namespace pintle::converter
