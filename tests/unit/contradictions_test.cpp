// SPDX-License-Identifier: Apache-2.0
//
// What speaks against a recipe is found whether it was recognised, named or written by the user.
#include "converter/import/contradictions.h"

#include <doctest/doctest.h>

#include "converter/import/architectures.h"
#include "support/scratch_dir.h"
#include "toy_layouts.h"

namespace pintle::converter {
namespace {

using doctest::Contains;

constexpr int64_t kManyRows = 20;

enum class Way { kRecognised, kArch, kRecipe };

Network import_by(Way way, const SyntheticCheckpoint& made, const std::string& arch, bool force) {
  const test::ScratchDir scratch;
  ImportOptions options;
  options.heads = 2;
  options.force = force;
  if (way == Way::kArch) options.arch = arch;
  if (way == Way::kRecipe) {
    options.recipe_path = scratch.write("mine.json", builtin_recipe_text(arch));
  }
  return import_network(made.checkpoint, options);
}

// Refused in each way with `line`, and converted with --force, which writes the line down.
void check_ways(const SyntheticCheckpoint& made, const std::string& line,
                const std::vector<Way>& ways = {Way::kRecognised, Way::kArch, Way::kRecipe},
                const std::string& arch = "gpt2") {
  for (const Way way : ways) {
    CAPTURE(static_cast<int>(way));
    CAPTURE(line);
    CHECK_THROWS_WITH(import_by(way, made, arch, false), Contains(line.c_str()));
    CHECK_THROWS_WITH(import_by(way, made, arch, false), Contains("--force"));
    const Network forced = import_by(way, made, arch, true);
    CHECK(reports(forced, "forced, although " + line));
  }
}

void zero_row(SyntheticCheckpoint* made, const std::string& table, int64_t row) {
  for (int64_t i = 0; i < kDim; ++i) made->put(table, static_cast<size_t>(row * kDim + i), 0);
}

TEST_CASE("a plain checkpoint has nothing against it") {
  for (const Way way : {Way::kRecognised, Way::kArch, Way::kRecipe}) {
    CHECK_FALSE(reports(import_by(way, gpt2("", kManyRows), "gpt2", true), "forced"));
  }
}

TEST_CASE("a tensor of a layer that the recipe does not use") {
  SyntheticCheckpoint made = gpt2();
  made.add("h.1.attn.rotary.weight", {3, kDim});
  check_ways(made, "tensor h.1.attn.rotary.weight [3, 4] is part of a layer");
  // Buffers of integers and single numbers are no weights.
  SyntheticCheckpoint buffers = gpt2();
  buffers.indices("h.0.attn.steps", {1, 2}).add("h.0.attn.scale", {1});
  CHECK(reports(import_by(Way::kArch, buffers, "gpt2", false), "not used"));
}

TEST_CASE("a tensor with a row for each item is a head that the recipe does not use") {
  for (const int64_t rows : {kManyRows, kManyRows + 3, kManyRows - 3}) {
    SyntheticCheckpoint made = gpt2("", kManyRows);
    made.add("scores.bias", {rows});
    check_ways(made, "tensor scores.bias [" + std::to_string(rows) + "] has a row for each item");
  }
  SyntheticCheckpoint transposed = gpt2("", kManyRows);
  transposed.add("scores.weight", {kDim, kManyRows});
  check_ways(transposed, "tensor scores.weight [4, 20] has a row for each item");
  SyntheticCheckpoint other = gpt2("", kManyRows);
  other.add("scores.bias", {kManyRows + 4}).add("users.weight", {kManyRows, kDim + 1});
  CHECK_NOTHROW(import_by(Way::kArch, other, "gpt2", false));
}

TEST_CASE("the only row of zeros is not the pad row") {
  SyntheticCheckpoint made = gpt2();
  zero_row(&made, "wte.weight", 6);
  check_ways(made,
             "row 6 of wte.weight is all zeros, as a pad row is, but the pad is taken to be "
             "row 0");
  // The pad, a row that is no item anyhow, and two of them tell nothing.
  SyntheticCheckpoint pad = gpt2();
  zero_row(&pad, "wte.weight", 0);
  CHECK_NOTHROW(import_by(Way::kRecognised, pad, "gpt2", false));
  SyntheticCheckpoint two = made;
  zero_row(&two, "wte.weight", 5);
  CHECK_NOTHROW(import_by(Way::kRecognised, two, "gpt2", false));
  made.checkpoint.config = {{"eos_token_id", 6}};
  CHECK_NOTHROW(import_by(Way::kRecognised, made, "gpt2", false));
}

TEST_CASE("a pad row and a first position that the framework keeps at zero") {
  const std::string arch = "sasrec-pmixer-2025-prenorm";
  // Three recipes have these tensors: recognition cannot choose.
  check_ways(pmixer(true), "row 0 of item_emb.weight is not zero, as the pad row is in " + arch,
             {Way::kArch, Way::kRecipe}, arch);
  SyntheticCheckpoint made = pmixer(false);
  zero_row(&made, "item_emb.weight", 0);
  check_ways(made, "row 0 of pos_emb.weight is not zero", {Way::kArch, Way::kRecipe}, arch);
  CHECK_THROWS_WITH(import_by(Way::kRecognised, pmixer(true), arch, false),
                    Contains("row 0 of item_emb.weight is not zero"));
}

TEST_CASE("tensors that belong to another architecture") {
  SyntheticCheckpoint made = gpt2();
  made.add("last_layernorm.weight", {kDim});
  check_ways(made, "tensor last_layernorm.weight belongs to ");
}

TEST_CASE("a configuration of another model, and one that no force overrides") {
  SyntheticCheckpoint made = gpt2();
  made.checkpoint.config = {{"model_type", "llama"}};
  check_ways(made, "the configuration says model_type = llama");
  made.checkpoint.config = {{"scale_attn_weights", false}};
  for (const Way way : {Way::kRecognised, Way::kArch, Way::kRecipe}) {
    CHECK_THROWS_WITH(import_by(way, made, "gpt2", true),
                      Contains("attention without 1/sqrt(d) is not supported"));
  }
}

TEST_CASE("what configuration and modules say is part of the examination") {
  SyntheticCheckpoint made = gpt2();
  made.checkpoint.config = {{"n_embd", 8}};
  made.checkpoint.modules["wte"].attributes = {{"max_norm", 1.0}};
  check_ways(made, "the checkpoint's config says n_embd = 8");
  check_ways(made, "the pickled module wte has max_norm");
  const std::vector<RecipeFit> fits = fit_recipes(made.checkpoint, {});
  REQUIRE_FALSE(fits.empty());
  CHECK(fits[0].name == "gpt2");
  CHECK(fits[0].contradictions.size() == 2);
}

}  // namespace
}  // namespace pintle::converter
