// SPDX-License-Identifier: Apache-2.0
//
// What a recipe can say about layers, norms, output tables and masks: a layout of the test's own,
// imported by changed recipes and run by the runtime, against a forward pass written out plainly.
#include <doctest/doctest.h>

#include <functional>

#include "converter/import/architectures.h"
#include "converter/import/layer_names.h"
#include "converter/import/recipe.h"
#include "converter/io/error.h"
#include "support/contains.h"
#include "support/plain_transformer.h"
#include "support/scratch_dir.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

using namespace pintle::converter;
using nlohmann::json;

constexpr int64_t kDim = 8, kFfn = 10, kRows = 9, kPositions = 7;
constexpr int kLayers = 2;

// Blocks b.1, b.2; norms.0 ... norms.3 theirs in turn, norms.4 the last, which has no bias.
SyntheticCheckpoint layout() {
  SyntheticCheckpoint c;
  c.add("E", {kRows, kDim}).add("P", {kPositions, kDim}).add("mask", {kDim});
  for (int i = 0; i < kLayers; ++i) {
    const std::string l = "b." + std::to_string(i + 1) + ".";
    for (const char* name : {"q", "k", "v", "o"}) c.linear(l + name, kDim, kDim);
    c.linear(l + "up", kFfn, kDim).linear(l + "down", kDim, kFfn);
  }
  for (int i = 0; i <= 2 * kLayers; ++i) {
    c.add("norms." + std::to_string(i) + ".g", {kDim});
    if (i < 2 * kLayers) c.add("norms." + std::to_string(i) + ".b", {kDim});
  }
  randomize(&c, ".g", 11);
  return c;
}

// Its recipe, as one without a mask token.
json recipe() {
  return json::parse(R"({
    "name": "toy", "description": "a toy",
    "architecture": {"heads": 2, "activation": "gelu", "norm_eps": 0.25, "mask": "bidirectional",
                     "read_at": "newest"},
    "items": {"table": "E", "pad_row": 0},
    "positions": {"table": "P", "order": "oldest_first"},
    "blocks": {"attention_norm": {"gain": "norms.{2i}.g", "bias": "norms.{2i}.b"},
               "query": "b.{i+1}.q", "key": "b.{i+1}.k", "value": "b.{i+1}.v",
               "output": "b.{i+1}.o",
               "ffn_norm": {"gain": "norms.{2i+1}.g", "bias": "norms.{2i+1}.b", "eps": 0.5},
               "ffn_in": "b.{i+1}.up", "ffn_out": "b.{i+1}.down"},
    "final_norm": {"gain": "norms.{2i}.g", "bias": false}, "ignore": ["mask"]})");
}

Network import_by(const SyntheticCheckpoint& made, const json& recipe,
                  const json& config = json::object(), bool force = false) {
  const ScratchDir dir;
  ImportOptions options;
  options.force = force;
  options.recipe_path = dir.write("toy.json", recipe.dump());
  options.config_path = dir.write("config.json", config.dump());
  return import_network(made.checkpoint, options);
}

std::string fault(const SyntheticCheckpoint& made, const json& recipe,
                  const json& config = json::object()) {
  try {
    import_by(made, recipe, config);
  } catch (const Error& error) {
    return error.what();
  }
  return "no fault";
}

json with(const char* pointer, const json& value) {
  json changed = recipe();
  changed[json::json_pointer(pointer)] = value;
  return changed;
}

bool reports(const Network& network, const std::string& text) {
  for (const std::string& line : network.assumptions) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

// The layout's own forward pass: `slots` in, the state that items are scored against out.
Doubles state_of(const SyntheticCheckpoint& made, const std::vector<PlainSlot>& slots,
                 bool unbiased_std = false) {
  PlainTransformer t{2, {}, gelu_erf};
  const auto norm = [&](int number, double eps) {
    const std::string n = "norms." + std::to_string(number);
    return PlainNorm{wide_values(made, n + ".g"),
                     number == 2 * kLayers ? Doubles() : wide_values(made, n + ".b"), eps,
                     unbiased_std};
  };
  for (int i = 0; i < kLayers; ++i) {
    const std::string l = "b." + std::to_string(i + 1) + ".";
    const auto linear = [&](const char* name) { return plain_linear(made, l + name); };
    t.blocks.push_back({norm(2 * i, 0.25), norm(2 * i + 1, 0.5), linear("q"), linear("k"),
                        linear("v"), linear("o"), linear("up"), linear("down")});
  }
  return plain_apply(norm(2 * kLayers, 0.25), t.run(slots));
}

// Position rows, oldest first, of `count` slots of which the last is read.
using Places = std::function<int64_t(int64_t slot, int64_t count)>;

// Every score, with the mask token appended or not, for histories up to beyond the window.
void check_scores(const SyntheticCheckpoint& made, const Network& network, bool has_mask,
                  const Places& place, bool unbiased_std = false) {
  TinyModel tiny;
  tiny.network = network;
  tiny.catalogue = integer_catalogue(network.items.rows);
  const OpenModel model(tiny.file());
  const int64_t window = network.window;
  CHECK(network.positions.rows == window + (has_mask ? 1 : 0));
  OpenSession one_by_one(model);
  const std::vector<uint32_t> history =
      random_history(static_cast<size_t>(window) + 3, network.items.rows, 3);
  for (int64_t length = 1; length <= window + 3; ++length) {
    CAPTURE(length);
    const int64_t kept = std::min(length, window), count = kept + (has_mask ? 1 : 0);
    std::vector<PlainSlot> slots;
    for (int64_t slot = 0; slot < count; ++slot) {
      const Doubles item = slot == kept ? wide_values(made, "mask")
                                        : wide_row(made, "E", 1 + history[length - kept + slot]);
      slots.push_back({sum_of(item, wide_row(made, "P", place(slot, count))), false});
    }
    const Doubles scores =
        plain_scores(state_of(made, slots, unbiased_std), wide_values(made, "E"), {});
    one_by_one.append({history[static_cast<size_t>(length) - 1]});
    CHECK(relative_difference(one_by_one.all_scores(), {scores.begin() + 1, scores.end()}) < 1e-5);
  }
}

TEST_CASE("layer numbers in names") {
  CHECK(for_layer("h.{i}.x", 3) == "h.3.x");
  CHECK(for_layer("h.{i+1}.{i}.x", 3) == "h.4.3.x");
  CHECK(for_layer("n.{2i}", 3) == "n.6");
  CHECK(for_layer("n.{3i+2}", 3) == "n.11");
  CHECK(layer_of("n.{3i+2}.*", "n.11.x") == 3);
  CHECK(layer_of("b2.{i}", "b2.7") == 7);
  CHECK(layer_of("{i}.{i+1}", "2.3") == 2);
  CHECK_FALSE(layer_of("{i}.{i+1}", "2.4").has_value());
  CHECK_FALSE(layer_of("n.{3i+2}", "n.10").has_value());
  CHECK_FALSE(layer_of("n.{i+2}", "n.1").has_value());
  CHECK_FALSE(layer_of("n.{i}", "n.01").has_value());
  CHECK_FALSE(layer_of("n.{i}", "n.99999999999999999999").has_value());
  for (const char* sound : {"x", "{i}", "{i+1}", "{2i}", "{2i+1}", "{12i+34}"}) {
    CHECK(layer_fault(sound).empty());
  }
  for (const char* faulty : {"{j}", "{}", "{i-1}", "{2*i}", "{i+}", "{i1}", "{0i}", "{i", "i}",
                             "{i}}", "{{i}}", "{i+1+1}", "{99999i}", "{-i}", "{ i }"}) {
    CAPTURE(faulty);
    CHECK_FALSE(layer_fault(faulty).empty());
  }
}

TEST_CASE("layers from 1, norms of one series, norms without bias and with an eps of their own") {
  const SyntheticCheckpoint made = layout();
  const Network n = import_by(made, recipe());
  CHECK(n.blocks.size() == kLayers);
  CHECK(n.blocks[1].attention_norm.eps == 0.25f);
  CHECK(n.blocks[1].ffn_norm.eps == 0.5f);
  CHECK(n.final_norm->eps == 0.25f);
  CHECK(n.final_norm->bias == std::vector<float>(kDim));
  CHECK_FALSE(reports(n, "not used"));
  CHECK(import_by(made, recipe(), {{"ffn_norm_eps", 0.125}}).blocks[0].ffn_norm.eps == 0.125f);
  check_scores(made, n, false, [](int64_t slot, int64_t) { return slot; });
}

TEST_CASE("a missing layer is a fault, what lies beyond the last is reported") {
  SyntheticCheckpoint gap = layout();
  gap.linear("b.4.up", kFfn, kDim);
  check_contains(fault(gap, recipe()), "tensor b.3.q.weight is missing");
  SyntheticCheckpoint beyond = layout();
  beyond.add("norms.5.g", {kDim}).linear("b.0.q", kDim, kDim).linear("b.9.other", kDim, kDim);
  check_contains(fault(beyond, recipe()), "tensor b.0.q.weight [8, 8] is part of a layer");
  const Network n = import_by(beyond, recipe(), json::object(), true);
  CHECK(n.blocks.size() == kLayers);
  for (const char* name : {"norms.5.g", "b.0.q.weight", "b.9.other.bias"}) {
    CHECK(reports(n, std::string("not used: tensor ") + name));
  }
  SyntheticCheckpoint far = layout();
  far.linear("b.5000.up", kFfn, kDim);  // no layer: not thousands of faults
  CHECK(
      reports(import_by(far, recipe(), json::object(), true), "not used: tensor b.5000.up.weight"));
}

TEST_CASE("faults of names are told where they stand") {
  const SyntheticCheckpoint made = layout();
  check_contains(fault(made, with("/blocks/query", "b.{i-1}.q")),
                 "toy.json.blocks.query: \"{i-1}\"");
  check_contains(fault(made, with("/items/table", "E.{i}")),
                 "only blocks, final_norm and head have");
  check_contains(fault(made, with("/embedding_norm", "n.{i}")), "toy.json.embedding_norm: ");
  check_contains(fault(made, with("/blocks/ffn_norm", {{"gain", "x"}})),
                 "does not say its \"bias\"");
  check_contains(fault(made, with("/blocks/ffn_norm", {{"bias", "x"}})), "names neither");
  check_contains(fault(made, with("/architecture/ffn_norm_eps", 1)), "is told by architecture");
  json same = recipe();
  same["blocks"]["attention_norm"] = {{"gain", "norms.{i}.g"}, {"bias", "norms.{i}.b"}};
  same["blocks"]["ffn_norm"] = {{"gain", "norms.{i+1}.g"}, {"bias", "norms.{i+1}.b"}};
  check_contains(fault(made, same),
                 "tensor norms.1.g is both \"norms.{i+1}.g\" and \"norms.{i}.g\" of the recipe");
  json stem = recipe();
  stem["final_norm"] = {{"stem", "last"}, {"eps", {{"keys", {"last_eps"}}, {"default", 0.75}}}};
  SyntheticCheckpoint stemmed = layout();
  stemmed.norm("last", kDim);
  stemmed.checkpoint.tensors.erase(
      "norms.4.g");  // a norm that is left over speaks against a recipe
  CHECK(import_by(stemmed, stem).final_norm->eps == 0.75f);
  CHECK(import_by(stemmed, stem, {{"last_eps", 0.5}}).final_norm->eps == 0.5f);
}

TEST_CASE("norm_form unbiased_std: d - 1 in the root and eps outside, exactly") {
  const SyntheticCheckpoint made = layout();
  const Network n = import_by(made, with("/architecture/norm_form", "unbiased_std"));
  CHECK(n.norm_form == fb::NormForm_EpsOutside);
  check_scores(
      made, n, false, [](int64_t slot, int64_t) { return slot; }, true);
  check_contains(fault(made, with("/architecture/norm_form", "rms")),
                 "expected one of layer_norm, unbiased_std");
}

TEST_CASE("positions of every order, with a mask token and without") {
  const SyntheticCheckpoint made = layout();
  for (const bool has_mask : {false, true}) {
    CAPTURE(has_mask);
    for (const int64_t first : {0, 2}) {
      // A smaller window than the table's only where slots must show on which side they are counted.
      for (const int64_t spared : {0, 2}) {
        const int64_t full = kPositions - first - spared;  // slots of a full window
        const std::pair<const char*, Places> orders[] = {
            {"oldest_first", [=](int64_t slot, int64_t) { return first + slot; }},
            {"newest_first", [=](int64_t slot, int64_t n) { return first + n - 1 - slot; }},
            {"slots", [=](int64_t slot, int64_t n) { return first + full - n + slot; }},
            {"slots_from_end", [](int64_t slot, int64_t n) { return kPositions - n + slot; }}};
        for (const auto& [order, place] : orders) {
          CAPTURE(order);
          json changed = recipe();
          changed["positions"]["order"] = order;
          changed["positions"]["first_row"] = first;
          if (has_mask) {
            changed["architecture"].erase("read_at");
            changed["mask_embedding"] = "mask";
          }
          const int64_t window = full - (has_mask ? 1 : 0);
          const Network n = import_by(made, changed, {{"window", window}});
          CHECK((n.mask == fb::AttentionMask_Bidirectional) == has_mask);
          check_scores(made, n, has_mask, place);
        }
      }
    }
  }
}

TEST_CASE("what is read and what masks it: combinations that mean nothing are refused") {
  SyntheticCheckpoint made = layout();
  json masked = recipe();
  masked["architecture"].erase("read_at");
  check_contains(fault(made, masked), "{\"mask_row\": N}");
  masked["mask_embedding"] = {"absent", "mask"};
  CHECK(import_by(made, masked).mask_embedding == made.values("mask"));
  check_contains(fault(made, masked, {{"mask_row", 3}}), "has the mask token in mask");
  masked["items"]["mask_row"] = 2;
  check_contains(fault(made, masked), "toy.json.mask_embedding: is the mask token");
  json unread = with("/mask_embedding", "mask");
  CHECK(reports(import_by(made, unread), "not used: tensor mask"));

  check_contains(fault(made, recipe(), {{"mask", "causal"}, {"read_at", "mask"}}),
                 "read_at = mask (from --config config.json): expected newest");
  CHECK(import_by(made, recipe(), {{"mask", "causal"}}).mask == fb::AttentionMask_Causal);
  check_contains(fault(made, recipe(), {{"skip_oldest", 1}}), "with a mask token");
  check_contains(fault(made, recipe(), {{"pad_keys", "reset"}}), "pad_keys can only be hidden");
  // A mask row that is not read is no item either.
  const Network n = import_by(made, recipe(), {{"mask_row", -1}});
  CHECK(n.checkpoint_ids.back() == kRows - 2);

  made.add("mask", {2, kDim});
  check_contains(fault(made, with("/mask_embedding", "mask")), "expected [1, 8]");
}

TEST_CASE("blocks that run several times") {
  const SyntheticCheckpoint made = layout();
  const Network n = import_by(made, recipe(), {{"block_repeats", 3}});
  REQUIRE(n.blocks.size() == 3 * kLayers);
  for (size_t i = 0; i < n.blocks.size(); ++i) {
    CHECK(n.blocks[i].query.bias == made.values("b." + std::to_string(i / 3 + 1) + ".q.bias"));
  }
  for (const json& wrong : {json(0), json(65), json(1.5), json("two")}) {
    check_contains(fault(made, recipe(), {{"block_repeats", wrong}}), "block_repeats = ");
  }
}

TEST_CASE("an output table of another height and with an offset, and its bias") {
  SyntheticCheckpoint made = layout();
  made.add("out.weight", {kRows - 2, kDim}).add("out.bias", {kRows - 2});
  json headed = recipe();
  headed["output_items"] = "out.weight";
  check_contains(fault(made, headed), "tensor out.weight has shape [7, 8], expected [9, 8]");

  headed["output_items"] = {{"table", "out.weight"}, {"offset", -1}};
  headed["item_bias"] = "out.bias";
  const Network n = import_by(made, headed);  // output rows 0 ... 6 score items 1 ... 7
  CHECK(n.checkpoint_ids == std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7});
  CHECK(n.output_items->values == made.values("out.weight"));
  CHECK(n.item_bias == made.values("out.bias"));
  CHECK(reports(n, "row 8 of the item table: no item, as out.weight has no row for it"));
  CHECK_FALSE(reports(n, "not used"));

  headed["output_items"]["offset"] = 1;  // row 0 is no item's: output rows 2 ... 6, 1 is the pad's
  const Network shifted = import_by(made, headed);
  CHECK(shifted.checkpoint_ids == std::vector<int64_t>{1, 2, 3, 4, 5});
  CHECK(std::vector<float>(shifted.output_items->row(0), shifted.output_items->row(1)) ==
        made.row("out.weight", 2));
  CHECK(shifted.item_bias[0] == made.values("out.bias")[2]);
  CHECK(reports(shifted, "not used: row 0 of out.weight"));
  CHECK(reports(shifted, "row 6 ... 8 (3 rows) of the item table: no item"));

  headed["output_items"]["offset"] = 100;
  check_contains(fault(made, headed), "tensor E holds no items");
  headed["output_items"]["offset"] = "one";
  check_contains(fault(made, headed), "toy.json.output_items.offset: is not a whole number");

  headed["output_items"] = {{"table", json::array()}, {"offset", -2}};  // tied, the bias shifted
  check_contains(fault(made, headed), "tensor out.weight [7, 8] has a row for each item");
  made.checkpoint.tensors.erase("out.weight");
  check_contains(fault(made, headed), "row 1 of the item table has no value in out.bias");
  headed["output_items"]["offset"] = -1;
  headed["items"]["drop_rows"] = {-1};
  const Network tied = import_by(made, headed);
  CHECK_FALSE(tied.output_items.has_value());
  CHECK(tied.item_bias == made.values("out.bias"));
  headed["items"].erase("drop_rows");
  check_contains(fault(made, headed), "tensor out.bias has shape [7], expected at least 8 values");
}

}  // namespace
}  // namespace pintle::test
