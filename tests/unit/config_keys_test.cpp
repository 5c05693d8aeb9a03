// SPDX-License-Identifier: Apache-2.0
#include "converter/import/config_keys.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "converter/import/architectures.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

ConfigKey entry(const std::string& pattern, const std::string& what) {
  ConfigKey key;
  key.pattern = pattern;
  key.what = what;
  return key;
}

std::string found(const ConfigKeys& keys, const std::string& path) {
  const ConfigKey* key = keys.find(path);
  return key == nullptr ? "" : key->what;
}

// Every key of the configuration that a recipe's file looks up, its variants' too.
void collect_keys(const json& node, std::set<std::string>* keys) {
  if (!node.is_structured()) return;
  if (node.is_object()) {
    for (const json& key : node.value("keys", json::array())) keys->insert(key);
    const json recognized = node.value("recognize", json::object()).value("config", json::object());
    for (const auto& [key, unused] : recognized.items()) keys->insert(key);
    for (const json& refusal : node.value("refuse", json::array())) {
      if (refusal.contains("config")) keys->insert(refusal["config"]);
    }
  }
  for (const json& child : node) collect_keys(child, keys);
}

TEST_CASE("every framework's entries say what their keys mean") {
  const std::vector<std::string> names = config_framework_names();
  CHECK(std::find(names.begin(), names.end(), "recbole") != names.end());
  for (const std::string& name : names) {
    CAPTURE(name);
    const ConfigKeys& keys = config_keys_of(name);
    CHECK_FALSE(keys.all().empty());
    for (const ConfigKey& key : keys.all()) {
      CAPTURE(key.pattern);
      CHECK(describe(key).find(key.pattern + ": ") == 0);
      CHECK_FALSE(key.what.empty());
      if (key.meaning != KeyMeaning::kExtent) continue;
      const std::set<std::string> extents = {"dim", "layers", "ffn_dim", "positions", "item_rows"};
      CHECK(extents.count(key.what) == 1);
    }
  }
  CHECK_THROWS_WITH(config_keys_of("theano"),
                    doctest::Contains("no framework is called \"theano\"; known: bert4rec-vae"));
}

TEST_CASE("what a built-in recipe looks up is no irrelevant key of its framework") {
  for (const std::string& name : builtin_recipe_names()) {
    CAPTURE(name);
    const json recipe = json::parse(builtin_recipe_text(name));
    REQUIRE(recipe.contains("framework"));
    const ConfigKeys& known = config_keys_of(recipe["framework"]);
    std::set<std::string> keys;
    collect_keys(recipe, &keys);
    CHECK_FALSE(keys.empty());
    for (const std::string& key : keys) {
      CAPTURE(key);
      const ConfigKey* found = known.find(key);
      REQUIRE(found != nullptr);
      CHECK(found->meaning != KeyMeaning::kIrrelevant);
    }
  }
}

TEST_CASE("the deepest entry wins, and an ancestor's covers what is below it") {
  const ConfigKeys keys({entry("optimizer", "training"), entry("lr", "rate"),
                         entry("model.*_kwargs", "arguments"), entry("model.n_heads", "heads"),
                         entry("n_heads", "any heads")});
  CHECK(found(keys, "optimizer.betas.first") == "training");
  CHECK(found(keys, "optimizer.lr") == "rate");
  CHECK(found(keys, "trainer.optimizer.eps") == "training");
  CHECK(found(keys, "model.layer_kwargs.size") == "arguments");
  CHECK(found(keys, "model.kwargs") == "");
  CHECK(found(keys, "n_heads") == "any heads");
  CHECK(found(keys, "model.n_heads") == "heads");
  CHECK(found(keys, "hyper.model.n_heads") == "heads");
  CHECK(found(keys, "model") == "");
  CHECK(found(keys, "lrs") == "");
}

TEST_CASE("values by path: a list is one value, empty ones are none") {
  const json config = {{"a", {{"b", 1}, {"c", json::array({1, 2})}, {"d", nullptr}}},
                       {"e", json::array()},
                       {"f", json::object()},
                       {"g", false}};
  const std::vector<std::pair<std::string, json>> expected = {
      {"a.b", 1}, {"a.c", json::array({1, 2})}, {"g", false}};
  CHECK(configured_values(config) == expected);
  CHECK(configured_values(json::object()).empty());
}

}  // namespace
}  // namespace pintle::converter
