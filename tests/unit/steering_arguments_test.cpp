// SPDX-License-Identifier: Apache-2.0
#include "converter/run/steering_arguments.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "converter/io/error.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

class Parser {
 public:
  Parser() : model_(SteerableModel().open()) {}
  const Model& model() const { return model_; }
  // Of --steer; the knobs before it are --knob's.
  std::vector<pintle_edit> parse(const std::vector<std::string>& edits,
                                 const std::vector<std::string>& knobs = {}) const {
    const SteeringSet set = parse_steering(model(), {knobs, edits, "delta", "last"});
    // What is parsed is what the runtime accepts.
    Session session = new_session(model());
    REQUIRE(session.append({1, 2, 3}));
    Request request;
    request.edits = set.edits;
    request.steering_flags = set.flags;
    CHECK(session.recommend(request)->size() == 10);
    return set.edits;
  }
  pintle_edit one(const std::string& text) const {
    const std::vector<pintle_edit> edits = parse({text});
    REQUIRE(edits.size() == 1);
    return edits[0];
  }
  pintle_edit knob(const std::string& text) const {
    const std::vector<pintle_edit> edits = parse({}, {text});
    REQUIRE(edits.size() == 1);
    return edits[0];
  }
  // Of --steer or, with a knob, --knob.
  std::string fault(const std::string& text, bool is_knob = false) const {
    try {
      const std::vector<std::string> given = {text}, none;
      parse_steering(model(), {is_knob ? given : none, is_knob ? none : given, "delta", "last"});
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

 private:
  Model model_;
};

void check_edit(const pintle_edit& edit, uint32_t kind, uint32_t sae, uint32_t target, float value,
                uint32_t flags = 0) {
  CHECK(edit.kind == kind);
  CHECK(edit.sae == sae);
  CHECK(edit.target == target);
  CHECK(edit.value == value);
  CHECK(edit.flags == flags);
}

TEST_CASE("knobs, with signs, and with = in the name") {
  const Parser parser;
  check_edit(parser.knob("Space=+2"), PINTLE_EDIT_KNOB, 0, 0, 2);
  check_edit(parser.knob("Space=-4"), PINTLE_EDIT_KNOB, 0, 0, -4);
  check_edit(parser.knob("Space=1.5e0"), PINTLE_EDIT_KNOB, 0, 0, 1.5f);
  check_edit(parser.knob("a=b=0.5"), PINTLE_EDIT_KNOB, 0, 2, 0.5f);
}

TEST_CASE("--knob takes any name, --steer says where a knob goes") {
  SteerableModel source;
  source.interpretation.knobs[0].name = "preset:evening";
  source.interpretation.knobs[1].name = "feature:1:ablate";
  source.interpretation.presets[0].strengths = {{"feature:1:ablate", 0.5f}};
  const Model model = source.open();
  const SteeringSet set = parse_steering(
      model, {{"preset:evening=2"}, {"preset:evening", "feature:1:ablate"}, "delta", "last"});
  REQUIRE(set.edits.size() == 3);
  check_edit(set.edits[0], PINTLE_EDIT_KNOB, 0, 0, 2);
  check_edit(set.edits[1], PINTLE_EDIT_KNOB, 0, 1, 0.5f);
  check_edit(set.edits[2], PINTLE_EDIT_ABLATE, 0, 1, 0);
  const Parser parser;
  CHECK(parser.fault("Space=+2") ==
        "--steer Space=+2: write feature:[SAE:]INDEX:OPERATION[=VALUE] or preset:NAME; a knob is "
        "--knob Space=+2");
  CHECK(parser.fault("Spce=+2").find("--knob") == std::string::npos);
}

TEST_CASE("features, by number and name of their SAE, in every operation") {
  const Parser parser;
  check_edit(parser.one("feature:16:set=4"), PINTLE_EDIT_SET, 0, 16, 4);
  check_edit(parser.one("feature:1:23:add=-0.5"), PINTLE_EDIT_ADD, 1, 23, -0.5f);
  check_edit(parser.one("feature:second:0:scale=2"), PINTLE_EDIT_SCALE, 1, 0, 2);
  check_edit(parser.one("feature:0:1:ablate"), PINTLE_EDIT_ABLATE, 0, 1, 0);
  check_edit(parser.one("feature:2:clamp_min=1"), PINTLE_EDIT_CLAMP_MIN, 0, 2, 1);
  check_edit(parser.one("feature:2:clamp_max=1@active"), PINTLE_EDIT_CLAMP_MAX, 0, 2, 1,
             PINTLE_EDIT_ONLY_ACTIVE);
  check_edit(parser.one("feature:2:ablate@active"), PINTLE_EDIT_ABLATE, 0, 2, 0,
             PINTLE_EDIT_ONLY_ACTIVE);
  check_edit(parser.one("feature:0:5:add=p95:0.5@active"), PINTLE_EDIT_ADD, 0, 5, 0.5f,
             PINTLE_EDIT_CALIBRATED | PINTLE_EDIT_ONLY_ACTIVE);
}

TEST_CASE("a preset stands for its knobs, and edits keep their order") {
  const Parser parser;
  const SteeringSet set = parse_steering(
      parser.model(), {{"Space=1"}, {"feature:1:set=1", "preset:evening"}, "replace", "all"});
  CHECK(set.flags == (PINTLE_STEER_REPLACE | PINTLE_STEER_ALL_POSITIONS));
  REQUIRE(set.edits.size() == 4);
  check_edit(set.edits[0], PINTLE_EDIT_KNOB, 0, 0, 1);
  check_edit(set.edits[1], PINTLE_EDIT_SET, 0, 1, 1);
  check_edit(set.edits[2], PINTLE_EDIT_KNOB, 0, 1, 0.5f);
  check_edit(set.edits[3], PINTLE_EDIT_KNOB, 0, 0, -2);
  CHECK(parse_steering(parser.model(), {}).edits.empty());
}

TEST_CASE("faults quote the argument and name the part that is wrong") {
  const Parser parser;
  CHECK(parser.fault("Spce=1", true) ==
        "--knob Spce=1: the model has no knob \"Spce\". It has Space, Quiet, a=b");
  CHECK(parser.fault("Space=8.5", true) ==
        "--knob Space=8.5: 8.5 is outside the range of Space, -4 to 8");
  const std::vector<std::pair<std::string, std::string>> knob_faults = {
      {"Space", "write NAME=STRENGTH"},
      {"", "write NAME=STRENGTH"},
      {"=2", "write NAME=STRENGTH"},
      {"Space=", "\"\" is not a number"},
      {"Space=2x", "\"2x\" is not a number"},
      {"Space=+-2", "\"+-2\" is not a number"},
      {"Space=nan", "\"nan\" is not a number"},
      {"Space=inf", "\"inf\" is not a number"},
      {"Space=1e99", "\"1e99\" is not a number"}};
  for (const auto& [text, message] : knob_faults) {
    CAPTURE(text);
    const std::string fault = parser.fault(text, true);
    CHECK(fault.rfind("--knob " + text + ": ", 0) == 0);
    CHECK(fault.find(message) != std::string::npos);
  }
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"", "write feature:[SAE:]INDEX:OPERATION[=VALUE] or preset:NAME"},
      {"preset:morning", "no preset \"morning\". It has evening"},
      {"feature:20:set=1", "\"20\" is not a feature of SAE 0, whose features are 0 to 19"},
      {"feature:1:24:set=1", "\"24\" is not a feature of SAE 1"},
      {"feature:-1:set=1", "\"-1\" is not a feature"},
      {"feature:99999999999:set=1", "is not a feature"},
      {"feature:2:3:set=1", "no SAE \"2\". Its SAEs are numbered 0 to 1: first, second"},
      {"feature:3", "write feature:[SAE:]INDEX:OPERATION"},
      {"feature:", "write feature:[SAE:]INDEX:OPERATION"},
      {"feature:3:put=1", "\"put\" is not an operation: use one of add, set, scale"},
      {"feature:3:set", "set needs a value"},
      {"feature:3:ablate=0", "ablate takes no value"},
      {"feature:3:set=", "\"\" is not a number"},
      {"feature:5:scale=p95:2", "scale takes a plain factor"},
      {"feature:3:add=p95:2", "feature 3 has no measured 95th percentile"},
      {"feature:1:3:add=p95:2", "feature 3 has no measured 95th percentile"},
      {"feature:5:add=p95:", "\"\" is not a number"}};
  for (const auto& [text, message] : faults) {
    CAPTURE(text);
    const std::string fault = parser.fault(text);
    CHECK(fault.rfind("--steer " + text + ": ", 0) == 0);
    CHECK(fault.find(message) != std::string::npos);
  }
  CHECK_THROWS_WITH_AS(parse_steering_flags("add", "last"), doctest::Contains("delta or replace"),
                       Error);
  CHECK_THROWS_WITH_AS(parse_steering_flags("delta", "first"), doctest::Contains("last or all"),
                       Error);
}

TEST_CASE("a preset whose strength is outside a knob's range is refused") {
  SteerableModel source;
  source.interpretation.presets[0].strengths[0].second = 3;
  const Model model = source.open();
  CHECK_THROWS_WITH_AS(parse_steering(model, {{}, {"preset:evening"}, "delta", "last"}),
                       doctest::Contains("3 is outside the range of Quiet, -1 to 1"), Error);
}

TEST_CASE("a model without SAEs and knobs says so") {
  SteerableModel source;
  source.interpretation = {};
  const Model model = source.open();
  CHECK_THROWS_WITH_AS(parse_steering(model, {{"Space=1"}, {}, "delta", "last"}),
                       doctest::Contains("It has none at all"), Error);
  CHECK_THROWS_WITH_AS(parse_steering(model, {{}, {"feature:0:set=1"}, "delta", "last"}),
                       doctest::Contains("the model has no SAE"), Error);
}

}  // namespace
}  // namespace pintle::converter
