// SPDX-License-Identifier: Apache-2.0
#include "converter/import/config_check.h"

#include <doctest/doctest.h>

#include "converter/import/architectures.h"
#include "support/contains.h"
#include "toy_layouts.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using pintle::test::contains;
using Lines = std::vector<std::string>;

ConfigFindings findings(const SyntheticCheckpoint& made, const json& config,
                        const json& told = json::object(), const std::string& name = "gpt2") {
  const RecipeFile file(builtin_recipe_text(name), name);
  const Recipe& recipe = file.select(made.checkpoint);
  const auto binding = bind_recipe(recipe, made.checkpoint);
  REQUIRE(binding->problems.empty());
  Configuration configuration;
  configuration.checkpoint = config;
  configuration.checkpoint_source = "the checkpoint's config";
  configuration.user = told;
  configuration.user_name = "c.json";
  return check_configuration(recipe, *binding, configuration);
}

Lines contradictions(const json& config) { return findings(gpt2(), config).contradictions; }

TEST_CASE("extents must be the tensors'") {
  CHECK(contradictions({{"n_embd", kDim},
                        {"n_layer", 2.0},
                        {"n_positions", kPositions},
                        {"n_inner", kFfn},
                        {"vocab_size", kRows}})
            .empty());
  CHECK(contradictions({{"n_embd", 8}}) ==
        Lines{"the checkpoint's config says n_embd = 8, but the tensors have 4 (dim)"});
  CHECK(contains(contradictions({{"n_layer", 3}})[0], "but the tensors have 2 (layers)"));
  CHECK(contains(contradictions({{"n_positions", 50}})[0], "have 5 (positions)"));
  CHECK(contains(contradictions({{"n_inner", 7}})[0], "have 6 (ffn dim)"));
  CHECK(contains(contradictions({{"vocab_size", 6}})[0], "have 7 (item rows)"));
  CHECK(contains(contradictions({{"n_layer", "two"}})[0], "n_layer = \"two\""));
  CHECK(contradictions({{"n_layer", 1.5}}).size() == 1);
  CHECK(contradictions({{"n_embd", nullptr}}).empty());
}

TEST_CASE("--config is held against the tensors too, and nested values are found") {
  const ConfigFindings found = findings(gpt2(), json::object(), {{"outer", {{"n_embd", 9}}}});
  CHECK(found.contradictions ==
        Lines{"--config c.json says outer.n_embd = 9, but the tensors have 4 (dim)"});
}

TEST_CASE("tokens are no items, one or a list of them, and those beyond the table are named") {
  const ConfigFindings found = findings(
      gpt2(), {{"bos_token_id", 4}, {"eos_token_id", {5, 6, 50256}}, {"unk_token_id", -1}});
  CHECK(found.contradictions.empty());
  CHECK(found.special_rows == std::map<int64_t, std::string>{{4, "bos_token_id = 4"},
                                                             {5, "eos_token_id = 5"},
                                                             {6, "eos_token_id = 6"}});
  CHECK(found.notes ==
        Lines{"eos_token_id = 50256 is no row of the item table, which has 7: not used",
              "unk_token_id = -1 is no row of the item table, which has 7: not used"});

  SyntheticCheckpoint made = gpt2();
  made.checkpoint.config = {{"n_head", 2}, {"eos_token_id", 6}};
  const Network network = import_network(made.checkpoint, {});
  CHECK(network.checkpoint_ids == std::vector<int64_t>{1, 2, 3, 4, 5});
  CHECK(reports(network, "row 6 of the item table is no item (eos_token_id = 6)"));
}

TEST_CASE("values that the recipe cannot express") {
  CHECK(contradictions({{"add_cross_attention", false}, {"scale_attn_weights", true}}).empty());
  CHECK(contains(contradictions({{"add_cross_attention", true}})[0],
                 "add_cross_attention = true, attention to a second sequence is not supported"));
  CHECK(contains(contradictions({{"rope_theta", 10000}})[0], "rotary positions"));
}

TEST_CASE("a tie that the tensors do not have, and a head that is missing") {
  CHECK(contradictions({{"tie_word_embeddings", true}}).empty());
  CHECK(contains(contradictions({{"tie_word_embeddings", false}})[0], "its head is missing"));
  SyntheticCheckpoint made = gpt2();
  made.copy("lm_head.weight", "wte.weight");
  for (const bool tied : {false, true}) {
    CHECK(findings(made, {{"tie_word_embeddings", tied}}).contradictions.empty());
  }
  made.add("lm_head.weight", {kRows, kDim});
  CHECK(findings(made, {{"tie_word_embeddings", false}}).contradictions.empty());
  CHECK(contains(findings(made, {{"tie_word_embeddings", true}}).contradictions[0],
                 "but lm_head.weight is not wte.weight"));
}

TEST_CASE("unknown keys are listed; looked up, irrelevant and empty ones are not") {
  const ConfigFindings found = findings(gpt2(), {{"flux", 1},
                                                 {"mine", {{"depth", 2}}},
                                                 {"n_head", 2},
                                                 {"window", 4},
                                                 {"nothing", nullptr},
                                                 {"attn_pdrop", 0.1}});
  CHECK(found.notes == Lines{"not used: keys that are not known, of the checkpoint's config: "
                             "flux, mine.depth"});
  SyntheticCheckpoint made = gpt2();
  made.checkpoint.config = {{"n_head", 2}, {"flux", 1}};
  CHECK(reports(import_network(made.checkpoint, {}), "keys that are not known"));
}

TEST_CASE("RecBole's list length is held against the positions") {
  const auto found = [](int64_t length) {
    return findings(recbole(), {{"MAX_ITEM_LIST_LENGTH", length}}, json::object(), "sasrec-recbole")
        .contradictions;
  };
  CHECK(found(kPositions).empty());
  REQUIRE(found(kPositions + 1).size() == 1);
  CHECK(contains(found(kPositions + 1)[0], "MAX_ITEM_LIST_LENGTH = 6"));
}

}  // namespace
}  // namespace pintle::converter
