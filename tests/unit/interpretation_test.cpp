// SPDX-License-Identifier: Apache-2.0
//
// features.json there and back, into a model file, and everything that does not belong together.
#include "converter/network/interpretation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "converter/import/load_saes.h"
#include "converter/import/sae_formats.h"
#include "converter/io/error.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

SaeWeights tiny_sae(int64_t dim = 32, const std::string& hook = "block:0") {
  SaeWeights sae;
  sae.dim = dim;
  sae.dict = 3;
  sae.encoder = {3, dim, std::vector<float>(static_cast<size_t>(3 * dim), 0.5f)};
  sae.decoder = {3, dim, std::vector<float>(static_cast<size_t>(3 * dim), 0.25f)};
  sae.encoder_bias = {0, 1, 2};
  sae.decoder_bias.assign(static_cast<size_t>(dim), 0.0f);
  sae.hook = parse_hook(hook);
  return sae;
}

Interpretation sample() {
  Interpretation all;
  all.saes.push_back({"taste",
                      tiny_sae(),
                      {"Sci-Fi", "", "like \"A\""},
                      {{0.5f, 1, 2, 3, 4}, {0, 0, 0, 0, 0}, {0.1f, 0.3f, 0.7f, 1.1f, 1.3f}}});
  Knob knob;
  knob.name = "Space";
  knob.attribute_group = "genres";
  knob.attribute_name = "Sci-Fi";
  knob.features = {{0, 1.5f}, {2, -0.1f}};
  knob.rewards = {{-4, 0.08f}, {0, 0}, {5, 0.3f}};
  knob.min_strength = knob.min_by_items = -4;
  knob.max_strength = knob.max_by_loss = 5;
  knob.max_by_items = 9.5f;
  knob.curve = {{-4, 0.1f, 0.2f, -1, 0.3f}, {0, 0.15f, 0.21f, 0, 1}, {5, 0.4f, 0.19f, 5, 0.01f}};
  Knob popularity;
  popularity.name = "Popularity";
  popularity.max_strength = 1;
  all.knobs = {knob, popularity};
  all.temperature = 1.1f;
  all.wish_unit = 0.013f;
  all.presets = {{"Night", {{"Popularity", 0.5f}, {"Space", 2.5f}}}};
  return all;
}

Interpretation read(const json& value, std::vector<SaeWeights> saes = {tiny_sae()}) {
  Interpretation interpretation;
  for (SaeWeights& weights : saes) {
    interpretation.saes.emplace_back();
    interpretation.saes.back().weights = std::move(weights);
  }
  add_interpretation_json(value, "f.json", &interpretation);
  return interpretation;
}

TEST_CASE("features.json there and back") {
  const Interpretation all = sample();
  const json written = json::parse(interpretation_to_json(all).dump());
  const Interpretation back = read(written);
  CHECK(interpretation_to_json(back).dump() == interpretation_to_json(all).dump());
  CHECK(back.saes[0].name == "taste");
  CHECK(back.saes[0].labels[2] == "like \"A\"");
  CHECK(back.saes[0].statistics[2].p95 == 0.7f);
  CHECK(back.knobs[0].features == all.knobs[0].features);
  CHECK(back.knobs[0].rewards == all.knobs[0].rewards);
  CHECK(std::isnan(back.knobs[0].min_by_loss));
  CHECK(back.knobs[0].max_by_items == 9.5f);
  CHECK(back.knobs[0].curve[2].no_gain == 0.01f);
  CHECK(back.temperature == 1.1f);
  CHECK(back.wish_unit == 0.013f);
  CHECK(written["knobs"][0]["min_by_loss"].is_null());
  CHECK(back.knobs[1].attribute_group.empty());
  CHECK(back.presets[0].strengths.size() == 2);

  json more = written;  // what only people and the report read
  more["evidence"] = json::array();
  more["summary"] = {{"users", 3}};
  CHECK_NOTHROW(read(more));
}

TEST_CASE("a features.json that does not belong, or is none") {
  const json good = json::parse(interpretation_to_json(sample()).dump());
  CHECK_THROWS_WITH_AS(read(good, {tiny_sae(), tiny_sae()}), doctest::Contains("2 were given"),
                       Error);
  CHECK_THROWS_WITH_AS(read(good, {tiny_sae(32, "last")}), doctest::Contains("hook block:0"),
                       Error);
  SaeWeights wider = tiny_sae();
  wider.dict = 4;
  CHECK_THROWS_WITH_AS(read(good, {wider}), doctest::Contains("3 features"), Error);
  const auto broken = [&](const auto& change) {
    json value = good;
    change(&value);
    CHECK_THROWS_WITH_AS(read(value), doctest::Contains("f.json"), Error);
  };
  broken([](json* v) { v->erase("knobs"); });
  broken([](json* v) { (*v)["knobs"][0].erase("rewards"); });
  broken([](json* v) { (*v)["knobs"][0].erase("max_by_loss"); });
  broken([](json* v) { (*v)["knobs"][0]["curve"][1].erase("median_gain"); });
  broken([](json* v) { (*v)["knobs"][0]["sae"] = 1; });
  broken([](json* v) { (*v)["temperature"] = -1; });
  broken([](json* v) { (*v)["wish_unit"] = "small"; });
  broken([](json* v) { (*v)["knobs"][0]["features"][0] = 7; });
  broken([](json* v) { (*v)["saes"][0]["features"][1].erase("p99"); });
  broken([](json* v) {
    for (const char* key : {"density", "p50", "p95", "p99", "max"}) {
      (*v)["saes"][0]["features"][1].erase(key);
    }
  });
  broken([](json* v) { (*v)["presets"][0]["knobs"]["Space"] = "a lot"; });
  CHECK_THROWS_AS(read(json::array()), Error);
}

std::string fault_of(const json& value) {
  try {
    read(value);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST_CASE("rewards that are none") {
  const json good = json::parse(interpretation_to_json(sample()).dump());
  const auto fault = [&](const json& rewards) {
    json value = good;
    value["knobs"][0]["rewards"] = rewards;
    return fault_of(value);
  };
  CHECK(fault(json::array()) == "none");  // features alone
  CHECK(fault({{-1, 0.1}, {0, 0}}) == "none");
  CHECK(fault({{-1, 0.1}, {1, 0.1}}).find("0 at strength 0") != std::string::npos);
  CHECK(fault({{0, 0.1}}).find("0 at strength 0") != std::string::npos);
  CHECK(fault({{1, 0.1}, {0, 0}}).find("ascending") != std::string::npos);
  CHECK(fault({{0, 0}, {0, 0}}).find("ascending") != std::string::npos);
  CHECK(fault({{-1, -0.1}, {0, 0}}).find("not below 0") != std::string::npos);
  json value = good;
  value["knobs"][1]["rewards"] = {{0, 0}};
  CHECK(fault_of(value).find("Popularity are for no attribute") != std::string::npos);
  value = good;
  value["temperature"] = nullptr;
  CHECK(fault_of(value).find("does not tell the temperature") != std::string::npos);
}

TEST_CASE("a features.json of before rewards is refused, but not for labels alone") {
  json old = json::parse(interpretation_to_json(sample()).dump());
  old.erase("temperature");
  old.erase("wish_unit");
  json labels = old;
  labels["knobs"] = labels["presets"] = json::array();
  CHECK(fault_of(labels) == "none");
  CHECK(read(labels).temperature == 0);
  for (json& knob : old["knobs"]) {
    for (const char* key : {"rewards", "min_by_loss", "max_by_loss"}) knob.erase(key);
    knob["attribute_bonus"] = 0.003;
    knob["temperature"] = 1.1;
  }
  CHECK(fault_of(old).find("run `pintle label` again") != std::string::npos);
}

// Writes the SAE and its features to a folder each.
SaeFiles write_files(const test::ScratchDir& dir, const Interpretation& all) {
  SaeFiles files;
  write_saelens(dir.path(all.saes[0].name), all.saes[0].weights);
  files.saes = {dir.path(all.saes[0].name)};
  files.features = {dir.write(all.saes[0].name + ".json", interpretation_to_json(all).dump())};
  return files;
}

TEST_CASE("several SAEs, a features file for each: knobs keep theirs") {
  test::ScratchDir dir;
  const Interpretation first = sample();
  Interpretation second = sample();
  second.saes[0].name = "end";
  second.saes[0].weights.hook = parse_hook("last");
  second.knobs[0].name = "Other space";
  second.knobs[1].name = "Other popularity";
  second.presets.clear();
  SaeFiles files = write_files(dir, first);
  const SaeFiles more = write_files(dir, second);
  files.saes.push_back(more.saes[0]);
  files.features.push_back(more.features[0]);
  std::vector<std::string> assumptions;
  const Interpretation all = load_interpretation(files, 32, 2, &assumptions);
  REQUIRE(all.saes.size() == 2);
  REQUIRE(all.knobs.size() == 4);
  CHECK(all.saes[1].name == "end");
  CHECK(all.knobs[0].sae == 0);
  CHECK(all.knobs[2].sae == 1);
  CHECK(all.knobs[3].name == "Other popularity");
  CHECK(assumptions.size() == 2);  // neither says its network

  SUBCASE("one file may describe both") {
    const std::string both = dir.write("both.json", interpretation_to_json(all).dump());
    files.features = {both};
    const Interpretation again = load_interpretation(files, 32, 2, &assumptions);
    CHECK(interpretation_to_json(again).dump() == interpretation_to_json(all).dump());
  }
  SUBCASE("knobs of no SAE come from a file of their own") {
    Interpretation third;
    third.knobs.push_back(first.knobs[0]);
    third.knobs[0].name = "Third";
    third.knobs[0].features.clear();
    third.temperature = 1.1f;
    files.features.insert(files.features.begin() + 1,
                          dir.write("third.json", interpretation_to_json(third).dump()));
    const Interpretation with_third = load_interpretation(files, 32, 2, &assumptions);
    REQUIRE(with_third.knobs.size() == 5);
    CHECK(with_third.knobs[2].name == "Third");
    CHECK(with_third.knobs[3].sae == 1);
    const Interpretation alone =
        load_interpretation({{}, {}, {}, {files.features[1]}}, 32, 2, &assumptions);
    CHECK(alone.saes.empty());
    REQUIRE(alone.knobs.size() == 1);
    CHECK(alone.temperature == 1.1f);
    CHECK_THROWS_WITH_AS(
        load_interpretation({{}, {}, {}, {files.features[0]}}, 32, 2, &assumptions),
        doctest::Contains("describes 1 SAEs, 0 are left"), Error);
    CHECK_THROWS_WITH_AS(
        load_interpretation({files.saes, {}, {}, {files.features[1]}}, 32, 2, &assumptions),
        doctest::Contains("describe 0 SAEs, 2 were given"), Error);
  }
  SUBCASE("a temperature is the network's, a wish's unit the first file's") {
    second.temperature = 1.105f;
    second.wish_unit = 0.02f;
    files.features[1] = dir.write("warmer.json", interpretation_to_json(second).dump());
    const Interpretation warmer = load_interpretation(files, 32, 2, &assumptions);
    CHECK(warmer.temperature == 1.1f);
    CHECK(warmer.wish_unit == 0.013f);
    CHECK(assumptions.back().find("0.013, of the first features file") != std::string::npos);
    second.temperature = 1.2f;
    files.features[1] = dir.write("hot.json", interpretation_to_json(second).dump());
    CHECK_THROWS_WITH_AS(load_interpretation(files, 32, 2, &assumptions),
                         doctest::Contains("its temperature is 1.2"), Error);
  }
  SUBCASE("names must differ") {
    files.features[1] = dir.write("same.json", [&] {
      Interpretation same = second;
      same.knobs[0].name = "Space";
      return interpretation_to_json(same).dump();
    }());
    CHECK_THROWS_WITH_AS(load_interpretation(files, 32, 2, &assumptions),
                         doctest::Contains("Space"), Error);
  }
  SUBCASE("counts must agree") {
    files.hooks = {"block:0"};
    CHECK_THROWS_AS(load_interpretation(files, 32, 2, &assumptions), Error);
    files.hooks.clear();
    files.saes.push_back(files.saes[0]);
    CHECK_THROWS_AS(load_interpretation(files, 32, 2, &assumptions), Error);
  }
  SUBCASE("SAEs must fit") {
    CHECK_THROWS_AS(load_interpretation(files, 64, 2, &assumptions), Error);
    CHECK_THROWS_AS(load_interpretation(files, 32, 0, &assumptions), Error);
  }
}

TEST_CASE("SAE names come from their folders") {
  CHECK(sae_name_of("a/b/") == "b");
  CHECK(sae_name_of("a/./c") == "c");
  CHECK(sae_name_of("sae.pt") == "sae.pt");
}

TEST_CASE("a converted model holds labels, knobs and presets") {
  test::DefaultModel model;
  Interpretation all = sample();
  all.saes[0].weights = model.train("sae").sae;
  all.saes[0].labels.assign(64, "feature");
  all.saes[0].labels[5] = "five";
  all.saes[0].statistics.assign(64, {0.5f, 1, 2, 3, 4});
  const SaeFiles files = write_files(model.dir, all);
  ConvertOptions options = test::default_model_options(model.dir.path("steerable.pintle"));
  options.sae = files;
  ThreadPool pool(1);
  const ConvertReport report = convert(options, &pool);
  CHECK(report.knob_count == 2);
  CHECK(report.preset_count == 1);
  REQUIRE(report.saes.size() == 1);
  CHECK(report.saes[0] == "taste: 64 features at block:0");

  const Model opened = open_model(options.out_path, PINTLE_OPEN_VERIFY_ALL);
  const pintle_feature_info feature = require(opened.feature(0, 5), "feature");
  CHECK(std::string(feature.label) == "five");
  CHECK(feature.p99 == 3);
  const pintle_knob_info knob =
      require(opened.knob(require(opened.find_knob("Space"), "knob")), "knob");
  CHECK(knob.max_strength == 5);
  CHECK(std::isnan(knob.min_by_loss));
  CHECK(knob.max_by_loss == 5);
  CHECK(knob.max_by_items == 9.5f);
  CHECK(opened.info().temperature == 1.1f);
  CHECK(opened.info().wish_unit == 0.013f);
  REQUIRE(knob.has_attribute);
  CHECK(std::string(require(opened.attribute(knob.attribute), "attribute").name) == "Sci-Fi");
  CHECK(opened.find_preset("Night"));

  SUBCASE("not with an SAE of another network") {
    options.precision = fb::DType_F32;  // the SAE was trained on the int8 model
    options.out_path = model.dir.path("other.pintle");
    CHECK_THROWS_WITH_AS(convert(options, &pool), doctest::Contains("trained on network"), Error);
    CHECK(!std::filesystem::exists(options.out_path));
  }
  SUBCASE("with an SAE that does not say, which is then an assumption") {
    all.saes[0].weights.model_hash.clear();
    options.sae = write_files(model.dir, all);
    const ConvertReport again = convert(options, &pool);
    CHECK(std::any_of(again.assumptions.begin(), again.assumptions.end(), [](const auto& line) {
      return line.find("taken to be this one") != std::string::npos;
    }));
  }
}

}  // namespace
}  // namespace pintle::converter
