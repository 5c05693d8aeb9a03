// SPDX-License-Identifier: Apache-2.0
//
// The built-in recipes of BERT4Rec-VAE-Pytorch, RePlay and RecTools: tiny checkpoints with their
// names, imported and run by the runtime, against the frameworks' forward passes written out here.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "converter/import/architectures.h"
#include "converter/io/error.h"
#include "support/plain_transformer.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

using namespace pintle::converter;

constexpr int64_t kDim = 8, kFfn = 12, kItems = 9, kLength = 6;  // kLength: the mask token counts
constexpr size_t kHeads = 2;

Network import_as(const SyntheticCheckpoint& made, const std::string& arch) {
  ImportOptions options;
  options.arch = arch;
  options.heads = kHeads;
  return import_network(made.checkpoint, options);
}

std::string fault(const SyntheticCheckpoint& made, const std::string& arch) {
  try {
    import_as(made, arch);
  } catch (const Error& error) {
    return error.what();
  }
  return "no fault";
}

bool reports(const Network& network, const std::string& text) {
  for (const std::string& line : network.assumptions) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

// The framework's scores of all items after a history of items 0, 1, ...
using Framework = std::function<Doubles(const std::vector<uint32_t>& history)>;

void check_scores(const Network& network, const Framework& framework) {
  REQUIRE(network.items.rows == kItems);
  CHECK(network.window == kLength - 1);
  TinyModel tiny;
  tiny.network = network;
  tiny.catalogue = integer_catalogue(kItems);
  const OpenModel model(tiny.file());
  for (const size_t length : {1, 2, 4, 5, 6, 11}) {
    CAPTURE(length);
    const std::vector<uint32_t> history =
        random_history(length, kItems, static_cast<uint32_t>(length));
    CHECK(relative_difference(OpenSession(model, history).all_scores(), framework(history)) < 1e-5);
  }
}

// Left padding: [pad ... pad, item ... item, mask], of kLength.
std::vector<int64_t> padded_tokens(const std::vector<uint32_t>& history, int64_t first_item,
                                   int64_t pad, int64_t mask) {
  std::vector<int64_t> tokens(kLength, pad);
  size_t slot = kLength;
  tokens[--slot] = mask;
  for (size_t i = history.size(); i-- > 0 && slot > 0;) tokens[--slot] = first_item + history[i];
  return tokens;
}

SyntheticCheckpoint vae() {
  SyntheticCheckpoint c;
  c.add("bert.embedding.token.weight", {kItems + 2, kDim});
  c.add("bert.embedding.position.pe.weight", {kLength, kDim});
  for (const char* layer : {"bert.transformer_blocks.0.", "bert.transformer_blocks.1."}) {
    const std::string l = layer;
    for (const char* i : {"0", "1", "2"}) c.linear(l + "attention.linear_layers." + i, kDim, kDim);
    c.linear(l + "attention.output_linear", kDim, kDim);
    c.linear(l + "feed_forward.w_1", kFfn, kDim).linear(l + "feed_forward.w_2", kDim, kFfn);
    for (const char* place : {"input", "output"}) {
      c.add(l + place + "_sublayer.norm.a_2", {kDim}).add(l + place + "_sublayer.norm.b_2", {kDim});
    }
  }
  c.linear("out", kItems + 1, kDim);
  randomize(&c, "a_2", 5);
  return c;
}

Framework vae_forward(const SyntheticCheckpoint& made) {
  PlainTransformer t{kHeads, {}, gelu_tanh};
  for (const char* layer : {"bert.transformer_blocks.0.", "bert.transformer_blocks.1."}) {
    const std::string l = layer;
    const auto norm = [&](const std::string& place) {
      const std::string n = l + place + "_sublayer.norm.";
      return PlainNorm{wide_values(made, n + "a_2"), wide_values(made, n + "b_2"), 1e-6, true};
    };
    const auto linear = [&](const std::string& name) { return plain_linear(made, l + name); };
    t.blocks.push_back({norm("input"), norm("output"), linear("attention.linear_layers.0"),
                        linear("attention.linear_layers.1"), linear("attention.linear_layers.2"),
                        linear("attention.output_linear"), linear("feed_forward.w_1"),
                        linear("feed_forward.w_2")});
  }
  return [=](const std::vector<uint32_t>& history) {
    std::vector<PlainSlot> slots;
    for (const int64_t token : padded_tokens(history, 1, 0, kItems + 1)) {
      const int64_t slot = static_cast<int64_t>(slots.size());
      slots.push_back({sum_of(wide_row(made, "bert.embedding.token.weight", token),
                              wide_row(made, "bert.embedding.position.pe.weight", slot)),
                       token == 0});
    }
    const Doubles scores =
        plain_scores(t.run(slots), wide_values(made, "out.weight"), wide_values(made, "out.bias"));
    return Doubles(scores.begin() + 1, scores.end());
  };
}

SyntheticCheckpoint replay(bool tied) {
  SyntheticCheckpoint c;
  const std::string e = "_model.item_embedder.";
  c.add(e + "cat_embeddings.movie.weight", {kItems, kDim});
  c.add(e + "mask_embedding.weight", {1, kDim}).add(e + "position.pe.weight", {kLength, kDim});
  for (const char* layer : {"_model.transformer_blocks.0.", "_model.transformer_blocks.1."}) {
    const std::string l = layer;
    c.add(l + "attention.in_proj_weight", {3 * kDim, kDim});
    c.add(l + "attention.in_proj_bias", {3 * kDim}).linear(l + "attention.out_proj", kDim, kDim);
    c.norm(l + "attention_norm", kDim).norm(l + "pff_norm", kDim);
    c.linear(l + "pff.w_1", kFfn, kDim).linear(l + "pff.w_2", kDim, kFfn);
  }
  if (tied) {
    c.add("_model._head.out_bias", {kItems});
  } else {
    c.linear("_model._head.linear", kItems, kDim);
  }
  randomize(&c, "norm.weight", 6);
  if (tied) {  // the head holds the embedder once more
    for (const char* name : {"cat_embeddings.movie.weight", "mask_embedding.weight"}) {
      c.copy(std::string("_model._head._item_embedder.") + name, e + name);
    }
  }
  return c;
}

// The names that RePlay and RecTools share; y = x + attention, z = y + FFN.
PlainBlock stacked_block(const SyntheticCheckpoint& made, const std::string& attention,
                         const std::string& norm_1, const std::string& norm_2,
                         const std::string& ffn_in, const std::string& ffn_out) {
  const auto part = [&](size_t i) {
    return plain_rows(made, attention + ".in_proj_weight", attention + ".in_proj_bias", i * kDim,
                      kDim);
  };
  const auto norm = [&](const std::string& n) {
    return PlainNorm{wide_values(made, n + ".weight"), wide_values(made, n + ".bias"), 1e-5};
  };
  return {norm(norm_1),
          norm(norm_2),
          part(0),
          part(1),
          part(2),
          plain_linear(made, attention + ".out_proj"),
          plain_linear(made, ffn_in),
          plain_linear(made, ffn_out)};
}

Framework replay_forward(const SyntheticCheckpoint& made, bool tied, int passes) {
  const std::string e = "_model.item_embedder.";
  PlainTransformer t{kHeads, {}, gelu_erf};
  for (const char* layer : {"_model.transformer_blocks.0.", "_model.transformer_blocks.1."}) {
    const std::string l = layer;
    for (int pass = 0; pass < passes; ++pass) {
      t.blocks.push_back(stacked_block(made, l + "attention", l + "attention_norm", l + "pff_norm",
                                       l + "pff.w_1", l + "pff.w_2"));
    }
  }
  const Doubles table =
      wide_values(made, tied ? e + "cat_embeddings.movie.weight" : "_model._head.linear.weight");
  const Doubles bias =
      wide_values(made, tied ? "_model._head.out_bias" : "_model._head.linear.bias");
  return [=](const std::vector<uint32_t>& history) {
    std::vector<PlainSlot> slots;
    for (const int64_t token : padded_tokens(history, 0, -1, -2)) {
      const Doubles item = token == -2 ? wide_values(made, e + "mask_embedding.weight")
                                       : wide_row(made, e + "cat_embeddings.movie.weight",
                                                  std::max<int64_t>(token, 0));
      const int64_t slot = static_cast<int64_t>(slots.size());
      slots.push_back({sum_of(item, wide_row(made, e + "position.pe.weight", slot)), token == -1});
    }
    return plain_scores(t.run(slots), table, bias);
  };
}

const std::string kRecToolsItems = "torch_model.item_model.item_net_blocks.0.ids_emb.weight";
const std::string kRecToolsPositions = "torch_model.pos_encoding_layer.pos_emb.weight";

SyntheticCheckpoint rectools() {
  SyntheticCheckpoint c;
  c.add(kRecToolsItems, {kItems + 2, kDim}).add(kRecToolsPositions, {kLength, kDim});
  const std::string l = "torch_model.transformer_layers.transformer_blocks.0.";
  c.add(l + "multi_head_attn.in_proj_weight", {3 * kDim, kDim});
  c.add(l + "multi_head_attn.in_proj_bias", {3 * kDim});
  c.linear(l + "multi_head_attn.out_proj", kDim, kDim);
  c.norm(l + "layer_norm_1", kDim).norm(l + "layer_norm_2", kDim);
  c.linear(l + "feed_forward.ff_linear_1", kFfn, kDim);
  c.linear(l + "feed_forward.ff_linear_2", kDim, kFfn);
  randomize(&c, "norm", 7);
  return c;
}

Framework rectools_forward(const SyntheticCheckpoint& made, double scale) {
  const std::string l = "torch_model.transformer_layers.transformer_blocks.0.";
  PlainTransformer t{kHeads, {}, gelu_erf};
  t.blocks.push_back(stacked_block(made, l + "multi_head_attn", l + "layer_norm_1",
                                   l + "layer_norm_2", l + "feed_forward.ff_linear_1",
                                   l + "feed_forward.ff_linear_2"));
  return [=](const std::vector<uint32_t>& history) {
    std::vector<PlainSlot> slots;
    for (const int64_t token : padded_tokens(history, 2, 0, 1)) {
      const int64_t from_newest = kLength - 1 - static_cast<int64_t>(slots.size());
      Doubles item = wide_row(made, kRecToolsItems, token);
      for (double& v : item) v *= scale;
      slots.push_back({sum_of(item, wide_row(made, kRecToolsPositions, from_newest)), token == 0});
    }
    const Doubles scores = plain_scores(t.run(slots), wide_values(made, kRecToolsItems), {});
    return Doubles(scores.begin() + 2, scores.end());
  };
}

TEST_CASE("bert4rec-vae: its own norm, left padding, an output layer without the mask's row") {
  SyntheticCheckpoint made = vae();
  const Network network = import_as(made, "");
  CHECK(network.recipe == "bert4rec-vae");
  CHECK(network.norm_form == fb::NormForm_EpsOutside);
  CHECK(network.checkpoint_ids.front() == 1);
  CHECK(reports(network, "norm_form = unbiased_std"));
  check_scores(network, vae_forward(made));

  // So small that eps = 1e-6 is a part of the deviation: it counts where it stands.
  for (const char* table : {"bert.embedding.token.weight", "bert.embedding.position.pe.weight"}) {
    std::vector<float> values = made.values(table);
    for (float& value : values) value *= 1e-5f;
    made.fill(table, values);
  }
  check_scores(import_as(made, ""), vae_forward(made));

  made.checkpoint.config = {{"model_code", "bert"}, {"bert_num_heads", 4}};
  ImportOptions from_config;
  CHECK(import_network(made.checkpoint, from_config).heads == 4);
  made.add("bert.embedding.segment.weight", {3, kDim});
  CHECK(fault(made, "bert4rec-vae").find("segment embeddings") != std::string::npos);
}

TEST_CASE("bert4rec-replay: the mask token apart, blocks passed twice, head tied and not") {
  for (const bool tied : {false, true}) {
    CAPTURE(tied);
    SyntheticCheckpoint made = replay(tied);
    const Network once = import_as(made, "");
    CHECK(once.recipe == "bert4rec-replay");
    CHECK(once.blocks.size() == 2);
    CHECK(once.output_items.has_value() == !tied);
    CHECK_FALSE(reports(once, "not used"));
    check_scores(once, replay_forward(made, tied, 1));
    made.checkpoint.config = {{"hyper_parameters", {{"pass_per_transformer_block_count", 2}}}};
    const Network twice = import_as(made, "");
    CHECK(twice.blocks.size() == 4);
    check_scores(twice, replay_forward(made, tied, 2));
  }
  SyntheticCheckpoint made = replay(false);
  made.add("_model.item_embedder.cat_embeddings.genre.weight", {3, kDim});
  CHECK(fault(made, "bert4rec-replay").find("more than one tensor") != std::string::npos);
}

TEST_CASE("bert4rec-rectools: positions from the mask token on; what it cannot do is refused") {
  SyntheticCheckpoint made = rectools();
  made.checkpoint.config = {
      {"model_config",
       {{"cls", "BERT4RecModel"}, {"use_key_padding_mask", true}, {"use_causal_attn", false}}}};
  const Network network = import_as(made, "");
  CHECK(network.recipe == "bert4rec-rectools");
  CHECK(network.position_origin == fb::PositionOrigin_Newest);
  check_scores(network, rectools_forward(made, 1));

  nlohmann::json& config = made.checkpoint.config["model_config"];
  config["pos_encoding_kwargs"] = {{"use_scale_factor", true}};
  check_scores(import_as(made, ""), rectools_forward(made, std::sqrt(8.0)));
  const std::pair<const char*, nlohmann::json> faults[] = {
      {"use_key_padding_mask", false}, {"use_causal_attn", true}, {"distance", "cosine"}};
  for (const auto& [key, value] : faults) {
    const nlohmann::json before = config;
    config[key] = value;
    CHECK(fault(made, "bert4rec-rectools").find(key) != std::string::npos);
    config = before;
  }
  made.linear("torch_model.transformer_layers.transformer_blocks.0.gating_linear_1", kDim, kDim);
  CHECK(fault(made, "bert4rec-rectools").find("LiGR") != std::string::npos);
}

}  // namespace
}  // namespace pintle::test
