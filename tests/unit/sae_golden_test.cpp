// SPDX-License-Identifier: Apache-2.0
//
// The published SAEs under PINTLE_SHARED, which are not part of this repository, against what
// PyTorch computed with them.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "converter/import/sae_formats.h"
#include "tests/support/scratch_dir.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

std::string shared(const std::string& path) {
  return std::string(std::getenv("PINTLE_SHARED")) + "/" + path;
}

json golden(const std::string& name) {
  std::ifstream file(shared("golden/" + name));
  REQUIRE(file);
  return json::parse(file);
}

// The same set of features, each within 1e-4 of its value. Values near zero are what is left of
// larger terms: beside the 1e-4 they may differ by what single precision rounds off the sum, of
// which PyTorch's own value has its share.
void check_features(const SaeWeights& sae, const float* x, const SparseFeatures& features,
                    std::vector<uint32_t> index, std::vector<float> value) {
  std::vector<std::pair<uint32_t, float>> expected;
  for (size_t i = 0; i < index.size(); ++i) {
    if (value[i] > 0) expected.push_back({index[i], value[i]});
  }
  std::sort(expected.begin(), expected.end());
  REQUIRE(features.index.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const uint32_t j = expected[i].first;
    CHECK(features.index[i] == j);
    float terms = std::abs(sae.encoder_bias[j]);
    for (int64_t d = 0; d < sae.dim; ++d) terms += std::abs(sae.encoder.row(j)[d] * x[d]);
    const float rounding = terms * std::numeric_limits<float>::epsilon();
    CHECK(std::abs(features.value[i] - expected[i].second) <=
          1e-4f * expected[i].second + rounding);
  }
}

void check_file(const std::string& golden_name, const SaeWeights& sae) {
  const json file = golden(golden_name);
  CHECK(hook_name(sae.hook) == file["meta"]["hook"].get<std::string>());
  REQUIRE(file["cases"].size() == 20);
  for (const json& one : file["cases"]) {
    CAPTURE(one["case"]);
    const auto x = one["hook_activation"].get<std::vector<float>>();
    REQUIRE(static_cast<int64_t>(x.size()) == sae.dim);
    check_features(sae, x.data(), encode(sae, x.data()), one["active"]["indices"],
                   one["active"]["values"]);
  }
}

TEST_CASE("dictionary_learning, ReLU, normalised") {
  const SaeWeights sae = read_sae(shared("checkpoints/gpt2-ml1m/sae-relu-512-block0"));
  check_file("gpt2_ml1m_sae_relu_512_block0.json", sae);
}

TEST_CASE("SAELens, top-k, block 0") {
  const SaeWeights sae = read_sae(shared("checkpoints/gpt2-ml1m/sae-topk-512-block0"));
  CHECK(sae.k == 32);
  check_file("gpt2_ml1m_sae_topk_512_block0.json", sae);
}

TEST_CASE("SAELens, top-k, last") {
  const SaeWeights sae = read_sae(shared("checkpoints/gpt2-ml1m/sae-topk-1024-last"));
  check_file("gpt2_ml1m_sae_topk_1024_last.json", sae);
  const test::ScratchDir dir;
  write_saelens(dir.path("again"), sae);
  check_file("gpt2_ml1m_sae_topk_1024_last.json", read_sae(dir.path("again")));
}

TEST_CASE("RecSAE: features and reconstruction of the final vector") {
  SaeImportOptions options;
  options.k = 16;
  const SaeWeights sae =
      read_sae(shared("checkpoints/rechorus-recsae/SASRec_SAE_ML_1MTOPK_k16_x32.pt"), options);
  CHECK(sae.dict == 2048);
  const json with = golden("rechorus_recsae_ML1MTOPK_k16_sae.json");
  for (const json& one : with["cases"]) {
    CAPTURE(one["case"]);
    const json& inside = one["intermediate"];
    const auto hidden = inside["hidden"].get<std::vector<float>>();
    const SparseFeatures features = encode(sae, hidden.data());
    check_features(sae, hidden.data(), features, inside["sae_topk_indices"],
                   inside["sae_topk_values"]);
    const auto expected = inside["sae_reconstruction"].get<std::vector<float>>();
    std::vector<float> x_hat(sae.dim);
    decode(sae, features, x_hat.data());
    for (int64_t d = 0; d < sae.dim; ++d) CHECK(std::abs(x_hat[d] - expected[d]) < 1e-4f);
  }
}

}  // namespace
}  // namespace pintle::converter

int main(int argc, char** argv) {
  if (std::getenv("PINTLE_SHARED") == nullptr) {
    std::puts("skipped: PINTLE_SHARED is not set");
    return 77;
  }
  return doctest::Context(argc, argv).run();
}
