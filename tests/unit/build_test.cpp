// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/build.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "converter/io/error.h"
#include "converter/jobs/stages.h"
#include "unit/build_files.h"

namespace pintle::converter {
namespace {

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
