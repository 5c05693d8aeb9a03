// SPDX-License-Identifier: Apache-2.0
//
// SAEs trained by `build` and by each verb: a minute here, ten under the sanitizers, where each stage has a test.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "converter/import/sae_formats.h"
#include "converter/io/error.h"
#include "converter/jobs/build.h"
#include "support/read_file.h"
#include "unit/build_files.h"

namespace pintle::converter {
namespace {

using test::read_file;

std::string first_item_id() {
  std::ifstream items(test::default_model_file("items.csv"));
  std::string line;
  std::getline(items, line);
  std::getline(items, line);
  return id_of(line);
}

BuildReport run(const test::ScratchDir& dir, const json& config) {
  return build(read_build_config(dir.write("build.json", config.dump())));
}

TEST_CASE("a build, and what a second one does") {
  test::ScratchDir dir;
  json config = build_json("model.pintle");  // beside build.json
  const BuildReport first = run(dir, config);
  CHECK(first.stages == 4);
  CHECK(first.ran == 4);
  const std::string model = read_file(dir.path("model.pintle"));
  REQUIRE(!model.empty());
  const Model opened = open_model(dir.path("model.pintle"), PINTLE_OPEN_VERIFY_ALL);
  CHECK(require(opened.sae(0), "SAE").feature_count == 32);

  CHECK(run(dir, config).ran == 0);
  SUBCASE("what is missing or was changed is made again, to the same bytes") {
    std::filesystem::remove(dir.path("model.pintle"));
    CHECK(run(dir, config).ran == 1);
    CHECK(read_file(dir.path("model.pintle")) == model);
    dir.write("model.pintle.build/sae-0/cfg.json", "{}");
    CHECK(run(dir, config).ran == 1);  // trained again, to the same weights
    CHECK(read_file(dir.path("model.pintle")) == model);
    dir.write("model.pintle.build/label features-0.stage.json", "broken");
    CHECK(run(dir, config).ran == 1);
  }
  SUBCASE("a setting runs its stage and those behind it") {
    config["min_precision"] = 0.9;
    CHECK(run(dir, config).ran == 2);  // label, embed
    config["saes"][0]["seed"] = 2;
    CHECK(run(dir, config).ran == 3);
    config["precision"] = "f32";
    CHECK(run(dir, config).ran == 4);
    config["time_column"] = "none";
    CHECK(run(dir, config).ran == 4);
    config["attributes"] = {"mood"};
    CHECK(run(dir, config).ran == 4);
    config["date_column"] = "none";
    CHECK(run(dir, config).ran == 2);  // convert, to the same bytes, and embed
    dir.write("tastes.csv", "item,group,name,membership\n" + first_item_id() + ",taste,dark,0.5\n");
    config["memberships"] = "tastes.csv";
    CHECK(run(dir, config).ran == 4);
    CHECK(open_model(dir.path("model.pintle")).find_attribute("taste", "dark"));
    dir.write("words.txt", "In our words.\n");
    config["main_parameters"] = "words.txt";
    CHECK(run(dir, config).ran == 1);  // embed
    const Model worded = open_model(dir.path("model.pintle"));
    CHECK(worded.info().main_parameter_count == 1);
    CHECK(std::string(*worded.main_parameter(0)) == "In our words.");
    dir.write("words.txt", "");
    CHECK_THROWS_WITH_AS(run(dir, config), doctest::Contains("words.txt: is empty"), Error);
  }
}

TEST_CASE("the command line, verb by verb") {
  test::ScratchDir dir;
  const std::string log = " --interactions " + test::default_model_file("interactions.txt");
  const std::string convert = "convert --json --weights " +
                              test::default_model_file("model.safetensors") + " --config " +
                              test::default_model_file("config.json") + " --items " +
                              test::default_model_file("items.csv") + " --id-column id" + log;
  command(convert + " --out " + dir.path("m.pintle"));
  const std::string train = "train-sae --json --model " + dir.path("m.pintle") +
                            " --dict 64 --k 8 --steps 200 --batch 512 --threads 1 --memory 8M";
  const json whole = command(train + log + " --out " + dir.path("sae"));
  CHECK(whole["explained_variance"] > 0.6);
  CHECK(whole["l0"].get<double>() == doctest::Approx(8).epsilon(0.05));
  CHECK(whole["features"] == 64);
  CHECK(whole["settings"].get<std::string>().find("as given") != std::string::npos);
  // Measured on every held-out user by two lists of each.
  CHECK(whole["replace"]["users"] == 1000);
  CHECK(whole["replace"]["lost"].get<double>() ==
        doctest::Approx(1 - whole["replace"]["ndcg@10_replaced"].get<double>() /
                                whole["replace"]["ndcg@10"].get<double>()));
  CHECK(whole["replace"]["lost"] >= whole["replace"]["lost_interval"][0]);
  CHECK(whole["replace"]["lost"] <= whole["replace"]["lost_interval"][1]);
  const SaeWeights sae = read_sae(dir.path("sae"));
  REQUIRE(sae.stability.size() == 64);
  double mean = 0;
  for (const float cosine : sae.stability) mean += static_cast<double>(cosine) / 64;
  CHECK(whole["mean_stability"].get<double>() == doctest::Approx(mean));
  CHECK(mean > 0.5);

  // Harvested in parts, the same SAE.
  for (const char* part : {"0/2", "1/2"}) {
    const json shard =
        command(train + log + " --shard " + part + " --shards-dir " + dir.path("shards"));
    CHECK(shard["users"] == 500);
  }
  command(train + " --from-shards " + dir.path("shards") + " --out " + dir.path("sae2"));
  CHECK(read_file(dir.path("sae2/sae_weights.safetensors")) ==
        read_file(dir.path("sae/sae_weights.safetensors")));
  CHECK_THROWS_AS(command(train + log + " --shard 2/2 --shards-dir " + dir.path("shards")), Error);
  // Too little to learn from: trained all the same, but not without a word.
  std::ifstream events(test::default_model_file("interactions.txt"));
  std::ofstream few(dir.path("few-users"));
  std::string line;  // a user and all their events
  for (int user = 0; user < 12 && std::getline(events, line); ++user) {
    few << line.substr(0, line.find(' ')) << '\n';
  }
  few.close();
  const json poor = command(train + log + " --users-file " + dir.path("few-users") + " --out " +
                            dir.path("poor"));
  REQUIRE(poor["warnings"].size() >= 1);
  CHECK(poor["warnings"][0].get<std::string>().find("too few for an SAE") != std::string::npos);

  // What is not given follows from the data; the hook from a sample of the users.
  const json chosen = command("train-sae --json --no-stability --steps 100 --hook auto --model " +
                              dir.path("m.pintle") + log + " --out " + dir.path("auto"));
  CHECK(chosen["settings"].get<std::string>().find("chosen from") != std::string::npos);
  CHECK(chosen["hook"].get<std::string>().rfind("block:", 0) == 0);
  for (const char* hook : {"block:0", "mlp:1", "last"}) {
    CHECK(chosen["hook_choice"].get<std::string>().find(hook) != std::string::npos);
  }
  CHECK(!chosen.contains("mean_stability"));
  CHECK(read_sae(dir.path("auto")).stability.empty());
  CHECK_THROWS_AS(command(train + log + " --hook block:9 --out " + dir.path("x")), Error);
  CHECK_THROWS_AS(command(train + log), Error);  // no --out
  CHECK_THROWS_AS(command(train + log + " --variant best --out " + dir.path("x")), CLI::ParseError);

  const json label = command("label --json --no-knobs --model " + dir.path("m.pintle") + " --sae " +
                             dir.path("sae") + log + " --out " + dir.path("features.json"));
  CHECK(label["summary"]["mean_best_correlation"] > 0.3);
  const json report = command(convert + " --sae " + dir.path("sae") + " --features " +
                              dir.path("features.json") + " --out " + dir.path("s.pintle"));
  CHECK(report["saes"][0] == "sae: 64 features at block:0");
  CHECK_THROWS_WITH_AS(
      command(convert + " --features " + dir.path("features.json") + " --out " + dir.path("x")),
      doctest::Contains("describes 1 SAEs, 0 are left of those given with --sae"), Error);
}

}  // namespace
}  // namespace pintle::converter
