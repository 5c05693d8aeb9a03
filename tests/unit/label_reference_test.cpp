// SPDX-License-Identifier: Apache-2.0
//
// The published SAE's features by the published protocol: what PyTorch measured on the same users
// (checkpoints/gpt2-ml1m/sae_reference.json under PINTLE_SHARED, which is not part of this
// repository).
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "converter/jobs/convert.h"
#include "converter/jobs/label_features.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

std::string shared(const std::string& path) {
  return std::string(std::getenv("PINTLE_SHARED")) + "/" + path;
}

std::string write_users(const test::ScratchDir& dir, const std::string& name,
                        const nlohmann::json& users) {
  std::string text;
  for (const nlohmann::json& user : users) text += user.dump() + "\n";
  return dir.write(name, text);
}

// The reference held every user's last event out, so its positions end one event earlier.
std::string write_all_but_last_events(const test::ScratchDir& dir) {
  const Interactions all = read_interactions(shared("data/ml-1m/ml-1m.txt"));
  std::string text;
  for (size_t u = 0; u < all.users.size(); ++u) {
    for (size_t t = 0; t + 1 < all.items[u].size(); ++t) {
      text += all.users[u] + " " + all.item_names[all.items[u][t]] + "\n";
    }
  }
  return dir.write("log", text);
}

void check_labels(const char* sae, const char* name, fb::DType precision) {
  CAPTURE(sae);
  nlohmann::json reference;
  std::ifstream(shared("checkpoints/gpt2-ml1m/sae_reference.json")) >> reference;
  test::ScratchDir dir;
  ConvertOptions options;
  options.weights_path = shared("checkpoints/gpt2-ml1m/model.safetensors");
  options.import.config_path = shared("checkpoints/gpt2-ml1m/config.json");
  options.items_path = shared("data/ml-1m/items.tsv");
  options.precision = precision;
  options.out_path = dir.path("ml.pintle");
  ThreadPool pool(kDefaultThreads);
  convert(options, &pool);

  LabelJob job;
  job.model_path = options.out_path;
  job.sae_path = shared(std::string("checkpoints/gpt2-ml1m/") + sae);
  job.interactions_path = write_all_but_last_events(dir);
  job.train_path = write_users(dir, "train", reference.at("sae_users"));
  job.test_path = write_users(dir, "test", reference.at("interpretation_users"));
  job.with_knobs = false;
  job.out_path = dir.path("features.json");
  const LabelJobReport report = run_label_job(job, &pool);

  const nlohmann::json& expected = reference.at("interpretability");
  const nlohmann::json& genres = expected.at(name).at("per_genre");
  for (const auto& attribute : report.json.at("attributes")) {
    const std::string genre = attribute.at("name");
    CAPTURE(genre);
    const nlohmann::json& want = genres.at(genre);  // [feature, correlation, sensitivity]
    CHECK(attribute.at("feature") == want.at(0));
    CHECK(std::abs(attribute.at("correlation").get<double>() - want.at(1).get<double>()) < 0.002);
    CHECK(std::abs(attribute.at("sensitivity").get<double>() - want.at(2).get<double>()) < 0.002);
  }
  const LabelReport& labels = *report.labels;
  CHECK(labels.attributes.size() == genres.size());
  CHECK(std::abs(labels.mean_correlation - expected.at(name).at("mean_best_corr").get<double>()) <
        0.005);
  CHECK(std::abs(labels.mean_sensitivity -
                 expected.at(name).at("mean_sens_of_that_feature").get<double>()) < 0.001);
  CHECK(std::abs(labels.raw_correlation - expected.at("raw_dims").get<double>()) < 0.001);
  CHECK(std::abs(labels.active - reference.at("quality").at(name).at("L0").get<double>()) < 0.1);
}

TEST_CASE("topk, 512 features at block 0") {
  check_labels("sae-topk-512-block0", "topk512_k32_block0", fb::DType_F32);
}

TEST_CASE("relu, 512 features at block 0") {
  check_labels("sae-relu-512-block0", "relu512_block0", fb::DType_F32);
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
