// SPDX-License-Identifier: Apache-2.0
#include "converter/features/knobs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "converter/features/knob_range.h"
#include "converter/run/steered_lists.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

TEST_CASE("knobs of attributes alone: units, ranges, and who gets none") {
  const test::DefaultModel files;
  const ModelParts parts = read_model_parts(files.path);
  const Histories all = files.users(600);
  ThreadPool pool(2);
  KnobOptions options;
  options.min_items = 60;
  const BuiltKnobs built = build_knobs(parts, {}, take_part(all, 0, 2), options, &pool);
  REQUIRE(built.knobs.size() >= 3);
  CHECK(built.knobs.size() + built.refused.size() == parts.catalogue.attributes.size());
  for (const RefusedKnob& refused : built.refused) {
    CAPTURE(refused.attribute_name);
    CHECK(refused.reason.find("fewer than 60") != std::string::npos);
  }

  std::vector<float> units;
  for (const Knob& knob : built.knobs) {
    const auto one = std::find_if(knob.rewards.begin(), knob.rewards.end(),
                                  [](const auto& point) { return point.first == 1; });
    REQUIRE(one != knob.rewards.end());
    units.push_back(one->second);
  }
  std::sort(units.begin(), units.end());
  CHECK(built.wish_unit >= units[(units.size() - 1) / 2]);
  CHECK(built.wish_unit <= units[units.size() / 2]);

  // The file that ships: the others' median person gains an item at +1, two at +2.
  Interpretation interpretation;
  interpretation.knobs = built.knobs;
  interpretation.temperature = built.temperature;
  interpretation.wish_unit = built.wish_unit;
  const Model model = open_in_memory(join_parts(parts, interpretation));
  CHECK(model.info().wish_unit == built.wish_unit);
  const Histories others = take_part(all, 1, 2);
  for (uint32_t i = 0; i < built.knobs.size(); ++i) {
    const Knob& knob = built.knobs[i];
    CAPTURE(knob.name);
    CHECK(knob.features.empty());
    CHECK(knob.min_strength <= 0);
    CHECK(knob.max_strength >= 0);
    const bool has_reason = knob.max_strength == knob.max_by_loss ||
                            knob.max_strength == knob.max_by_items || knob.max_strength == 10;
    CHECK(has_reason);
    const uint32_t attribute = require(model.knob(i), "knob").attribute;
    for (const int step : {1, 2}) {
      if (static_cast<float>(step) > knob.max_strength) continue;
      CAPTURE(step);
      const auto measures = measure_lists(
          model, others,
          {{{}, 0, {}, attribute}, {{turn(i, static_cast<float>(step))}, 0, {}, attribute}}, &pool);
      std::vector<int> gains;
      for (size_t u = 0; u < measures[0].users.level.size(); ++u) {
        gains.push_back((measures[1].users.level[u] - measures[0].users.level[u]) / 15);
      }
      std::sort(gains.begin(), gains.end());
      CHECK(gains[gains.size() / 2] == step);
    }
  }
}

TEST_CASE("without a knob wishes have a unit all the same") {
  const test::DefaultModel files;
  ThreadPool pool(2);
  KnobOptions options;
  options.min_items = 1000000;
  const BuiltKnobs built =
      build_knobs(read_model_parts(files.path), {}, files.users(100), options, &pool);
  CHECK(built.knobs.empty());
  CHECK(built.temperature > 0);
  CHECK(built.wish_unit > 0);
}

}  // namespace
}  // namespace pintle::converter
