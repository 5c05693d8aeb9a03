// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/build.h"

#include <doctest/doctest.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "converter/commands/commands.h"
#include "converter/import/sae_formats.h"
#include "converter/io/error.h"
#include "converter/jobs/stages.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

json build_json(const std::string& out) {
  return {{"weights", test::default_model_file("model.safetensors")},
          {"config", test::default_model_file("config.json")},
          {"items", test::default_model_file("items.csv")},
          {"id_column", "id"},
          {"interactions", test::default_model_file("interactions.txt")},
          {"min_items", 1000},  // no knobs but popularity: they take their time
          {"threads", 1},
          {"saes", {{{"dict", 32}, {"k", 4}, {"steps", 60}, {"batch", 256}}}},
          {"out", out}};
}

// The second column of the default model's item table: "row,id,...".
std::string id_of(const std::string& line) {
  const size_t begin = line.find(',') + 1;
  return line.substr(begin, line.find(',', begin) - begin);
}

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

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

TEST_CASE("a build, and what a second one does") {
  test::ScratchDir dir;
  json config = build_json("model.pintle");  // beside build.json
  const BuildReport first = run(dir, config);
  CHECK(first.stages == 4);
  CHECK(first.ran == 4);
  const std::string model = content(dir.path("model.pintle"));
  REQUIRE(!model.empty());
  const Model opened = open_model(dir.path("model.pintle"), PINTLE_OPEN_VERIFY_ALL);
  CHECK(require(opened.sae(0), "SAE").feature_count == 32);

  CHECK(run(dir, config).ran == 0);
  SUBCASE("what is missing or was changed is made again, to the same bytes") {
    std::filesystem::remove(dir.path("model.pintle"));
    CHECK(run(dir, config).ran == 1);
    CHECK(content(dir.path("model.pintle")) == model);
    dir.write("model.pintle.build/sae-0/cfg.json", "{}");
    CHECK(run(dir, config).ran == 1);  // trained again, to the same weights
    CHECK(content(dir.path("model.pintle")) == model);
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

TEST_CASE("build.json's faults are named") {
  test::ScratchDir dir;
  const json good = build_json("m.pintle");
  const auto fault = [&](const auto& change) {
    json config = good;
    change(&config);
    try {
      read_build_config(dir.write("build.json", config.dump()));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  CHECK(fault([](json*) {}) == "none");
  CHECK(fault([](json* c) { c->erase("weights"); }).find("weights is missing") !=
        std::string::npos);
  CHECK(fault([](json* c) { (*c)["percision"] = "int8"; }).find("unknown key percision") !=
        std::string::npos);
  CHECK(fault([](json* c) { (*c)["saes"][0]["stepz"] = 3; }).find("saes[0]: unknown key stepz") !=
        std::string::npos);
  CHECK(fault([](json* c) { (*c)["saes"][0]["dict"] = "big"; }).find("dict") != std::string::npos);
  CHECK(fault([](json* c) { (*c)["saes"] = json::array(); }) != "none");
  CHECK(fault([](json* c) { (*c)["saes"][0] = 4; }) != "none");
  CHECK(fault([](json* c) { (*c)["saes"][0]["hook"] = "middle"; }) != "none");
  CHECK(fault([](json* c) { (*c)["saes"][0]["variant"] = "sparse"; }) != "none");
  CHECK(fault([](json* c) { (*c)["threads"] = 0; }) != "none");
  CHECK(fault([](json* c) { (*c)["attributes"] = "genres"; }).find("attributes") !=
        std::string::npos);
  CHECK(fault([](json* c) {
          (*c)["saes"] = {{{"path", "s"}, {"k", 3}, {"hook", "last"}}};
        }) == "none");
  CHECK(fault([](json* c) {
          (*c)["saes"] = {{{"path", "s"}, {"dict", 32}}};
        }).find("dict is for training") != std::string::npos);
  CHECK(fault([](json* c) { (*c)["memory_mib"] = -1; }) != "none");
  CHECK_THROWS_AS(read_build_config(dir.path("none.json")), Error);
  CHECK_THROWS_AS(read_build_config(dir.write("build.json", "{")), Error);
}

TEST_CASE("a stage that fails leaves no record") {
  test::ScratchDir dir;
  const std::string out = dir.path("out");
  const auto attempt = [&](bool fail) {
    Stages stages(dir.path("work"), 1);
    return stages.run("step", {{"a", 1}}, {out}, [&] {
      dir.write("out", "half");
      if (fail) throw Error("interrupted");
      dir.write("out", "whole");
    });
  };
  CHECK_THROWS_AS(attempt(true), Error);
  CHECK(attempt(false));
  CHECK(!attempt(false));
  CHECK_THROWS_AS(Stages(dir.write("file", "") + "/below", 1), Error);
}

// Runs the command line in this process and gives what it prints.
json command(const std::string& line) {
  CLI::App app;
  add_convert_command(&app);
  add_train_sae_command(&app);
  add_label_command(&app);
  add_build_command(&app);
  add_inspect_command(&app);
  std::ostringstream printed;
  std::streambuf* const out = std::cout.rdbuf(printed.rdbuf());
  try {
    app.parse(line);
  } catch (...) {
    std::cout.rdbuf(out);
    throw;
  }
  std::cout.rdbuf(out);
  return json::parse(printed.str());
}

TEST_CASE("advice that names an option of a verb is told by its key in build.json") {
  test::ScratchDir dir;
  json config = build_json("m.pintle");
  config["arch"] = "gpt2";
  config["recipe"] = dir.write("recipe.json", "{}");
  const std::string build = "build --config " + dir.write("build.json", config.dump());
  CHECK_THROWS_WITH_AS(
      command(build),
      doctest::Contains("\nIn build.json --arch is the key arch, --recipe is the key recipe"),
      Error);
  CHECK(build_key_of("--sae-hook") == "saes[].hook");
  CHECK(build_key_of("--id-column") == "id_column");
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
  CHECK(content(dir.path("sae2/sae_weights.safetensors")) ==
        content(dir.path("sae/sae_weights.safetensors")));
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

TEST_CASE("memberships, dates and knobs that need no SAE, from tables into a file") {
  test::ScratchDir dir;
  std::ifstream items(test::default_model_file("items.csv"));
  std::string header, line, dated, memberships = "item,group,name,membership\n";
  std::getline(items, header);
  dated = header + ",premiere\n";
  for (size_t i = 0; std::getline(items, line); ++i) {
    dated += line + (i % 2 == 0 ? ",2001-02-03\n" : ",\n");
    if (i < 3) memberships += id_of(line) + ",taste,dark,0." + "258"[i] + "\n";
  }
  Interpretation knobs;
  Knob dark;
  dark.name = "dark";
  dark.attribute_group = "taste";
  dark.attribute_name = "dark";
  dark.rewards = {{-2, 0.05f}, {0, 0}, {3, 0.1f}};
  dark.min_strength = dark.min_by_items = -2;
  dark.max_strength = dark.max_by_loss = 3;
  knobs.knobs = {dark};
  knobs.temperature = 0.75f;
  knobs.wish_unit = 0.0125f;
  const std::string convert =
      "convert --json --weights " + test::default_model_file("model.safetensors") + " --config " +
      test::default_model_file("config.json") + " --items " + dir.write("items.csv", dated) +
      " --id-column id --memberships " + dir.write("memberships.csv", memberships);
  const std::string features =
      " --features " + dir.write("knobs.json", interpretation_to_json(knobs).dump());
  const json report = command(convert + features + " --out " + dir.path("m.pintle"));
  CHECK(report["knobs"] == 1);
  CHECK(report["saes"].empty());
  CHECK(report["dated_items"].get<size_t>() == (report["items"].get<size_t>() + 1) / 2);
  CHECK(report["memberships"][0].get<std::string>().find("1 attributes of") == 0);
  const auto notes = report["item_table"].get<std::vector<std::string>>();
  CHECK(std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
    return note.find("dates: column 'premiere' (the only one of dates), ISO 8601") == 0;
  }));

  const json model = command("inspect --json --model " + dir.path("m.pintle"));
  CHECK(model["temperature"] == 0.75);
  CHECK(model["wish_unit"] == 0.0125);
  CHECK(model["catalogue"]["dated_items"] == report["dated_items"]);
  CHECK(model["catalogue"]["soft_attributes"] ==
        json({{{"group", "taste"}, {"name", "dark"}, {"items", 3}}}));
  CHECK(model["groups"].back() ==
        json({{"name", "taste"}, {"attributes", {{{"name", "dark"}, {"items", 3}}}}}));
  const json& knob = model["knobs"][0];
  CHECK(knob["rewards"] == json({{-2.0, 0.05}, {0.0, 0.0}, {3.0, 0.1}}));
  CHECK(knob["min_reasons"] == json({"no item left"}));
  CHECK(knob["max_reasons"] == json({"5 % of NDCG@10 lost"}));
  CHECK(knob["min_by_loss"].is_null());
  CHECK(knob["max_by_loss"] == 3);

  // Without the table of memberships the knob's attribute is missing; without dates there are none.
  const std::string plain = convert.substr(0, convert.find(" --memberships"));
  CHECK_THROWS_WITH_AS(command(plain + features + " --out " + dir.path("x")),
                       doctest::Contains("pass the --items and --memberships"), Error);
  CHECK(command(plain + " --date-column none --out " + dir.path("x"))["dated_items"] == 0);
  const json bare = command("inspect --json --model " + dir.path("x"));
  CHECK(bare["temperature"].is_null());
  CHECK(bare["catalogue"]["soft_attributes"].empty());
}

}  // namespace
}  // namespace pintle::converter
