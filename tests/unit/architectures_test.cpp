// SPDX-License-Identifier: Apache-2.0
//
// Each family's tensor names and shapes at toy size, and where every number must go in the Network.
#include "converter/import/architectures.h"

#include <doctest/doctest.h>

#include <cmath>

#include "toy_layouts.h"

namespace {

using namespace pintle::converter;
using Floats = std::vector<float>;

Floats row_of(const Matrix& matrix, int64_t r) {
  return {matrix.row(r), matrix.row(r) + matrix.cols};
}
Floats part(const Floats& v, int64_t first, int64_t count) {
  return {v.begin() + first, v.begin() + first + count};
}
Floats joined(Floats a, const Floats& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Floats sum(Floats a, const Floats& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

Network import_as(const SyntheticCheckpoint& made, const std::string& arch,
                  std::optional<int64_t> heads = 2, bool force = false) {
  ImportOptions options;
  options.force = force;
  options.arch = arch;
  options.heads = heads;
  return import_network(made.checkpoint, options);
}

}  // namespace

TEST_CASE("gpt2: Conv1D is transposed, stacked q, k, v are split, buffers are dropped") {
  const SyntheticCheckpoint made = gpt2("transformer.");
  const Network n = import_as(made, "");
  CHECK(n.recipe == "gpt2");
  CHECK(n.dim == kDim);
  CHECK(n.ffn_dim == kFfn);
  CHECK(n.window == kPositions);
  CHECK(n.position_origin == pintle::fb::PositionOrigin_Oldest);
  CHECK(n.ffn_activation == pintle::fb::Activation_GeluTanh);
  CHECK(n.pad_keys == pintle::fb::PadKeys_Hidden);
  REQUIRE(n.blocks.size() == 2);
  const Floats stacked = made.values("transformer.h.1.attn.c_attn.weight");
  for (int64_t out = 0; out < 3 * kDim; ++out) {
    for (int64_t in = 0; in < kDim; ++in) {
      const Block& block = n.blocks[1];
      const float got =
          out < kDim ? block.query.weight.row(out)[in] : block.key_value.weight.row(out - kDim)[in];
      CHECK(got == stacked[static_cast<size_t>(in * 3 * kDim + out)]);
    }
  }
  const Floats bias = made.values("transformer.h.1.attn.c_attn.bias");
  CHECK(n.blocks[1].query.bias == part(bias, 0, kDim));
  CHECK(n.blocks[1].key_value.bias == part(bias, kDim, 2 * kDim));
  CHECK(n.blocks[0].ffn_in.weight.rows == kFfn);
  CHECK(n.blocks[0].ffn_in.weight.row(5)[1] == made.row("transformer.h.0.mlp.c_fc.weight", 1)[5]);
  CHECK(n.blocks[0].ffn_norm.gain == made.values("transformer.h.0.ln_2.weight"));
  CHECK(n.checkpoint_ids == std::vector<int64_t>{1, 2, 3, 4, 5, 6});
  CHECK(row_of(n.items, 0) == made.row("transformer.wte.weight", 1));
  CHECK(row_of(n.positions, 0) == made.row("transformer.wpe.weight", 0));
  CHECK(reports(n, "heads = 2 (from --heads)"));
  CHECK(reports(n, "activation = gelu_new (not told"));
  CHECK_FALSE(reports(n, "not used"));
}

TEST_CASE("gpt2: an equal head is tied, another one is kept; embed_layer goes before wte") {
  SyntheticCheckpoint made = gpt2();
  made.copy("lm_head.weight", "wte.weight");
  CHECK_FALSE(import_as(made, "gpt2").output_items.has_value());
  made.add("lm_head.weight", {kRows, kDim});
  const Network n = import_as(made, "gpt2");
  REQUIRE(n.output_items.has_value());
  CHECK(row_of(*n.output_items, 2) == made.row("lm_head.weight", 3));

  SyntheticCheckpoint wrapped = gpt2("transformer_model.");
  wrapped.add("embed_layer.weight", {kRows, kDim}).add("transformer_model.wte.weight", {2, kDim});
  CHECK(row_of(import_as(wrapped, "").items, 0) == wrapped.row("embed_layer.weight", 1));
}

TEST_CASE("pmixer 2020: slots become newest-first, pads are zero, convolutions are squeezed") {
  const SyntheticCheckpoint made = pmixer(false);
  const Network n = import_as(made, "sasrec-pmixer-2020-linear");
  CHECK(n.item_scale == doctest::Approx(2.0));
  CHECK(n.ffn_activation == pintle::fb::Activation_Identity);
  CHECK(n.window == kPositions);
  CHECK(n.position_origin == pintle::fb::PositionOrigin_Newest);
  for (int64_t r = 0; r < kPositions; ++r) {
    CHECK(row_of(n.positions, r) == made.row("pos_emb.weight", kPositions - 1 - r));
  }
  CHECK(n.pad_keys == pintle::fb::PadKeys_Reset);
  CHECK(n.pad_embedding == Floats(kDim, 0.0f));
  CHECK(n.norm_placement == pintle::fb::NormPlacement_Pre);
  CHECK(n.key_value_source == pintle::fb::Source_Raw);
  CHECK(n.attention_residual == pintle::fb::Source_Normed);
  CHECK(n.ffn_residual == pintle::fb::Source_Normed);
  const Floats stacked = made.values("attention_layers.0.in_proj_weight");
  CHECK(n.blocks[0].query.weight.values == part(stacked, 0, kDim * kDim));
  CHECK(n.blocks[0].key_value.weight.values == part(stacked, kDim * kDim, 2 * kDim * kDim));
  CHECK(n.blocks[1].ffn_in.weight.values == made.values("forward_layers.1.conv1.weight"));
  CHECK(n.blocks[0].attention_norm.eps == 1e-8f);
  CHECK(n.final_norm->eps == 1e-8f);
  CHECK(import_as(made, "sasrec-pmixer-2020").ffn_activation == pintle::fb::Activation_Relu);
}

TEST_CASE("pmixer 2024 and 2025: positions from 1, pads evolve from the scaled pad item") {
  const SyntheticCheckpoint made = pmixer(true);
  for (const char* arch :
       {"sasrec-pmixer-2024", "sasrec-pmixer-2025-prenorm", "sasrec-pmixer-2025-postnorm"}) {
    CAPTURE(arch);
    CHECK_THROWS_WITH(import_as(made, arch), doctest::Contains("is not zero, as the pad row is"));
    const Network n = import_as(made, arch, 2, true);
    CHECK(reports(n, "forced, although row 0 of item_emb.weight is not zero"));
    CHECK(n.window == kPositions - 1);
    CHECK(n.positions.rows == kPositions - 1);
    CHECK(row_of(n.positions, 0) == made.row("pos_emb.weight", kPositions - 1));
    CHECK(row_of(n.positions, kPositions - 2) == made.row("pos_emb.weight", 1));
    CHECK(n.pad_keys == pintle::fb::PadKeys_Evolving);
    const Floats item = made.row("item_emb.weight", 0);
    CHECK(n.pad_embedding == sum(item, item));  // sqrt(4) * item + a zero position
  }
  const Network pre = import_as(made, "sasrec-pmixer-2025-prenorm", 2, true);
  CHECK(pre.key_value_source == pintle::fb::Source_Normed);
  CHECK(pre.attention_residual == pintle::fb::Source_Raw);
  CHECK(pre.ffn_residual == pintle::fb::Source_Raw);
  const Network post = import_as(made, "sasrec-pmixer-2025-postnorm", 2, true);
  CHECK(post.norm_placement == pintle::fb::NormPlacement_Post);
  CHECK(post.final_norm.has_value());
}

TEST_CASE("recbole: separate q, k, v are stacked; the configuration tells heads and activation") {
  SyntheticCheckpoint made = recbole();
  made.checkpoint.config = {
      {"model", "SASRec"}, {"n_heads", 4}, {"hidden_act", "swish"}, {"layer_norm_eps", 1e-6}};
  const Network n = import_as(made, "", std::nullopt);
  CHECK(n.recipe == "sasrec-recbole");
  CHECK(n.heads == 4);
  CHECK(n.ffn_activation == pintle::fb::Activation_Silu);
  CHECK(n.blocks[0].ffn_norm.eps == 1e-6f);
  CHECK(n.embedding_norm.has_value());
  CHECK_FALSE(n.final_norm.has_value());
  CHECK(n.mask == pintle::fb::AttentionMask_Causal);
  CHECK(n.norm_placement == pintle::fb::NormPlacement_Post);
  CHECK(n.items.rows == kRows - 1);
  const std::string attention = "trm_encoder.layer.0.multi_head_attention.";
  CHECK(n.blocks[0].key_value.weight.values ==
        joined(made.values(attention + "key.weight"), made.values(attention + "value.weight")));
  CHECK(n.blocks[0].key_value.bias ==
        joined(made.values(attention + "key.bias"), made.values(attention + "value.bias")));
  CHECK(reports(n, "heads = 4 (from the checkpoint's config, n_heads)"));
}

TEST_CASE("bert4rec-recbole: the last row is the mask, the last position its own") {
  SyntheticCheckpoint made = recbole();
  made.checkpoint.config = {{"model", "BERT4Rec"}, {"n_heads", 2}};
  const Network n = import_as(made, "", std::nullopt);
  CHECK(n.recipe == "bert4rec-recbole");
  CHECK(n.mask == pintle::fb::AttentionMask_Bidirectional);
  CHECK(n.window == kPositions - 1);
  CHECK(n.positions.rows == kPositions);
  CHECK(n.checkpoint_ids == std::vector<int64_t>{1, 2, 3, 4, 5});
  CHECK(n.mask_embedding == made.row("item_embedding.weight", kRows - 1));
  CHECK_FALSE(n.head_dense.has_value());
  CHECK(n.skip_oldest == 0);
  CHECK(reports(n, "mask_row = 6 "));
}

TEST_CASE("bert4rec-recbole of 2023: a prediction head, a bias an item, the oldest item skipped") {
  SyntheticCheckpoint made = recbole();
  made.linear("output_ffn", kDim, kDim).norm("output_ln", kDim).add("output_bias", {kRows - 1});
  const Network n = import_as(made, "");  // the head tells it from SASRec
  CHECK(n.recipe == "bert4rec-recbole");
  REQUIRE(n.head_dense.has_value());
  CHECK(n.head_dense->weight.values == made.values("output_ffn.weight"));
  CHECK(n.head_activation == pintle::fb::Activation_GeluErf);
  CHECK(n.head_norm->gain == made.values("output_ln.weight"));
  CHECK(n.head_norm->eps == 1e-12f);
  CHECK(n.item_bias == part(made.values("output_bias"), 1, kRows - 2));
  CHECK(n.skip_oldest == 1);

  made.add("output_bias", {3});
  CHECK_THROWS_WITH(import_as(made, "bert4rec-recbole"),
                    doctest::Contains("output_bias has shape [3], expected at least 6"));
}

TEST_CASE("s3rec: the last row is no item, training's tensors are ignored, slots are turned") {
  SyntheticCheckpoint made;
  made.add("item_embeddings.weight", {kRows, kDim});
  made.add("position_embeddings.weight", {kPositions, kDim}).norm("LayerNorm", kDim);
  const std::string layer = "item_encoder.layer.0.";
  for (const char* name : {"query", "key", "value", "dense"}) {
    made.linear(layer + "attention." + name, kDim, kDim);
  }
  made.norm(layer + "attention.LayerNorm", kDim).norm(layer + "intermediate.LayerNorm", kDim);
  made.linear(layer + "intermediate.dense_1", kFfn, kDim);
  made.linear(layer + "intermediate.dense_2", kDim, kFfn);
  made.linear("aap_norm", kDim, kDim).add("attribute_embeddings.weight", {9, kDim});
  const Network n = import_as(made, "");
  CHECK(n.recipe == "s3rec");
  CHECK(n.checkpoint_ids == std::vector<int64_t>{1, 2, 3, 4, 5});
  CHECK(n.position_origin == pintle::fb::PositionOrigin_Newest);
  CHECK(n.pad_keys == pintle::fb::PadKeys_Hidden);
  CHECK(row_of(n.positions, 0) == made.row("position_embeddings.weight", kPositions - 1));
  CHECK_FALSE(reports(n, "not used"));
  made.add("extra.weight", {2});
  CHECK(reports(import_as(made, ""), "not used: tensor extra.weight"));
}

TEST_CASE("sasrec-rechorus: row 1 is the newest item, no output projection") {
  SyntheticCheckpoint made;
  made.add("i_embeddings.weight", {kRows, kDim}).add("p_embeddings.weight", {kPositions, kDim});
  const std::string block = "transformer_block.0.";
  for (const char* name : {"q_linear", "k_linear", "v_linear"}) {
    made.linear(block + "masked_attn_head." + name, kDim, kDim);
  }
  made.norm(block + "layer_norm1", kDim).norm(block + "layer_norm2", kDim);
  made.linear(block + "linear1", kDim, kDim).linear(block + "linear2", kDim, kDim);
  made.add("sae_module.W_dec", {8, kDim});
  const Network n = import_as(made, "");
  CHECK(n.recipe == "sasrec-rechorus");
  CHECK(n.window == kPositions - 1);
  CHECK(n.position_origin == pintle::fb::PositionOrigin_Newest);
  CHECK(row_of(n.positions, 0) == made.row("p_embeddings.weight", 1));
  CHECK(row_of(n.positions, 3) == made.row("p_embeddings.weight", 4));
  CHECK_FALSE(n.blocks[0].output.has_value());
  CHECK_FALSE(n.embedding_norm.has_value());
}

TEST_CASE("gsasrec: rows 0 and n + 1 are no items, the output table is its own") {
  SyntheticCheckpoint made;
  made.add("item_embedding.weight", {kRows, kDim});
  made.add("position_embedding.weight", {kPositions, kDim});
  const std::string block = "transformer_blocks.0.";
  for (const char* name : {"query_proj", "key_proj", "val_proj"}) {
    made.linear(block + "multihead_attention." + name, kDim, kDim);
  }
  made.norm(block + "first_norm", kDim).norm(block + "second_norm", kDim);
  made.linear(block + "dense1", kDim, kDim).linear(block + "dense2", kDim, kDim);
  made.norm("seq_norm", kDim);
  CHECK_FALSE(import_as(made, "").output_items.has_value());
  made.add("output_embedding.weight", {kRows, kDim});
  const Network n = import_as(made, "");
  CHECK(n.recipe == "gsasrec");
  CHECK(n.checkpoint_ids == std::vector<int64_t>{1, 2, 3, 4, 5});
  CHECK(row_of(n.items, 4) == made.row("item_embedding.weight", 5));
  CHECK(row_of(*n.output_items, 4) == made.row("output_embedding.weight", 5));
  CHECK(n.item_scale == 1);
  CHECK(n.key_value_source == pintle::fb::Source_Raw);
  CHECK_FALSE(n.blocks[0].output.has_value());
  CHECK(n.final_norm->eps == 1e-5f);
}

TEST_CASE("sasrec-rectools: category embeddings are summed into the items") {
  SyntheticCheckpoint made;
  const std::string items = "torch_model.item_model.item_net_blocks.";
  made.add(items + "0.ids_emb.weight", {kRows, kDim});
  made.add("torch_model.pos_encoding_layer.pos_emb.weight", {kPositions, kDim});
  const std::string block = "torch_model.transformer_layers.transformer_blocks.0.";
  made.add(block + "multi_head_attn.in_proj_weight", {3 * kDim, kDim});
  made.add(block + "multi_head_attn.in_proj_bias", {3 * kDim});
  made.linear(block + "multi_head_attn.out_proj", kDim, kDim);
  made.norm(block + "q_layer_norm", kDim).norm(block + "ff_layer_norm", kDim);
  made.linear(block + "feed_forward.ff_linear_1", kDim, kDim);
  made.linear(block + "feed_forward.ff_linear_2", kDim, kDim);
  made.norm("torch_model.transformer_layers.last_layernorm", kDim);
  const Network plain = import_as(made, "");
  CHECK(plain.recipe == "sasrec-rectools");
  CHECK(plain.pad_keys == pintle::fb::PadKeys_Reset);
  CHECK(plain.final_norm->eps == 1e-8f);
  CHECK(plain.blocks[0].ffn_norm.eps == 1e-5f);
  CHECK(row_of(plain.positions, 0) == made.row("torch_model.pos_encoding_layer.pos_emb.weight", 0));

  made.add(items + "1.embedding_bag.weight", {3, kDim});
  CHECK_THROWS_WITH(import_as(made, "sasrec-rectools"), doctest::Contains("emb_bag_inputs"));
  made.indices(items + "1.emb_bag_inputs", {2, 0, 1});
  made.indices(items + "1.offsets", {0, 0, 2, 2, 2, 2, 2});
  made.indices(items + "1.input_lengths", {0, 2, 0, 0, 0, 0, 1});
  made.checkpoint.config = {
      {"model_config", {{"n_heads", 1}, {"use_key_padding_mask", true}, {"distance", "dot"}}}};
  const Network n = import_as(made, "", std::nullopt);
  CHECK(n.heads == 1);
  CHECK(n.pad_keys == pintle::fb::PadKeys_Hidden);
  const std::string bag = items + "1.embedding_bag.weight", ids = items + "0.ids_emb.weight";
  CHECK(row_of(n.items, 0) == sum(sum(made.row(ids, 1), made.row(bag, 2)), made.row(bag, 0)));
  CHECK(row_of(n.items, 1) == made.row(ids, 2));
  CHECK(row_of(n.items, 5) == sum(made.row(ids, 6), made.row(bag, 1)));

  made.indices(items + "1.emb_bag_inputs", {2, 3, 1});
  CHECK_THROWS_WITH(import_as(made, "", 1), doctest::Contains("points outside"));
  made.indices(items + "1.emb_bag_inputs", {2, 0});
  CHECK_THROWS_WITH(import_as(made, "", 1), doctest::Contains("point outside"));
  made.checkpoint.config["model_config"]["distance"] = "cosine";
  CHECK_THROWS_WITH(import_as(made, ""), doctest::Contains("cosine"));
}

TEST_CASE("sasrec-replay: ids from 0, the last row is the pad, both generations of names") {
  SyntheticCheckpoint made;
  made.add("_model.item_embedder.item_emb.weight", {kRows, kDim});
  made.add("_model.item_embedder.pos_emb.pe.weight", {kPositions, kDim});
  add_pmixer_layers(&made, "_model.sasrec_layers.");
  made.norm("_model.output_normalization.last_layernorm", kDim);
  made.add("_model._head._item_embedder.item_emb.weight", {kRows, kDim});
  const Network old = import_as(made, "");
  CHECK(old.recipe == "sasrec-replay");
  CHECK(old.checkpoint_ids == std::vector<int64_t>{0, 1, 2, 3, 4, 5});
  CHECK(old.pad_keys == pintle::fb::PadKeys_Reset);
  CHECK(old.final_norm->eps == 1e-8f);

  SyntheticCheckpoint body;
  body.add("model.body.embedder.feature_embedders.item_id.emb.weight", {kRows, kDim});
  body.add("model.body.embedding_aggregator.pe.weight", {kPositions, kDim});
  add_pmixer_layers(&body, "model.body.encoder.");
  body.norm("model.body.output_normalization", kDim);
  const Network n = import_as(body, "");
  CHECK(n.recipe == "sasrec-replay");
  CHECK(n.pad_keys == pintle::fb::PadKeys_Hidden);
  CHECK(n.final_norm->eps == 1e-5f);
  CHECK(row_of(n.positions, 0) ==
        body.row("model.body.embedding_aggregator.pe.weight", kPositions - 1));
  body.add("model.body.embedder.feature_embedders.genre.emb.weight", {3, kDim});
  CHECK_THROWS_WITH(import_as(body, "sasrec-replay"), doctest::Contains("more than one tensor"));
}

TEST_CASE("bert4rec-hf: token type 0 goes into the positions, rows 0 and 1 are pad and mask") {
  SyntheticCheckpoint made;
  const std::string e = "bert.embeddings.", l = "bert.encoder.layer.0.";
  made.add(e + "word_embeddings.weight", {kRows, kDim});
  made.add(e + "position_embeddings.weight", {kPositions, kDim});
  made.add(e + "token_type_embeddings.weight", {2, kDim}).norm(e + "LayerNorm", kDim);
  for (const char* name : {"query", "key", "value"}) {
    made.linear(l + "attention.self." + name, kDim, kDim);
  }
  made.linear(l + "attention.output.dense", kDim, kDim);
  made.norm(l + "attention.output.LayerNorm", kDim).norm(l + "output.LayerNorm", kDim);
  made.linear(l + "intermediate.dense", kFfn, kDim).linear(l + "output.dense", kDim, kFfn);
  made.linear("bert.pooler.dense", kDim, kDim);
  CHECK_THROWS_WITH(import_as(made, ""), doctest::Contains("--set mask_row=N"));
  made.checkpoint.config = {{"mask_token_id", 1}};
  const Network n = import_as(made, "");
  CHECK(n.recipe == "bert4rec-hf");
  CHECK(n.window == kPositions - 1);
  CHECK(n.checkpoint_ids == std::vector<int64_t>{2, 3, 4, 5, 6});
  CHECK(n.mask_embedding == made.row(e + "word_embeddings.weight", 1));
  for (int64_t r = 0; r < kPositions; ++r) {
    CHECK(row_of(n.positions, r) == sum(made.row(e + "position_embeddings.weight", r),
                                        made.row(e + "token_type_embeddings.weight", 0)));
  }
  CHECK(reports(n, "mask_row = 1 (from the checkpoint's config, mask_token_id)"));

  made.checkpoint.config = {{"mask_token_id", 6}, {"position_embedding_type", "absolute"}};
  made.linear("cls.predictions.transform.dense", kDim, kDim);
  made.norm("cls.predictions.transform.LayerNorm", kDim).add("cls.predictions.bias", {kRows});
  const Network headed = import_as(made, "");
  CHECK(headed.checkpoint_ids == std::vector<int64_t>{1, 2, 3, 4, 5});
  CHECK(headed.head_dense.has_value());
  CHECK(headed.item_bias == part(made.values("cls.predictions.bias"), 1, 5));
  made.checkpoint.config["position_embedding_type"] = "relative_key";
  CHECK_THROWS_WITH(import_as(made, ""), doctest::Contains("relative_key"));
}

TEST_CASE(
    "gpt2-transformers4rec: the temperature goes into the final norm, projections are refused") {
  SyntheticCheckpoint made;
  SyntheticCheckpoint body = gpt2("heads.0.body.1.transformer.");
  made.checkpoint.tensors = body.checkpoint.tensors;
  const std::string table = "to_merge.categorical_module.embedding_tables.item_id.weight";
  made.add("heads.0.body.0." + table, {kRows, kDim});
  made.checkpoint.config = {{"softmax_temperature", 0.5}, {"layer_norm_eps", 0.03}};
  const Network n = import_as(made, "");
  CHECK(n.recipe == "gpt2-transformers4rec");
  CHECK(n.ffn_activation == pintle::fb::Activation_GeluErf);
  CHECK(n.final_norm->eps == 1e-5f);  // layer_norm_eps is no key of this body's configuration
  const Floats gain = body.values("heads.0.body.1.transformer.ln_f.weight");
  CHECK(n.final_norm->gain == sum(gain, gain));
  CHECK_FALSE(n.output_items.has_value());
  made.add("heads.0.prediction_task_dict.next-item.pre.module.output_layer", {kRows, kDim});
  CHECK(import_as(made, "").output_items.has_value());
  made.linear("heads.0.body.0.projection_module.0", kDim, kDim);
  CHECK_THROWS_WITH(import_as(made, ""), doctest::Contains("projection"));
}
