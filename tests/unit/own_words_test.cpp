// SPDX-License-Identifier: Apache-2.0
//
// What pickled modules say, and what goes before what where several tell a setting.
#include "converter/import/own_words.h"

#include <doctest/doctest.h>

#include "converter/import/architectures.h"
#include "support/contains.h"
#include "toy_layouts.h"

namespace pintle::converter {
namespace {

using doctest::Contains;
using nlohmann::json;
using pintle::test::contains;

SyntheticCheckpoint with_modules(SyntheticCheckpoint made,
                                 const std::map<std::string, json>& attributes) {
  for (const auto& [name, said] : attributes) made.checkpoint.modules[name].attributes = said;
  return made;
}

OwnWords words_of(const SyntheticCheckpoint& made, const std::string& name = "gpt2") {
  const RecipeFile file(builtin_recipe_text(name), name);
  const Recipe& recipe = file.select(made.checkpoint);
  const auto binding = bind_recipe(recipe, made.checkpoint);
  REQUIRE(binding->problems.empty());
  return read_own_words(recipe, *binding, made.checkpoint);
}

// The only contradiction; empty: none.
std::string contradiction(const OwnWords& words) {
  CHECK(words.contradictions.size() <= 1);
  return words.contradictions.empty() ? "" : words.contradictions[0];
}

TEST_CASE("heads, by torch's names and by the recipe's, and modules that disagree") {
  const OwnWords words = words_of(with_modules(gpt2(), {{"h.0.attn", {{"num_heads", 2}}}}));
  CHECK(words.settings.at("heads").value == 2);
  CHECK(words.settings.at("heads").source == "from the pickled module h.0.attn, num_heads");
  CHECK(words_of(with_modules(gpt2(), {{"", {{"n_head", 4}}}})).settings.at("heads").source ==
        "from the pickled model itself, n_head");
  const std::string line = contradiction(words_of(
      with_modules(gpt2(), {{"h.0.attn", {{"num_heads", 2}}}, {"h.1.attn", {{"nhead", 4}}}})));
  CHECK(line ==
        "the pickled module h.1.attn, nhead = 4, but heads = 2 from the pickled module "
        "h.0.attn, num_heads");
  CHECK(words_of(gpt2()).settings.empty());
}

TEST_CASE("the item table's padding_idx and max_norm, no other table's") {
  const OwnWords words =
      words_of(with_modules(gpt2(), {{"wte", {{"padding_idx", 3}, {"max_norm", nullptr}}},
                                     {"wpe", {{"padding_idx", 0}, {"max_norm", 1.0}}}}));
  CHECK(words.settings.at("pad_row").value == 3);
  CHECK(contradiction(words).empty());
  const OwnWords none = words_of(with_modules(gpt2(), {{"wte", {{"padding_idx", nullptr}}}}));
  CHECK(none.settings.count("pad_row") == 0);
  CHECK(contains(contradiction(words_of(with_modules(gpt2(), {{"wte", {{"max_norm", 1.0}}}}))),
                 "the pickled module wte has max_norm"));
}

TEST_CASE("each norm's own eps reaches the network") {
  const SyntheticCheckpoint made = with_modules(gpt2(), {{"h.0.ln_1", {{"eps", 1e-6}}},
                                                         {"h.1.ln_1", {{"eps", 1e-6}}},
                                                         {"h.0.ln_2", {{"eps", 1e-7}}},
                                                         {"ln_f", {{"eps", 1e-3}}}});
  ImportOptions options;
  options.heads = 2;
  const Network network = import_network(made.checkpoint, options);
  CHECK(network.blocks[1].attention_norm.eps == 1e-6f);
  CHECK(network.blocks[0].ffn_norm.eps == 1e-7f);
  CHECK(network.final_norm->eps == 1e-3f);
  CHECK(reports(network, "final_norm_eps = 0.001 (from the pickled module ln_f, eps)"));
  const SyntheticCheckpoint wide = with_modules(recbole(), {{"LayerNorm", {{"eps", 1e-5}}}});
  CHECK(words_of(wide, "sasrec-recbole").settings.at("embedding_norm_eps").value == 1e-5);
  CHECK(contains(contradiction(words_of(with_modules(
                     gpt2(), {{"h.0.ln_1", {{"eps", 1e-6}}}, {"h.1.ln_1", {{"eps", 1e-5}}}}))),
                 "but attention_norm_eps = 1e-06"));
}

TEST_CASE("an order of norms that the recipe does not have, and attention that none has") {
  ImportOptions options;
  options.heads = 2;
  const auto layers = [](bool norm_first) {
    return with_modules(gpt2(), {{"h.0", {{"norm_first", norm_first}}}}).checkpoint;
  };
  CHECK(import_network(layers(true), options).norm_placement == fb::NormPlacement_Pre);
  CHECK_THROWS_WITH(import_network(layers(false), options),
                    Contains("norms come after the sublayers (from the pickled module h.0"));
  CHECK(contains(
      contradiction(words_of(with_modules(gpt2(), {{"h.0.attn", {{"add_zero_attn", true}}}}))),
      "add_zero_attn"));
  CHECK(contradiction(words_of(with_modules(gpt2(), {{"h.0.attn", {{"add_zero_attn", false}}}})))
            .empty());
}

TEST_CASE("activations: used where the recipe asks, else compared with what it fixes") {
  const auto with_types = [](SyntheticCheckpoint made, const std::vector<std::string>& types,
                             const json& said = json::object()) {
    for (size_t i = 0; i < types.size(); ++i) {
      made.checkpoint.modules["act" + std::to_string(i)] = {
          "torch.nn.modules.activation." + types[i], said};
    }
    return made;
  };
  CHECK(words_of(with_types(gpt2(), {"ReLU"})).settings.at("activation").value == "relu");
  CHECK(words_of(with_types(gpt2(), {"GELU"})).settings.at("activation").value == "gelu");
  CHECK(words_of(with_types(gpt2(), {"GELU"}, {{"approximate", "tanh"}}))
            .settings.at("activation")
            .value == "gelu_new");
  CHECK(words_of(with_types(gpt2(), {"ReLU", "GELU"})).settings.count("activation") == 0);
  const std::string fixed = "sasrec-pmixer-2020";
  CHECK(contradiction(words_of(with_types(pmixer(false), {"ReLU"}), fixed)).empty());
  CHECK(contains(contradiction(words_of(with_types(pmixer(false), {"GELU"}), fixed)),
                 "is a gelu, but the recipe's activation is relu"));
}

TEST_CASE("a module's word stands against what is told, unless that is forced") {
  const SyntheticCheckpoint made = with_modules(gpt2(), {{"h.0.attn", {{"num_heads", 2}}}});
  ImportOptions options;
  CHECK(import_network(made.checkpoint, options).heads == 2);
  options.heads = 1;
  const Network kept = import_network(made.checkpoint, options);
  CHECK(kept.heads == 2);
  CHECK(reports(kept, "1 from --heads is not used, --force would use it"));
  options.force = true;
  const Network forced = import_network(made.checkpoint, options);
  CHECK(forced.heads == 1);
  CHECK(reports(forced,
                "forced, although heads = 1 (from --heads), but it is 2 from the pickled "
                "module h.0.attn, num_heads"));
}

TEST_CASE("what is told against the configuration is refused, unless forced") {
  SyntheticCheckpoint made = gpt2();
  made.checkpoint.config = {{"n_head", 2}};
  ImportOptions options;
  options.set = {"heads=4"};
  CHECK_THROWS_WITH(import_network(made.checkpoint, options),
                    Contains("heads = 4 (from --set), but it is 2 from the checkpoint's config"));
  options.force = true;
  CHECK(import_network(made.checkpoint, options).heads == 4);
  options.heads = 1;  // goes before --set
  CHECK(import_network(made.checkpoint, options).heads == 1);
  // A window may be made smaller at will.
  ImportOptions smaller;
  smaller.set = {"window=3"};
  CHECK(import_network(made.checkpoint, smaller).window == 3);
}

}  // namespace
}  // namespace pintle::converter
