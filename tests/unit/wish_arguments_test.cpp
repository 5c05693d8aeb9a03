// SPDX-License-Identifier: Apache-2.0
#include "converter/run/wish_arguments.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "converter/io/error.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

// Attributes: 0 genre/Calm, 1 genre/Space, 2 mood/Calm. Items 0 ... 36 are ids 1 ... 37.
class WishParser {
 public:
  WishParser() : model_(SteerableModel().open()) {}
  WishSet parse(const std::vector<WishArgument>& given, const std::string& now = "") const {
    return parse_wishes({model_, 10}, {given, now});
  }
  pintle_wish wish(const std::string& option, const std::string& text) const {
    const WishSet set = parse({{option, text}});
    REQUIRE(set.wishes.size() == 1);
    REQUIRE(set.rules.empty());
    return set.wishes[0].wish;
  }
  pintle_rule rule(const std::string& option, const std::string& text) const {
    const WishSet set = parse({{option, text}});
    REQUIRE(set.rules.size() == 1);
    REQUIRE(set.wishes.empty());
    return set.rules[0].rule;
  }
  std::string fault(const std::vector<WishArgument>& given, const std::string& now = "") const {
    try {
      parse(given, now);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

 private:
  Model model_;
};

void check_wish(const pintle_wish& wish, uint32_t kind, uint32_t target, float value) {
  CHECK(wish.kind == kind);
  CHECK(wish.target == target);
  CHECK(wish.value == value);
}

void check_rule(const pintle_rule& rule, uint32_t kind, uint32_t target, uint32_t count,
                float share) {
  CHECK(rule.kind == kind);
  CHECK(rule.target == target);
  CHECK(rule.count == count);
  CHECK(rule.share == share);
}

TEST_CASE("wishes") {
  const WishParser parser;
  check_wish(parser.wish("--wish", "Space=-1.5"), PINTLE_WISH_ATTRIBUTE, 1, -1.5f);
  check_wish(parser.wish("--wish", "mood/Calm=+2"), PINTLE_WISH_ATTRIBUTE, 2, 2);
  check_wish(parser.wish("--boost", "7=0.5"), PINTLE_WISH_ITEM, 6, 0.5f);
  check_wish(parser.wish("--diverse", "0.3"), PINTLE_WISH_DIVERSE, 0, 0.3f);
  check_wish(parser.wish("--explore", "7"), PINTLE_WISH_EXPLORE, 0, 0.2f);
  check_wish(parser.wish("--explore", "7=1"), PINTLE_WISH_EXPLORE, 0, 1);
  CHECK(parser.parse({{"--explore", "18446744073709551615"}}).seed == 18446744073709551615u);
  CHECK(parser.parse({{"--wish", "Space=1"}, {"--wish", "Space=1"}}).wishes.size() == 2);
}

TEST_CASE("rules, by share, count and rank, of attributes and groups") {
  const WishParser parser;
  check_rule(parser.rule("--share", "Space=0.3"), PINTLE_RULE_EXACTLY, 1, 0, 0.3f);
  check_rule(parser.rule("--at-least", "Space=1"), PINTLE_RULE_AT_LEAST, 1, 0, 1);
  check_rule(parser.rule("--at-most", "genre/Calm=0"), PINTLE_RULE_AT_MOST, 0, 0, 0);
  check_rule(parser.rule("--cap", "mood=2"), PINTLE_RULE_CAP_EACH, 1, 2, 0);
  check_rule(parser.rule("--cap", "Space=0"), PINTLE_RULE_CAP, 1, 0, 0);
  check_rule(parser.rule("--run", "genre/*=1"), PINTLE_RULE_RUN_EACH, 0, 1, 0);
  check_rule(parser.rule("--run", "mood/Calm=3"), PINTLE_RULE_RUN, 2, 3, 0);
  check_rule(parser.rule("--pin", "3:37"), PINTLE_RULE_PIN, 36, 3, 0);
}

TEST_CASE("a mix has several shares, whose names may hold commas") {
  const WishParser parser;
  const WishSet set = parser.parse({{"--mix", "Space=0.3,mood/Calm=2e-1"}});
  REQUIRE(set.rules.size() == 2);
  check_rule(set.rules[0].rule, PINTLE_RULE_MIX, 1, 0, 0.3f);
  check_rule(set.rules[1].rule, PINTLE_RULE_MIX, 2, 0, 0.2f);
  CHECK(set.rules[1].words == "rule mix mood/Calm=2e-1");
  SteerableModel source;
  source.interpretation = {};
  source.parts.catalogue.attributes[1].second = "Space, the last";
  const Model model = source.open();
  const WishSet commas =
      parse_wishes({model, 10}, {{{"--mix", "genre/Calm=0.1,Space, the last=0.3"}}, ""});
  REQUIRE(commas.rules.size() == 2);
  CHECK(commas.rules[1].rule.target == 1);
  for (const char* text : {"", "Space=0.3,", "Space=0.3,Calm"}) {
    CAPTURE(text);
    CHECK(parser.fault({{"--mix", text}}).find("write NAME=SHARE") != std::string::npos);
  }
}

TEST_CASE("groups by example are named as attributes are") {
  const Model model = SteerableModel().open();
  const std::vector<NamedExample> examples =
      parse_examples(model, {{"cosy=7,8", "a, b=1"}, {"cosy=9,10"}});
  REQUIRE(examples.size() == 2);
  CHECK(examples[0].name == "cosy");
  CHECK(examples[0].like == std::vector<uint32_t>{6, 7});
  CHECK(examples[0].unlike == std::vector<uint32_t>{8, 9});
  CHECK(examples[1].name == "a, b");
  const uint32_t first = PINTLE_EXAMPLE_ATTRIBUTE, second = first + 1;
  const WishContext context{model, 10, examples};
  const WishSet set = parse_wishes(context, {{{"--wish", "cosy=2"},
                                              {"--at-least", "cosy=0.3"},
                                              {"--mix", "a, b=0.1,Space=0.2"},
                                              {"--cap", "cosy=2"},
                                              {"--run", "a, b=1"}},
                                             ""});
  check_wish(set.wishes[0].wish, PINTLE_WISH_ATTRIBUTE, first, 2);
  check_rule(set.rules[0].rule, PINTLE_RULE_AT_LEAST, first, 0, 0.3f);
  check_rule(set.rules[1].rule, PINTLE_RULE_MIX, second, 0, 0.1f);
  check_rule(set.rules[2].rule, PINTLE_RULE_MIX, 1, 0, 0.2f);
  check_rule(set.rules[3].rule, PINTLE_RULE_CAP, first, 2, 0);
  check_rule(set.rules[4].rule, PINTLE_RULE_RUN, second, 1, 0);
  CHECK(set.wishes[0].words == "wish cosy=2");
}

TEST_CASE("what is wrong with groups by example") {
  const Model model = SteerableModel().open();
  struct Wrong {
    ExampleArguments given;
    std::string message;
  };
  const std::vector<Wrong> faults = {
      {{{"7,8"}, {}}, "--like 7,8: write NAME=ID,ID,..."},
      {{{"=7"}, {}}, "--like =7: write NAME=ID,ID,..."},
      {{{"cosy="}, {}}, "--like cosy=: an id is empty"},
      {{{"cosy=7,,8"}, {}}, "an id is empty"},
      {{{"cosy=7,318"}, {}}, "no item with the id \"318\""},
      {{{"Space=7"}, {}}, "the model has an attribute or group \"Space\": choose another name"},
      {{{"mood=7"}, {}}, "attribute or group \"mood\""},
      {{{"mood/Calm=7"}, {}}, "attribute or group \"mood/Calm\""},
      {{{"a=7", "a=8"}, {}}, "there is \"a\" already"},
      {{{"a=1", "b=1", "c=1", "d=1", "e=1"}, {}},
       "--like e=1: there are 4 groups by example already"},
      {{{"a=7"}, {"b=8"}}, "--unlike b=8: write it once for a NAME that --like has"},
      {{{"a=7"}, {"a=8", "a=9"}}, "--unlike a=9: write it once"}};
  for (const Wrong& wrong : faults) {
    CAPTURE(wrong.message);
    std::string fault = "accepted";
    try {
      parse_examples(model, wrong.given);
    } catch (const Error& error) {
      fault = error.what();
    }
    CHECK(fault.find(wrong.message) != std::string::npos);
  }
}

TEST_CASE("rules keep their order, and all have words") {
  const WishParser parser;
  const WishSet set = parser.parse({{"--cap", "mood=2"},
                                    {"--pin", "1:4"},
                                    {"--wish", "Space=1"},
                                    {"--at-least", "Space=0.3"},
                                    {"--cap", "Space=3"},
                                    {"--diverse", "0.3"},
                                    {"--explore", "9"}});
  std::vector<std::string> rules, wishes;
  for (const NamedRule& rule : set.rules) rules.push_back(rule.words);
  for (const NamedWish& wish : set.wishes) wishes.push_back(wish.words);
  CHECK(rules == std::vector<std::string>{"rule cap mood=2", "rule pin 1:4",
                                          "rule at least Space=0.3", "rule cap Space=3"});
  CHECK(wishes == std::vector<std::string>{"wish Space=1", "wish diverse 0.3", "wish explore 9"});
}

TEST_CASE("now is a date, and the clock's without one") {
  const WishParser parser;
  CHECK(parser.parse({}, "2024-07-14").now == 1720915200);
  CHECK(parser.parse({}, "2024-07-14T02:00:00+02:00").now == 1720915200);
  CHECK(parser.parse({}).now > 1720915200);
  for (const char* text : {"yesterday", "1720915200", "14.07.2024", "07/14/2024", "12:30"}) {
    CAPTURE(text);
    CHECK(parser.fault({}, text).find("is no date: write 2024-07-14") != std::string::npos);
  }
}

TEST_CASE("freshness needs the dates of items") {
  CHECK(WishParser().fault({{"--fresh", "30d"}}).find("`pintle convert --date-column`") !=
        std::string::npos);
}

TEST_CASE("what is wrong with wishes and rules is quoted, and what would be right") {
  const WishParser parser;
  struct Wrong {
    std::string option, text, message;
  };
  const std::vector<Wrong> faults = {
      {"--wish", "Space", "write NAME=VALUE"},
      {"--wish", "Space=", "\"\" is not a number"},
      {"--wish", "Spce=1", "no attribute \"Spce\". They have Space"},
      {"--wish", "Calm=1", "several groups have \"Calm\": write genre/Calm or mood/Calm"},
      {"--wish", "genre=1", "no attribute \"genre\""},
      {"--boost", "318=1", "no item with the id \"318\""},
      {"--boost", "7", "write ID=VALUE"},
      {"--share", "Space=30", "30 % is 0.3"},
      {"--at-least", "Space=-0.1", "a share is between 0 and 1"},
      {"--at-most", "Space=x", "\"x\" is not a number"},
      {"--mix", "Space=0.3,Comedy=0.2", "no attribute \"Comedy\""},
      {"--cap", "artist=2", "no attribute or group \"artist\""},
      {"--cap", "genre=2.5", "\"2.5\" is not a whole number of entries from 0 on"},
      {"--cap", "genre=-1", "\"-1\" is not a whole number"},
      {"--run", "genre=0", "\"0\" is not a whole number of entries from 1 on"},
      {"--pin", "7", "write RANK:ID"},
      {"--pin", "0:7", "\"0\" is not a rank from 1 to 10"},
      {"--pin", "11:7", "\"11\" is not a rank from 1 to 10"},
      {"--pin", "1:318", "no item with the id \"318\""},
      {"--diverse", "1.1", "between 0 and 1"},
      {"--explore", "x", "write SEED or SEED=VALUE"},
      {"--explore", "-1", "write SEED or SEED=VALUE"},
      {"--explore", "1=2", "between 0 and 1"}};
  for (const Wrong& wrong : faults) {
    CAPTURE(wrong.option);
    CAPTURE(wrong.text);
    const std::string fault = parser.fault({{wrong.option, wrong.text}});
    CHECK(fault.rfind(wrong.option + " " + wrong.text + ": ", 0) == 0);
    CHECK(fault.find(wrong.message) != std::string::npos);
  }
  CHECK(parser.fault({{"--explore", "1"}, {"--explore", "2"}}) ==
        "--explore 2: there is wish explore 1 already: give one");
  CHECK(parser.fault({{"--diverse", "0.1"}, {"--diverse", "0.1"}}).find("already") !=
        std::string::npos);
}

}  // namespace
}  // namespace pintle::converter
