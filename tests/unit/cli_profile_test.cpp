// SPDX-License-Identifier: Apache-2.0
//
// `pintle recommend` with feedback, without a history, and for anybody.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "run_cli.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

std::string on_model(const std::string& options) {
  return "recommend --model " + model_path() + " " + options;
}
json listed(const std::string& options) {
  const Outcome run = pintle(on_model("--json " + options));
  REQUIRE_MESSAGE(run.status == 0, run.err);
  return run.parsed();
}
std::string history(size_t events) { return "--history '" + joined(some_ids(events)) + "' "; }

std::vector<std::string> ids_of(const json& list) {
  std::vector<std::string> ids;
  for (const json& item : list["items"]) ids.push_back(item["id"]);
  return ids;
}
bool holds(const json& list, const std::string& id) {
  const std::vector<std::string> ids = ids_of(list);
  return std::count(ids.begin(), ids.end(), id) > 0;
}
// How many of the list's items a rule of their attribute counts.
size_t count_of(const json& list, const std::string& attribute) {
  const std::vector<std::string> ids = ids_of(list);
  const test::ScratchDir folder;
  const std::string allowed = folder.write("ids", joined(ids));
  const json counted = listed("--history '' --allow " + allowed + " --top-k " +
                              std::to_string(ids.size()) + " --at-least " + attribute + "=1");
  return counted["rules"][0]["got"].get<size_t>();
}

TEST_CASE("feedback of attributes and items changes the list, and what was learned is told") {
  const json plain = listed(history(6));
  CHECK_FALSE(plain.contains("profile"));
  const std::string said = "--feedback more-of:genres/Horror --feedback more-of:Horror ";
  const json more = listed(history(6) + said);
  CHECK(count_of(more, "Horror") > count_of(plain, "Horror"));
  REQUIRE(more["profile"].size() == 1);
  const json& part = more["profile"][0];
  CHECK(part["group"] == "genres");
  CHECK(part["name"] == "Horror");
  CHECK(part["weight"].get<double>() > 0);
  CHECK(part["for"] == 2);
  CHECK(part["against"] == 0);
  CHECK(part["words"] == "More Horror: you asked twice");
  const Outcome text = pintle(on_model(history(6) + said));
  CHECK(contains(text.out, "\nthe profile learned:\n  More Horror: you asked twice\n"));

  const std::string first = ids_of(plain)[0];
  for (const char* kind : {"dislike", "not-interested", "seen-elsewhere", "less-like"}) {
    CAPTURE(kind);
    CHECK_FALSE(holds(listed(history(6) + "--feedback " + kind + ":" + first), first));
  }
  const std::vector<std::string> horrors =
      ids_of(listed("--history '' --top-k 8 --at-least Horror=1"));
  for (const std::string kind : {"like", "more-like", "finish", "dislike", "less-like"}) {
    CAPTURE(kind);
    std::string each;
    for (const std::string& id : horrors) each += "--feedback " + kind + ":" + id + " ";
    const json list = listed(history(6) + each);
    const bool is_against = kind == "dislike" || kind == "less-like";
    size_t horror = 0;
    for (const json& learned : list["profile"]) {
      if (learned["name"] != "Horror") continue;
      CHECK((learned["weight"].get<double>() < 0) == is_against);
      CHECK(learned[is_against ? "against" : "for"] == 8);
      ++horror;
    }
    CHECK(horror == 1);
  }
  const json less = listed(history(6) + "--feedback less-of:Thriller");
  CHECK(less["profile"][0]["words"] == "Less Thriller: you asked once");
  CHECK(contains(pintle(on_model(history(6) + "--feedback seen-elsewhere:" + first)).out,
                 "the profile learned nothing of attributes yet, only of single items"));
}

TEST_CASE("every history of a file is one person with this feedback") {
  const test::ScratchDir folder;
  const std::string sequences =
      folder.write("s", joined(some_ids(6)) + "\n\n" + joined(some_ids(3)) + "\n");
  const std::string said = "--feedback less-of:Thriller --feedback prefers:Comedy ";
  const std::vector<json> lines =
      lines_of(pintle(on_model("--json " + said + "--sequences " + sequences)).out);
  REQUIRE(lines.size() == 3);
  CHECK(ids_of(lines[0]) == ids_of(listed(history(6) + said)));
  CHECK(ids_of(lines[1]) == ids_of(listed("--history '' " + said)));
  CHECK(ids_of(lines[2]) == ids_of(listed(history(3) + said)));
  for (const json& line : lines) {
    REQUIRE(line["profile"].size() == 2);
    CHECK(line["profile"][0]["words"] == "Less Thriller: you asked once");
    const bool has_events = &line != &lines[1];
    CHECK(line["profile"][1]["weight"] == (has_events ? 0.25 : 0.5));
  }
}

TEST_CASE("--why tells which entries are there by the profile, also under rules") {
  const std::string said = "--feedback more-of:Horror --feedback more-of:Horror --why ";
  const std::vector<std::string> plain = ids_of(listed(history(6)));
  const json list = listed(history(6) + said);
  size_t by_profile = 0;
  for (const json& item : list["items"]) {
    const bool is_new = std::count(plain.begin(), plain.end(), item["id"]) == 0;
    CHECK(item["cause"] == (is_new ? "profile" : "score"));
    CHECK(item["source"].is_null());
    by_profile += is_new ? 1 : 0;
  }
  CHECK(by_profile > 0);
  CHECK(contains(pintle(on_model(history(6) + said)).out, "  the profile\n"));
  // An entry's gain has a part that is the profile's.
  const json ruled = listed(history(6) + said + "--at-least Comedy=0.5");
  size_t parts = 0;
  for (const json& item : ruled["items"]) {
    for (const json& reason : item["reasons"]) parts += reason["source"] == "profile" ? 1 : 0;
  }
  CHECK(parts > 0);
}

TEST_CASE(
    "without a history a list is by popularity and feedback; --not-personal is by popularity") {
  const json popular = listed("--history ''");
  CHECK(popular["items"].size() == 10);
  CHECK(listed(history(6) + "--not-personal") == popular);
  CHECK(ids_of(listed(history(6))) != ids_of(popular));
  const json taste = listed("--history '' --feedback more-of:Horror");
  CHECK(count_of(taste, "Horror") > count_of(popular, "Horror"));
  CHECK(listed("--history '' --cap mood=3")["rules"][0]["outcome"] == "kept");
}

TEST_CASE("a model without a prior has no such lists, and says what gives it one") {
  const test::ScratchDir folder;
  const std::string model = folder.path("m.pintle"), with = "recommend --model " + model + " ";
  SteerableModel().write(model);
  const std::string why =
      "the model has no popularity prior, which `pintle convert --interactions` puts into it";
  for (const auto& [options, begin] : std::vector<std::pair<std::string, std::string>>{
           {"--history ''", "--history is empty: "},
           {"--history 1 --not-personal", "--not-personal: "}}) {
    CAPTURE(options);
    const Outcome run = pintle(with + options);
    CHECK(run.status == 1);
    CHECK(run.out.empty());
    CHECK(contains(run.err, begin + why));
  }
  const Outcome lines = pintle(with + "--sequences " + folder.write("s", "1\n\n2\n"));
  CHECK(lines.status == 0);
  CHECK(
      contains(lines.out, "history 2\nno list, as the history is empty: " + why + "\nhistory 3\n"));
  // With a prior, steered features still need a state, and scores an event.
  SteerableModel popular;
  popular.parts.catalogue.popularity.assign(37, -3.5f);
  popular.write(model);
  CHECK(pintle(with + "--history ''").status == 0);
  const Outcome steered = pintle(with + "--history '' --steer feature:1:set=1");
  CHECK(steered.status == 1);
  CHECK(contains(steered.err, "--history is empty: edits of features need a history"));
  const Outcome scores =
      pintle(on_model("--history '' --candidates " + folder.write("c", some_ids(1)[0])));
  CHECK(scores.status == 1);
  CHECK(contains(scores.err, "--history is empty: scores of --candidates need one"));
}

TEST_CASE("feedback that cannot be given ends with 1 and says what can") {
  for (const auto& [said, message] : std::vector<std::pair<std::string, std::string>>{
           {"like", "--feedback like: write KIND:NAME, such as like:318"},
           {"lik:1", "--feedback lik:1: there is no feedback \"lik\": it is one of like"},
           {"like:abc", "--feedback like:abc: the model has no item with the id \"abc\""},
           {"more-of:Horor", "no attribute \"Horor\". They have Horror"},
           {"less-of:", "no attribute \"\""}}) {
    CAPTURE(said);
    const Outcome run = pintle(on_model(history(2) + "--feedback " + said));
    CHECK(run.status == 1);
    CHECK(run.out.empty());
    CHECK(contains(run.err, message));
  }
  std::string many;
  for (int i = 0; i <= 512; ++i) many += " --feedback more-of:Horror";
  const Outcome run = pintle(on_model(history(2) + many));
  CHECK(run.status == 1);
  CHECK(contains(run.err, "--feedback is given 513 times: a profile holds 512"));
}

}  // namespace
}  // namespace pintle::converter
