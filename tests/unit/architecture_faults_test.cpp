// SPDX-License-Identifier: Apache-2.0
//
// What import_network says about checkpoints that are ambiguous, incomplete or damaged.
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <limits>

#include "converter/import/architectures.h"
#include "converter/import/recipe.h"
#include "converter/io/error.h"
#include "support/contains.h"
#include "support/synthetic_checkpoint.h"

namespace {

using namespace pintle::converter;
using pintle::test::check_contains;
constexpr int64_t kDim = 4, kRows = 6;

SyntheticCheckpoint recbole() {
  SyntheticCheckpoint c;
  c.add("item_embedding.weight", {kRows, kDim});
  c.add("position_embedding.weight", {3, kDim}).norm("LayerNorm", kDim);
  const std::string layer = "trm_encoder.layer.0.";
  for (const char* name : {"query", "key", "value", "dense"}) {
    c.linear(layer + "multi_head_attention." + name, kDim, kDim);
  }
  c.norm(layer + "multi_head_attention.LayerNorm", kDim);
  c.linear(layer + "feed_forward.dense_1", 8, kDim).linear(layer + "feed_forward.dense_2", kDim, 8);
  return c.norm(layer + "feed_forward.LayerNorm", kDim);
}

ImportOptions with(const std::string& arch, std::optional<int64_t> heads = 2) {
  ImportOptions options;
  options.arch = arch;
  options.heads = heads;
  return options;
}

std::string fault(const SyntheticCheckpoint& made, const ImportOptions& options) {
  try {
    import_network(made.checkpoint, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no fault";
}

// A file that is gone at the end of the test.
struct TemporaryFile {
  explicit TemporaryFile(const std::string& text) { std::ofstream(path) << text; }
  ~TemporaryFile() { std::remove(path.c_str()); }
  const std::string path = "architecture_faults_test.json";
};

}  // namespace

TEST_CASE("an ambiguous checkpoint lists its candidates; the configuration decides") {
  SyntheticCheckpoint made = recbole();
  const std::string text = fault(made, with(""));
  check_contains(text, "made.pt: its tensors fit more than one architecture");
  check_contains(text, "--arch sasrec-recbole ");
  check_contains(text, "--arch bert4rec-recbole ");
  made.checkpoint.config = {{"model", "bert4rec"}};
  CHECK(import_network(made.checkpoint, with("")).recipe == "bert4rec-recbole");
  made.checkpoint.config = {{"model", "CORE"}};
  check_contains(fault(made, with("")), "the configuration says model = CORE");
}

TEST_CASE("a missing or misshapen tensor is named with the shape it should have") {
  SyntheticCheckpoint made = recbole();
  made.checkpoint.tensors.erase("trm_encoder.layer.0.multi_head_attention.key.bias");
  made.add("LayerNorm.weight", {kDim + 1});
  for (const char* arch : {"sasrec-recbole", ""}) {
    const std::string text = fault(made, with(arch));
    check_contains(
        text,
        "tensor trm_encoder.layer.0.multi_head_attention.key.bias is missing, expected shape [4]");
    check_contains(text, "tensor LayerNorm.weight has shape [5], expected [4]");
  }
}

TEST_CASE("a layer that is not whole or is missing between others is a fault") {
  SyntheticCheckpoint made = recbole();
  made.norm("trm_encoder.layer.1.multi_head_attention.LayerNorm", kDim);
  check_contains(
      fault(made, with("sasrec-recbole")),
      "trm_encoder.layer.1.multi_head_attention.query.weight is missing, expected shape [4, 4]");
  SyntheticCheckpoint gap = recbole();
  gap.norm("trm_encoder.layer.2.multi_head_attention.LayerNorm", kDim);
  check_contains(fault(gap, with("sasrec-recbole")),
                 "trm_encoder.layer.1.multi_head_attention.LayerNorm.weight is missing");
}

TEST_CASE("a checkpoint of nothing known says so") {
  SyntheticCheckpoint made;
  check_contains(fault(made, with("")), "none of its 0 tensors");
  made.add("conv1.weight", {3, 3});
  check_contains(fault(made, with("")), "none of its 1 tensors (conv1.weight, ...)");
}

TEST_CASE("NaN and infinite weights are refused, in tensors that are used") {
  SyntheticCheckpoint made = recbole();
  made.add("unused.weight", {2}).put("unused.weight", 0, std::numeric_limits<float>::quiet_NaN());
  CHECK(fault(made, with("sasrec-recbole")) == "no fault");
  SyntheticCheckpoint nan = made;
  nan.put("item_embedding.weight", 5, std::numeric_limits<float>::quiet_NaN());
  check_contains(fault(nan, with("sasrec-recbole")),
                 "tensor item_embedding.weight holds NaN at element 5 of shape [6, 4]");
  made.put("LayerNorm.bias", 2, -std::numeric_limits<float>::infinity());
  check_contains(fault(made, with("sasrec-recbole")),
                 "tensor LayerNorm.bias holds an infinite value at element 2");
}

TEST_CASE("heads: missing, not dividing, out of range") {
  const SyntheticCheckpoint made = recbole();
  check_contains(fault(made, with("sasrec-recbole", std::nullopt)),
                 "pass --heads N (4 dimensions: N is one of 1, 2, 4)");
  check_contains(fault(made, with("sasrec-recbole", 3)), "3 heads do not divide 4 dimensions");
  check_contains(fault(made, with("sasrec-recbole", 0)), "heads = 0 (from --heads)");
  check_contains(fault(made, with("sasrec-recbole", -2)), "heads = -2 (from --heads)");
}

TEST_CASE("--config overrides by name, and names what it cannot use") {
  SyntheticCheckpoint made = recbole();
  made.checkpoint.config = {{"n_heads", 4}, {"hidden_act", "gelu"}};
  ImportOptions options = with("sasrec-recbole", std::nullopt);
  {
    const TemporaryFile config(R"({"activation": "relu", "window": 2, "norm_eps": 0.5})");
    options.config_path = config.path;
    check_contains(fault(made, options), "it is gelu from the checkpoint's config, hidden_act");
    options.force = true;
    const Network n = import_network(made.checkpoint, options);
    CHECK(n.heads == 4);
    CHECK(n.ffn_activation == pintle::fb::Activation_Relu);
    CHECK(n.window == 2);
    CHECK(n.positions.rows == 2);
    CHECK(n.embedding_norm->eps == 0.5f);
  }
  const std::pair<const char*, const char*> faults[] = {
      {R"({"activation": "tanh"})", "activation = tanh (from --config"},
      {R"({"window": 4})", "window = 4, but position_embedding.weight has room for 3"},
      {R"({"window": 2.5})", "window = 2.5 (from --config"},
      {R"({"norm_eps": 0})", "expected a number above 0"},
      {R"({"heads": "two"})", "heads = two"},
      {R"({"pad_row": 6})", "pad_row = 6"},
      {R"({"pad_keys": "reset"})", "pad_keys can only be hidden"},
      {R"({"mask": "bidirectional"})", "{\"mask_row\": N}"},
      {R"({"skip_oldest": 1})", "skip_oldest = 1 needs a bidirectional mask"},
      {R"([1])", "not a JSON object"},
      {R"({"heads": )", "not JSON"}};
  for (const auto& [text, expected] : faults) {
    const TemporaryFile config(text);
    options.config_path = config.path;
    check_contains(fault(made, options), expected);
  }
  options.config_path = "absent.json";
  check_contains(fault(made, options), "cannot read absent.json");
}

TEST_CASE("a recipe file stands for any layout") {
  SyntheticCheckpoint made;
  made.add("E", {kRows, kDim}).add("P", {3, kDim});
  made.norm("b0.n1", kDim).linear("b0.qkv", 3 * kDim, kDim).norm("b0.n2", kDim);
  made.add("b0.up", {kDim, 5}).add("b0.down", {5, kDim});
  const TemporaryFile recipe(R"({
    "name": "mine", "description": "a layout of one's own",
    "architecture": {"heads": 1, "item_scale": 3, "activation": "silu", "pad_keys": "evolving"},
    "items": {"table": "E", "pad_row": 2}, "positions": {"table": "P", "order": "newest_first"},
    "pad_embedding": "item_row",
    "blocks": {"attention_norm": "b{i}.n1", "query_key_value": "b{i}.qkv", "ffn_norm": "b{i}.n2",
               "ffn_in": {"weight": "b{i}.up", "bias": false, "transposed": true},
               "ffn_out": {"weight": "b{i}.down", "bias": false, "transposed": true}}})");
  ImportOptions options;
  options.recipe_path = recipe.path;
  const Network n = import_network(made.checkpoint, options);
  CHECK(n.recipe == "mine");
  CHECK(n.checkpoint_ids == std::vector<int64_t>{0, 1, 3, 4, 5});
  CHECK(n.ffn_dim == 5);
  CHECK(n.blocks[0].ffn_in.bias == std::vector<float>(5, 0.0f));
  CHECK(n.pad_embedding[1] == 3 * made.row("E", 2)[1]);
  options.arch = "gpt2";
  check_contains(fault(made, options), "--arch and --recipe");
}

TEST_CASE("every built-in recipe is listed, parses and carries its own name") {
  const std::vector<std::string> names = builtin_recipe_names();
  CHECK(names.size() >= 18);
  for (const char* name :
       {"gpt2", "sasrec-pmixer-2020-linear", "sasrec-pmixer-2020", "sasrec-pmixer-2024",
        "sasrec-pmixer-2025-prenorm", "sasrec-pmixer-2025-postnorm", "sasrec-recbole",
        "bert4rec-recbole", "s3rec", "sasrec-rechorus", "gsasrec", "sasrec-rectools",
        "sasrec-replay", "bert4rec-hf", "gpt2-transformers4rec", "bert4rec-vae", "bert4rec-replay",
        "bert4rec-rectools"}) {
    CAPTURE(name);
    CHECK(RecipeFile(builtin_recipe_text(name), name).name() == name);
    CHECK_FALSE(builtin_recipe_description(name).empty());
  }
  CHECK_THROWS_WITH(builtin_recipe_text("gpt3"), doctest::Contains("known: "));
}
