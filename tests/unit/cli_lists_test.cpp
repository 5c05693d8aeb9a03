// SPDX-License-Identifier: Apache-2.0
//
// `pintle recommend` and `pintle explain` under knobs, wishes and rules.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "run_cli.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

// The last two columns of the default model's items: "|Sci-Fi|Drama|Dark|" by id.
std::map<std::string, std::string> attributes_by_id() {
  std::ifstream file(kDefaultModel + "/items.csv");
  std::map<std::string, std::string> attributes;
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(','), second = line.find(',', first + 1);
    const size_t mood = line.rfind(','), genres = line.rfind(',', mood - 1);
    attributes[line.substr(first + 1, second - first - 1)] =
        "|" + line.substr(genres + 1, mood - genres - 1) + "|" + line.substr(mood + 1) + "|";
  }
  return attributes;
}

std::vector<std::string> ids_of(const json& list) {
  std::vector<std::string> ids;
  for (const json& item : list["items"]) ids.push_back(item["id"]);
  return ids;
}

size_t count_of(const json& list, const std::string& attribute) {
  static const std::map<std::string, std::string> attributes = attributes_by_id();
  size_t count = 0;
  for (const std::string& id : ids_of(list)) {
    count += contains(attributes.at(id), "|" + attribute + "|") ? 1 : 0;
  }
  return count;
}

std::string on_model(const std::string& verb, const std::string& options) {
  return verb + " --model " + model_path() + " --history '" + joined(some_ids(6)) + "' " + options;
}

json recommended(const std::string& options) {
  const Outcome run = pintle(on_model("recommend", "--json " + options));
  REQUIRE_MESSAGE(run.status == 0, run.err);
  return run.parsed();
}

TEST_CASE("shares, mixes, caps and pins are kept, and say so") {
  const json mix = recommended("--mix 'Sci-Fi=0.3,Comedy=0.2' --cap Thriller=1 --cap mood=3");
  const auto missed = [&](const std::string& attribute, int wanted) {
    return std::abs(static_cast<int>(count_of(mix, attribute)) - wanted);
  };
  CHECK(missed("Sci-Fi", 3) + missed("Comedy", 2) <= 1);
  CHECK(count_of(mix, "Thriller") <= 1);
  for (const char* mood : {"Dark", "Light", "Tender", "Tense", "Wondrous", "Wry"}) {
    CAPTURE(mood);
    CHECK(count_of(mix, mood) <= 3);
  }
  REQUIRE(mix["rules"].size() == 4);
  CHECK(mix["rules"][0] == json{{"rule", "rule mix Sci-Fi=0.3"},
                                {"outcome", "kept"},
                                {"wanted", 3},
                                {"got", count_of(mix, "Sci-Fi")}});
  CHECK(mix["rules"][3]["rule"] == "rule cap mood=3");
  CHECK(mix["list"]["cost_percent"].get<double>() ==
        doctest::Approx(100 - 100 * mix["list"]["expected_dcg"].get<double>() /
                                  mix["list"]["plain_dcg"].get<double>()));
  CHECK(mix["list"]["cost_percent"].get<double>() > 0);
  CHECK(count_of(recommended("--share genres/Horror=0.4"), "Horror") == 4);
  CHECK(count_of(recommended("--at-least Horror=0.25"), "Horror") >= 3);
  CHECK(count_of(recommended("--at-most Thriller=0.1 --top-k 20"), "Thriller") <= 2);
  const std::string last = ids_of(recommended("--top-k 100")).back();
  CHECK(ids_of(recommended("--pin 3:" + last))[2] == last);
}

TEST_CASE("the rule that was given first is kept, whatever its option") {
  const std::string cap = "--cap Thriller=1", least = "--at-least Thriller=0.5";
  const json capped = recommended(cap + " " + least), filled = recommended(least + " " + cap);
  CHECK(count_of(capped, "Thriller") == 1);
  CHECK(count_of(filled, "Thriller") == 5);
  CHECK(capped["rules"][0]["outcome"] == "kept");
  CHECK(capped["rules"][1]["outcome"] == "conflict");
  CHECK(filled["rules"][0]["rule"] == "rule at least Thriller=0.5");
  CHECK(filled["rules"][0]["outcome"] == "kept");
  CHECK(contains(pintle(on_model("recommend", cap + " " + least)).out,
                 "rule at least Thriller=0.5 gave way: wanted 5, got 1: other rules, pins or the "
                 "list's length leave no room\n"));
}

TEST_CASE("wishes") {
  const json plain = recommended("");
  CHECK_FALSE(plain.contains("list"));
  CHECK(count_of(recommended("--wish Horror=5"), "Horror") > count_of(plain, "Horror"));
  const std::string last = ids_of(recommended("--top-k 100")).back();
  CHECK(ids_of(recommended("--boost " + last + "=100")).back() == last);
  const json diverse = recommended("--diverse 0.5");
  CHECK(diverse["list"]["diversity"].get<double>() >
        diverse["list"]["plain_diversity"].get<double>());
  const json seven = recommended("--explore 7=1"), again = recommended("--explore 7=1");
  CHECK(seven == again);
  CHECK(ids_of(seven) != ids_of(plain));
  CHECK(ids_of(recommended("--explore 8=1")) != ids_of(seven));
  json nothing = recommended("--wish Horror=0");
  CHECK(nothing["list"]["cost_percent"] == 0);
  CHECK(nothing["list"]["kept"] == 10);
  CHECK(nothing["items"] == plain["items"]);
}

// The first `count` ids of the default model's items that have the attribute, as "1,2,3".
std::string ids_with(const std::string& attribute, size_t count) {
  std::string ids;
  for (const auto& [id, attributes] : attributes_by_id()) {
    if (count == 0 || !contains(attributes, "|" + attribute + "|")) continue;
    ids += (ids.empty() ? "" : ",") + id;
    --count;
  }
  return ids;
}

TEST_CASE("a few items stand for their genre, in wishes and rules, and disliked ones against it") {
  const std::string like = "--like 'scary=" + ids_with("Horror", 8) + "' ";
  const size_t plain = count_of(recommended(""), "Horror");
  CHECK(count_of(recommended(like + "--wish scary=5"), "Horror") > plain);
  const json share = recommended(like + "--at-least scary=0.5 --why");
  CHECK(share["rules"][0]["rule"] == "rule at least scary=0.5");
  CHECK(share["rules"][0]["outcome"] == "kept");
  CHECK(count_of(share, "Horror") >= 4);
  // What the wish brought in, and then is disliked, goes.
  const std::vector<std::string> before = ids_of(recommended(""));
  const std::vector<std::string> wished = ids_of(recommended(like + "--wish scary=5"));
  std::string brought;
  for (const std::string& id : wished) {
    if (std::count(before.begin(), before.end(), id) > 0 || contains(like, id)) continue;
    brought += (brought.empty() ? "" : ",") + id;
  }
  REQUIRE_FALSE(brought.empty());
  const json without = recommended(like + "--unlike scary=" + brought + " --wish scary=5");
  for (const std::string& id : ids_of(without)) CHECK_FALSE(contains(brought, id));
  const Outcome explained = pintle(on_model("explain", like + "--wish scary=5"));
  CHECK_MESSAGE(explained.status == 0, explained.err);
  const Outcome unused = pintle(on_model("recommend", like));
  CHECK(unused.status == 1);
  CHECK(contains(unused.err, "--like scary: no wish or rule is about it; add --wish scary=1"));
  const Outcome twice =
      pintle(on_model("recommend", "--like a=" + wished[0] + "," + wished[0] + " --wish a=1"));
  CHECK(twice.status == 1);
  CHECK(contains(twice.err, "--like a: PINTLE_ERR_INVALID_ARGUMENT: like 1: item"));
}

TEST_CASE("pintle concept shows a group by example, and its table makes the same lists") {
  const std::string ids = ids_with("Sci-Fi", 10);
  const test::ScratchDir folder;
  const std::string table = folder.path("t.csv"),
                    command = "concept --model " + model_path() + " --like '" + ids + "' ";
  const Outcome run = pintle(command + "--name Spacey --out " + table + " --json --sequences '" +
                             kDefaultModel + "/interactions.txt'");
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const json group = run.parsed();
  double size = 0, last = 15, inside = 0, liked = 0;
  for (const json& item : group["items"]) {
    const double level = item["fifteenths"];
    CHECK(level <= last);
    CHECK(level >= 1);
    last = level;
    size += level / 15;
    liked += item["liked"] ? 1 : 0;
    if (item["liked"]) CHECK(level == 15);
    inside += contains(attributes_by_id().at(item["id"]), "|Sci-Fi|") ? level / 15 : 0;
  }
  CHECK(liked == 10);
  CHECK(group["size"].get<double>() == doctest::Approx(size));
  CHECK(inside > 0.5 * size);  // Sci-Fi is far rarer
  CHECK(group["share_of_events"].get<double>() > 0);
  CHECK(group["share_of_events"].get<double>() < 1);

  const std::string text = pintle(command + "--top 3").out;
  CHECK(std::count(text.begin(), text.end(), '\n') == 2 + 3);
  CHECK(contains(text, " items belong to it in part or wholly"));

  // The table as an attribute of the file: the same list, for the same wish.
  const std::string model = folder.path("m.pintle");
  const Outcome converted = pintle("convert " + kSource + kTables + kInteractions +
                                   "--memberships " + table + " --out " + model);
  REQUIRE_MESSAGE(converted.status == 0, converted.err);
  const auto list = [&](const std::string& options) {
    const Outcome made = pintle("recommend --model " + model + " --history '" +
                                joined(some_ids(6)) + "' --json " + options);
    REQUIRE_MESSAGE(made.status == 0, made.err);
    return made.parsed()["items"];
  };
  CHECK(list("--wish Spacey=3") == list("--like 'a=" + ids + "' --wish a=3"));
  CHECK(list("--wish Spacey=3") != list(""));

  CHECK(pintle(command + "--name Spacey").status == 2);  // without --out it names nothing
  CHECK(pintle(command + "--out " + table).status == 2);
  const Outcome unknown = pintle("concept --model " + model_path() + " --like nothing");
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.err, "--like: the model has no item with the id \"nothing\""));
}

TEST_CASE("--why tells of each entry what put it in, what left for it and what it gains") {
  const std::string options = "--why --wish Horror=3 --at-least Sci-Fi=0.3 ";
  const json list = recommended(options);
  const std::vector<std::string> plain = ids_of(recommended(""));
  size_t wished = 0, ruled = 0;
  for (const json& item : list["items"]) {
    CAPTURE(item.dump());
    const auto at = std::find(plain.begin(), plain.end(), item["id"]);
    CHECK(item["plain_rank"] == (at == plain.end() ? json() : json(at - plain.begin() + 1)));
    double sum = 0;
    for (const json& reason : item["reasons"]) sum += reason["value"].get<double>();
    CHECK(sum == doctest::Approx(item["gain"].get<double>()).epsilon(1e-5));
    if (item["cause"] == "score") {
      CHECK(item["source"].is_null());
      CHECK(item["replaced"].is_null());
      continue;
    }
    CHECK(std::count(plain.begin(), plain.end(), item["replaced"]) == 1);
    wished += item["source"] == "wish Horror=3" ? 1 : 0;
    ruled += item["source"] == "rule at least Sci-Fi=0.3" ? 1 : 0;
  }
  CHECK(wished > 0);
  CHECK(ruled > 0);
  const Outcome text = pintle(on_model("recommend", options));
  CHECK(contains(text.out, "% of the plain list's expected DCG, keeps "));
  CHECK(contains(text.out, "rule at least Sci-Fi=0.3, for "));
  CHECK(contains(text.out, "  its score\n"));
  // Of a list without wishes and rules: its scores.
  const json unwished = recommended("--why");
  for (const json& item : unwished["items"]) CHECK(item["cause"] == "score");
}

TEST_CASE("explain tells the same of the list, and explains its first entry") {
  const std::string options = "--share Horror=0.4 --pin 1:" + ids_of(recommended("")).back();
  const Outcome run = pintle(on_model("explain", "--json " + options));
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const json explained = run.parsed(), list = recommended("--why " + options);
  CHECK(explained["recommended"]["items"] == list["items"]);
  CHECK(explained["recommended"]["rules"] == list["rules"]);
  CHECK(explained["recommended"]["list"] == list["list"]);
  CHECK(explained["item"]["id"] == list["items"][0]["id"]);
  CHECK(explained["item"]["id"] == ids_of(recommended("")).back());
  CHECK_FALSE(pintle(on_model("explain", "--json")).parsed().contains("recommended"));
  CHECK(contains(pintle(on_model("explain", options)).out, "why each is there"));
}

TEST_CASE("knobs and presets, and an empty history") {
  const test::ScratchDir folder;
  const std::string model = folder.path("m.pintle");
  SteerableModel().write(model);
  const std::string with = "recommend --json --model " + model + " ";
  const auto list = [&](const std::string& options) {
    const Outcome run = pintle(with + "--history '1 2' " + options);
    REQUIRE_MESSAGE(run.status == 0, run.err);
    return run.parsed();
  };
  CHECK(ids_of(list("--knob Space=8")) != ids_of(list("")));
  CHECK(list("--steer preset:evening").contains("list"));
  CHECK_FALSE(list("--steer feature:1:set=1").contains("list"));
  const json why = list("--knob Space=8 --why");
  size_t turned = 0;
  for (const json& item : why["items"]) turned += item["source"] == "knob Space=8" ? 1 : 0;
  CHECK(turned > 0);
  const std::string sequences = folder.write("s", "\n1 2\n");
  const std::vector<json> lines =
      lines_of(pintle(with + "--knob Space=8 --sequences " + sequences).out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["list"].is_null());
  CHECK(lines[0]["rules"].is_null());
  CHECK(lines[1]["items"] == list("--knob Space=8")["items"]);
  const Outcome old = pintle("recommend --model " + model + " --history 1 --steer Space=2");
  CHECK(old.status == 1);
  CHECK(contains(old.err, "a knob is --knob Space=2"));
}

TEST_CASE(
    "explain tells all of a score: listed features, the others, and what is left without any") {
  test::ScratchDir folder;
  const std::string model = folder.path("steerable.pintle");
  SteerableModel().write(model);
  const std::string on = "explain --model " + model + " --history '5 9 2' --item 7 --features ";
  const json few = pintle(on + "2 --json").parsed(), all = pintle(on + "100 --json").parsed();
  REQUIRE(few["saes"].size() == 2);
  for (size_t sae = 0; sae < 2; ++sae) {
    CAPTURE(sae);
    for (const json* told : {&few, &all}) {
      const json& features = (*told)["saes"][sae];
      double sum =
          features["other_features"].get<double>() + features["without_features"].get<double>();
      for (const json& entry : features["contributions"]) sum += entry["value"].get<double>();
      CHECK(sum == doctest::Approx((*told)["item"]["score"].get<double>()).epsilon(1e-4));
    }
    CHECK(few["saes"][sae]["contributions"].size() == 2);
    CHECK(few["saes"][sae]["without_features"] == all["saes"][sae]["without_features"]);
    CHECK(few["saes"][sae]["active_count"] == all["saes"][sae]["contributions"].size());
    CHECK(all["saes"][sae]["other_features"] == 0);
  }
  const std::string text = pintle(on + "2").out;
  CHECK(contains(text, " other active features\n"));
  CHECK(contains(text, "the score with all of them off\nfeatures explain "));
  CHECK_FALSE(contains(pintle(on + "100").out, "other active features"));
}

TEST_CASE("what cannot be asked ends with 1 and says what can") {
  for (const auto& [options, message] : std::vector<std::pair<std::string, std::string>>{
           {"--share Horor=0.3", "no attribute \"Horor\". They have Horror"},
           {"--cap artist=2", "no attribute or group \"artist\""},
           {"--pin 11:1", "\"11\" is not a rank from 1 to 10"},
           {"--fresh 30d", "`pintle convert --date-column`"},
           {"--knob Horror=1", "make them with `pintle label`"},
           {"--diverse 0.1 --top-k 33", "32"}}) {
    CAPTURE(options);
    for (const char* verb : {"recommend", "explain"}) {
      const Outcome run = pintle(on_model(verb, options));
      CHECK(run.status == 1);
      CHECK(run.out.empty());
      CHECK(contains(run.err, message));
    }
  }
}

}  // namespace
}  // namespace pintle::converter
