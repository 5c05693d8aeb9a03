// SPDX-License-Identifier: Apache-2.0
#include "converter/import/recipe.h"

#include <doctest/doctest.h>

#include "converter/import/recipe_binding.h"
#include "converter/import/recipe_settings.h"
#include "converter/io/error.h"
#include "support/synthetic_checkpoint.h"

namespace {

using namespace pintle::converter;
using nlohmann::json;

json minimal() {
  return json::parse(R"({
    "name": "toy", "description": "a toy",
    "prefixes": ["model.", "net."],
    "architecture": {"heads": {"keys": ["n_heads", "args.nhead"]}},
    "items": {"table": ["first.weight", "second.weight"], "pad_row": 0},
    "positions": {"table": "pos.weight", "order": "oldest_first"},
    "blocks": {"attention_norm": "l.{i}.n1", "query": "l.{i}.q", "key": "l.{i}.k",
               "value": "l.{i}.v", "ffn_norm": "l.{i}.n2", "ffn_in": "l.{i}.up",
               "ffn_out": "l.{i}.down"}})");
}

std::string fault_of(const json& recipe) {
  try {
    RecipeFile(recipe.dump(), "toy.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no fault";
}

Recipe parsed(const json& recipe) {
  return RecipeFile(recipe.dump(), "toy.json").select(Checkpoint());
}

int64_t heads(const Configuration& configuration) {
  return resolve_settings(parsed(minimal()), configuration, {}, 12, 5, "made.pt").heads;
}

}  // namespace

TEST_CASE("patterns: '*' stays within a part of a name, '**' does not") {
  CHECK(name_matches("a.b", "a.b"));
  CHECK_FALSE(name_matches("a.b", "a.bc"));
  CHECK_FALSE(name_matches("a.b", "a."));
  CHECK(name_matches("a.*.c", "a.b.c"));
  CHECK(name_matches("a.*.c", "a..c"));
  CHECK_FALSE(name_matches("a.*.c", "a.b.b.c"));
  CHECK(name_matches("a.**.c", "a.b.b.c"));
  CHECK(name_matches("**bias", "x.y.bias"));
  CHECK(name_matches("x.**", "x.y.bias"));
  CHECK_FALSE(name_matches("x.**", "y.x.bias"));
  CHECK(name_matches("h.*.attn.bias", "h.11.attn.bias"));
}

TEST_CASE("prefixes come off as often and in whatever order they stand") {
  SyntheticCheckpoint made;
  made.add("net.model.pos.weight", {1, 1}).add("model.net.model.x", {1}).add("model.", {1});
  const TensorIndex index(made.checkpoint, {"model.", "net."}, {"x"});
  CHECK(index.find("pos.weight").size() == 1);
  CHECK(index.find("x").size() == 1);
  CHECK(index.find("model.").size() == 1);  // nothing would be left of it
}

TEST_CASE("faults in a recipe are named with their place") {
  CHECK(fault_of(minimal()) == "no fault");
  const auto changed = [](const char* pointer, const json& value) {
    json recipe = minimal();
    recipe[json::json_pointer(pointer)] = value;
    return fault_of(recipe);
  };
  const auto without = [](const char* entry, const char* inner) {
    json recipe = minimal();
    recipe[entry].erase(inner);
    return fault_of(recipe);
  };
  CHECK(changed("/colour", 1).find("toy.json: unknown entry \"colour\"") == 0);
  CHECK(changed("/architecture/depth", 1).find("toy.json.architecture: unknown") == 0);
  CHECK(changed("/name", 1) == "toy.json.name: is not a string");
  CHECK(changed("/positions/order", "up").find("toy.json.positions.order: is none of") == 0);
  CHECK(changed("/positions/first_row", -1) == "toy.json.positions.first_row: is negative");
  CHECK(changed("/positions/first_row", 1e18).find("whole number") != std::string::npos);
  CHECK(changed("/blocks/query_key_value", "l.{i}.qkv").find("either") != std::string::npos);
  CHECK(without("blocks", "value").find("either") != std::string::npos);
  CHECK(without("blocks", "ffn_in") == "toy.json.blocks: has no entry \"ffn_in\"");
  CHECK(changed("/blocks/ffn_in", {{"bias", "b"}}).find("names neither") != std::string::npos);
  CHECK(changed("/refuse", {{{"because", "no"}}}).find("either") != std::string::npos);
  CHECK(changed("/prefixes", {""}).find("empty prefix") != std::string::npos);
  CHECK(changed("/items", "E").find("toy.json.items: is not an object") == 0);
  CHECK(changed("/variants", {{{"if_tensor", "x"}, {"changes", {{"name", 2}}}}})
            .find("toy.json (variant x).name") == 0);
  CHECK_THROWS_WITH(RecipeFile("{", "toy.json"), doctest::Contains("toy.json: not JSON"));
  CHECK_THROWS_AS(RecipeFile("[]", "toy.json"), Error);
}

TEST_CASE("the first variant whose tensor is there is merged into the recipe") {
  json recipe = minimal();
  recipe["final_norm"] = "last";
  recipe["variants"] = json::parse(R"([
      {"if_tensor": "absent", "changes": {"description": "never"}},
      {"if_tensor": "head.*", "changes": {"final_norm": null, "positions": {"first_row": 2}}}])");
  const RecipeFile file(recipe.dump(), "toy.json");
  SyntheticCheckpoint made;
  CHECK(file.select(made.checkpoint).final_norm.has_value());
  made.add("model.head.weight", {1});
  const Recipe& variant = file.select(made.checkpoint);
  CHECK_FALSE(variant.final_norm.has_value());
  CHECK(variant.first_position_row == 2);
  CHECK(variant.positions == "pos.weight");
  CHECK(variant.description == "a toy");
}

TEST_CASE("binding: preference among names, unused tensors, ambiguous patterns") {
  SyntheticCheckpoint made;
  made.add("second.weight", {5, 4}).add("pos.weight", {3, 4}).add("stray", {1});
  for (const char* name : {"q", "k", "v"}) made.linear(std::string("l.0.") + name, 4, 4);
  made.norm("l.0.n1", 4).norm("l.0.n2", 4).linear("l.0.up", 6, 4).linear("l.0.down", 4, 6);
  const Recipe recipe = parsed(minimal());
  const auto bound = bind_recipe(recipe, made.checkpoint);
  CHECK(bound->problems.empty());
  CHECK(bound->items->name == "second.weight");
  CHECK(bound->ffn_dim == 6);
  CHECK(bound->unused == std::vector<std::string>{"stray"});
  made.add("first.weight", {5, 4});
  CHECK(bind_recipe(recipe, made.checkpoint)->items->name == "first.weight");
  made.add("model.first.weight", {5, 4});
  const auto twice = bind_recipe(recipe, made.checkpoint);
  REQUIRE(twice->problems.size() >= 1);
  CHECK(twice->problems[0].find("more than one tensor") != std::string::npos);
}

TEST_CASE("settings: --heads before --config before the checkpoint; nested and dotted keys") {
  Configuration configuration;
  configuration.checkpoint = {{"hyper_parameters", {{"n_heads", 2}}}};
  CHECK(heads(configuration) == 2);
  configuration.checkpoint = {{"args", {{"nhead", 6}}}};
  CHECK(heads(configuration) == 6);
  configuration.user = {{"n_heads", 3}};
  CHECK(heads(configuration) == 3);
  configuration.user = {{"n_heads", 3}, {"heads", 4}};
  CHECK(heads(configuration) == 4);
  configuration.heads = 12;
  CHECK(heads(configuration) == 12);
  configuration = Configuration();
  configuration.checkpoint = {{"n_heads", nullptr}};
  CHECK_THROWS_AS(heads(configuration), Error);
}

TEST_CASE("settings: mapped values, rows from the end, Post has no normed input") {
  json recipe = minimal();
  recipe["architecture"] = json::parse(R"({
      "heads": 1, "norm_placement": "post", "key_value_source": "normed",
      "item_scale": {"keys": ["scale"], "map": {"true": "sqrt_dim", "false": 1}, "default": 1}})");
  recipe["items"]["mask_row"] = -1;
  Configuration configuration;
  configuration.checkpoint = {{"scale", true}};
  const Settings s = resolve_settings(parsed(recipe), configuration, {}, 16, 5, "made.pt");
  CHECK(s.item_scale == 4);
  CHECK(s.mask_row == 4);
  CHECK(s.key_value_source == pintle::fb::Source_Raw);
  configuration.checkpoint = {{"scale", "maybe"}};
  CHECK_THROWS_WITH(resolve_settings(parsed(recipe), configuration, {}, 16, 5, "made.pt"),
                    doctest::Contains("expected one of false, true"));
}
