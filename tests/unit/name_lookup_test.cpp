// SPDX-License-Identifier: Apache-2.0
#include "converter/run/name_lookup.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "converter/io/error.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

// "genre: Calm", "genre: Space", "mood: Calm", renamed, or none.
Model model_of(const std::vector<std::pair<std::string, std::string>>& attributes) {
  SteerableModel source;
  source.interpretation = {};
  Catalogue& catalogue = source.parts.catalogue;
  catalogue.attributes = attributes;
  if (attributes.empty()) catalogue.item_attributes.assign(catalogue.item_attributes.size(), {});
  return source.open();
}

template <typename Call>
std::string fault_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "found";
}

TEST_CASE("attributes by their name, and by their group's where several have it") {
  const Model model = SteerableModel().open();
  CHECK(require_attribute(model, "Space", "x") == 1);
  CHECK(require_attribute(model, "genre/Space", "x") == 1);
  CHECK(require_attribute(model, "genre/Calm", "x") == 0);
  CHECK(require_attribute(model, "mood/Calm", "x") == 2);
  CHECK(fault_of([&] { require_attribute(model, "Calm", "--cap Calm=1"); }) ==
        "--cap Calm=1: several groups have \"Calm\": write genre/Calm or mood/Calm");
  CHECK(fault_of([&] { require_attribute(model, "Spade", "x"); }) ==
        "x: the model's items have no attribute \"Spade\". They have Space, mood/Calm, genre/Calm");
  CHECK(fault_of([&] { require_attribute(model, "space", "x"); }).find("They have Space") !=
        std::string::npos);
  CHECK(fault_of([&] { require_attribute(model, "mood/Space", "x"); }) != "found");
  CHECK(fault_of([&] {
          require_attribute(model_of({}), "Space", "x");
        }).find("They have none at all") != std::string::npos);
}

TEST_CASE("names that hold a slash, or groups without one") {
  const Model slash = model_of({{"genre", "mood/Calm"}, {"genre", "Space"}, {"mood", "Calm"}});
  CHECK(require_attribute(slash, "mood/Calm", "x") == 2);  // the other has a name of its own
  CHECK(require_attribute(slash, "genre/mood/Calm", "x") == 0);
  CHECK(require_attribute(slash, "Calm", "x") == 2);
  const Model unnamed = model_of({{"", "Calm"}, {"", "Space"}, {"mood", "Calm"}});
  CHECK(require_attribute(unnamed, "/Calm", "x") == 0);
  CHECK(require_attribute_or_group(unnamed, "/*", "x").is_group);
}

TEST_CASE("groups, and what is both") {
  const Model model = SteerableModel().open();
  const AttributeOrGroup mood = require_attribute_or_group(model, "mood", "x");
  CHECK(mood.is_group);
  CHECK(mood.number == 1);
  CHECK(require_attribute_or_group(model, "mood/*", "x").number == 1);
  const AttributeOrGroup space = require_attribute_or_group(model, "Space", "x");
  CHECK_FALSE(space.is_group);
  CHECK(space.number == 1);
  CHECK(fault_of([&] { require_attribute_or_group(model, "genr", "--cap genr=1"); })
            .find("--cap genr=1: the model's items have no attribute or group \"genr\". They have "
                  "genre, ") == 0);
  const Model both = model_of({{"genre", "mood"}, {"genre", "Space"}, {"mood", "Calm"}});
  CHECK(fault_of([&] { require_attribute_or_group(both, "mood", "x"); }) ==
        "x: \"mood\" is a group and an attribute: write mood/* for each attribute of the group, "
        "genre/mood for the attribute");
  CHECK(require_attribute_or_group(both, "mood/*", "x").is_group);
  CHECK_FALSE(require_attribute_or_group(both, "genre/mood", "x").is_group);
}

TEST_CASE("near names come first and long lists end") {
  CHECK(nearest_names({"Drama", "sci-fi", "Sci-Fi Noir"}, "SciFi") == "sci-fi, Drama, Sci-Fi Noir");
  std::vector<std::string> names;
  for (int i = 0; i < 25; ++i) names.push_back("k" + std::to_string(i));
  const std::string list = nearest_names(names, "k24");
  CHECK(list.rfind("k24, ", 0) == 0);
  CHECK(list.find(" and 5 more") != std::string::npos);
}

}  // namespace
}  // namespace pintle::converter
