// SPDX-License-Identifier: Apache-2.0
//
// What the report makes of a simulation's figures, and the files that it refuses.
#include "converter/report/simulation_section.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "converter/io/error.h"
#include "converter/report/page.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

json estimate(double mean) { return {{"mean", mean}, {"interval", {mean - 0.01, mean + 0.02}}}; }

json trial(const std::string& persona, const std::string& method) {
  return {{"persona", persona},
          {"method", method},
          {"ndcg@10", {estimate(0.0512345), estimate(0.07), estimate(0.09)}},
          {"share_after_five", 0.5},
          {"share_interval", {0.25, 0.75}}};
}

// Personas in another order than the page's.
json sample() {
  return {
      {"users", 30},
      {"persons", {{"wants", 12}, {"avoids", 7}}},
      {"feedback", {0, 5, 20}},
      {"trials", {trial("wants", "plain"), trial("avoids", "plain"), trial("wants", "profile")}},
      {"pairs", json::array()},
      {"notes", {"item bias: gain 1"}}};
}

std::string refusal(const json& simulation) {
  try {
    simulation_section(simulation, "figures.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

// Changes one thing of the sample, by its place, and gives the message of the refusal without what is the
// same for all.
std::string refusal_with(const std::string& place, const json& value) {
  json simulation = sample();
  simulation[json::json_pointer(place)] = value;
  const std::string text = refusal(simulation), begin = "figures.json: ";
  const std::string end =
      ": the report's simulation is a file as `pintle simulate --json` writes it";
  REQUIRE_MESSAGE(text.size() > begin.size() + end.size(), text);
  CHECK(text.substr(0, begin.size()) == begin);
  CHECK(text.substr(text.size() - end.size()) == end);
  return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

TEST_CASE("methods stand with their persona, with intervals, in the page's order of personas") {
  const nlohmann::ordered_json section = simulation_section(sample(), "figures.json");
  CHECK(section["feedback"] == json({0, 5, 20}));
  CHECK(section["notes"] == json({"item bias: gain 1"}));
  REQUIRE(section["personas"].size() == 2);
  const auto& avoids = section["personas"][0];
  CHECK(avoids["name"] == "avoids");
  CHECK(avoids["people"] == 7);
  CHECK(avoids["methods"].size() == 1);
  const auto& wants = section["personas"][1];
  CHECK(wants["name"] == "wants");
  CHECK(wants["people"] == 12);
  REQUIRE(wants["methods"].size() == 2);
  CHECK(wants["methods"][0]["name"] == "plain");
  CHECK(wants["methods"][1]["name"] == "profile");
  CHECK(wants["methods"][1]["ndcg"][0] == json({0.05123, 0.04123, 0.07123}));
  CHECK(wants["methods"][1]["ndcg"][2] == json({0.09, 0.08, 0.11}));
  CHECK(wants["methods"][1]["share"] == json({0.5, 0.25, 0.75}));
}

TEST_CASE("what a file lacks is named") {
  for (const char* key : {"persons", "feedback", "trials", "pairs", "notes"}) {
    json simulation = sample();
    simulation.erase(key);
    CHECK(refusal(simulation).find(std::string("figures.json: the file lacks \"") + key + "\"") ==
          0);
  }
  for (const char* key : {"persona", "method", "ndcg@10", "share_after_five", "share_interval"}) {
    json simulation = sample();
    simulation["trials"][1].erase(key);
    CHECK(refusal(simulation).find(std::string("figures.json: trial 2 lacks \"") + key + "\"") ==
          0);
  }
  CHECK(refusal(json::array()).find("figures.json: the file is not an object") == 0);
}

TEST_CASE("lists that do not fit together are refused") {
  CHECK(refusal_with("/feedback", {0, 5}) == "trial 1: \"ndcg@10\" has 3 entries, \"feedback\" 2");
  CHECK(refusal_with("/trials/2/ndcg@10", json::array({estimate(1)})) ==
        "trial 3: \"ndcg@10\" has 1 entries, \"feedback\" 3");
  CHECK(refusal_with("/trials/0/share_interval", {0.5}) ==
        "trial 1: \"share_after_five\": the interval is not two numbers");
  CHECK(refusal_with("/trials/0/persona", "random") ==
        "trial 1 is of the persona \"random\", of which there are no \"persons\"");
  CHECK(refusal_with("/persons/random", 4) == "the file has no trial of the persona \"random\"");
  for (const json& feedback : {json({0, 20, 5}), json({0, 5, 5})}) {
    CHECK(refusal_with("/feedback", feedback) == "\"feedback\" is not ascending");
  }
  CHECK(refusal_with("/feedback", json::array()) == "\"feedback\" has no numbers");
  json nobody = sample();
  nobody["persons"] = json::object();
  nobody["trials"] = json::array();
  CHECK(refusal(nobody).find("figures.json: the file has no trials") == 0);
}

TEST_CASE("what is of the wrong kind, or no finite number, is refused") {
  const std::string mean = "trial 1: entry 2 of \"ndcg@10\" is not a finite number";
  CHECK(refusal_with("/trials/0/ndcg@10/1/mean", nullptr) == mean);
  CHECK(refusal_with("/trials/0/ndcg@10/1/mean", "0.1") == mean);
  CHECK(refusal_with("/trials/0/ndcg@10/1/mean", std::numeric_limits<double>::infinity()) == mean);
  CHECK(refusal_with("/trials/0/ndcg@10/1/interval/0", std::numeric_limits<double>::quiet_NaN()) ==
        "trial 1: entry 2 of \"ndcg@10\": the interval's lower end is not a finite number");
  CHECK(refusal_with("/trials/0/ndcg@10/1/interval/0", 0.5) ==
        "trial 1: entry 2 of \"ndcg@10\": the interval's lower end is above its upper end");
  CHECK(refusal_with("/trials/0/ndcg@10/1", 0.5) ==
        "trial 1: entry 2 of \"ndcg@10\" is not an object");
  CHECK(refusal_with("/trials/0/share_after_five", nullptr) ==
        "trial 1: \"share_after_five\" is not a finite number");
  CHECK(refusal_with("/trials/0/method", 3) == "trial 1: \"method\" is not a text");
  CHECK(refusal_with("/persons/wants", -1) == "\"persons\": \"wants\" is not a whole number");
  CHECK(refusal_with("/feedback/1", 4.5) == "a number of \"feedback\" is not a whole number");
  CHECK(refusal_with("/notes", {1}) == "a note is not a text");
  CHECK(refusal_with("/trials", "none") == "the file: \"trials\" is not an array");
}

TEST_CASE("the file's texts cannot end the script that holds them") {
  json simulation = sample();
  simulation["notes"] = {"</script><b>note"};
  for (json& one : simulation["trials"]) one["method"] = "</script><b>method";
  const nlohmann::ordered_json data = {
      {"simulation", simulation_section(simulation, "figures.json")}};
  const std::string page = report_page("title", data);
  for (const std::string what : {"note", "method"}) {
    CHECK(page.find("</script><b>" + what) == std::string::npos);
    CHECK(page.find("\\u003c/script>\\u003cb>" + what) != std::string::npos);
  }
}

}  // namespace
}  // namespace pintle::converter
