// SPDX-License-Identifier: Apache-2.0
//
// Tensor names and shapes of some families at toy size.
#ifndef PINTLE_TESTS_UNIT_TOY_LAYOUTS_H_
#define PINTLE_TESTS_UNIT_TOY_LAYOUTS_H_

#include <string>

#include "converter/network/network.h"
#include "support/synthetic_checkpoint.h"

namespace pintle::converter {

constexpr int64_t kDim = 4, kFfn = 6, kRows = 7, kPositions = 5;

inline SyntheticCheckpoint gpt2(const std::string& prefix = "", int64_t rows = kRows) {
  SyntheticCheckpoint c;
  c.add(prefix + "wte.weight", {rows, kDim}).add(prefix + "wpe.weight", {kPositions, kDim});
  for (const char* layer : {"h.0.", "h.1."}) {
    const std::string h = prefix + layer;
    c.norm(h + "ln_1", kDim).transposed(h + "attn.c_attn", 3 * kDim, kDim);
    c.transposed(h + "attn.c_proj", kDim, kDim).norm(h + "ln_2", kDim);
    c.transposed(h + "mlp.c_fc", kFfn, kDim).transposed(h + "mlp.c_proj", kDim, kFfn);
    c.add(h + "attn.bias", {1, 1, kPositions, kPositions}).add(h + "attn.masked_bias", {1});
  }
  return c.norm(prefix + "ln_f", kDim);
}

// pmixer's names, also RePlay's below them.
inline void add_pmixer_layers(SyntheticCheckpoint* c, const std::string& prefix) {
  for (const char* i : {"0", "1"}) {
    const std::string attention = prefix + "attention_layers." + i;
    c->norm(prefix + "attention_layernorms." + i, kDim);
    c->add(attention + ".in_proj_weight", {3 * kDim, kDim});
    c->add(attention + ".in_proj_bias", {3 * kDim});
    c->linear(attention + ".out_proj", kDim, kDim);
    c->norm(prefix + "forward_layernorms." + i, kDim);
    for (const char* conv : {".conv1", ".conv2"}) {
      c->add(prefix + "forward_layers." + i + conv + ".weight", {kDim, kDim, 1});
      c->add(prefix + "forward_layers." + i + conv + ".bias", {kDim});
    }
  }
}

inline SyntheticCheckpoint pmixer(bool first_position_zero) {
  SyntheticCheckpoint c;
  c.add("item_emb.weight", {kRows, kDim}).add("pos_emb.weight", {kPositions, kDim});
  if (first_position_zero) {
    for (size_t i = 0; i < kDim; ++i) c.put("pos_emb.weight", i, 0);
  }
  add_pmixer_layers(&c, "");
  c.norm("last_layernorm", kDim);
  return c;
}

inline SyntheticCheckpoint recbole() {
  SyntheticCheckpoint c;
  c.add("item_embedding.weight", {kRows, kDim});
  c.add("position_embedding.weight", {kPositions, kDim}).norm("LayerNorm", kDim);
  const std::string layer = "trm_encoder.layer.0.";
  for (const char* name : {"query", "key", "value", "dense"}) {
    c.linear(layer + "multi_head_attention." + name, kDim, kDim);
  }
  c.norm(layer + "multi_head_attention.LayerNorm", kDim);
  c.linear(layer + "feed_forward.dense_1", kFfn, kDim);
  c.linear(layer + "feed_forward.dense_2", kDim, kFfn);
  return c.norm(layer + "feed_forward.LayerNorm", kDim);
}

// Whether a line of the report has this text.
inline bool reports(const Network& network, const std::string& text) {
  for (const std::string& line : network.assumptions) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_UNIT_TOY_LAYOUTS_H_
