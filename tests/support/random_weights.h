// SPDX-License-Identifier: Apache-2.0
//
// Small checkpoints of well-known families as files: random numbers from a seed, under the names that
// the family's own code gives them.
#ifndef PINTLE_TESTS_SUPPORT_RANDOM_WEIGHTS_H_
#define PINTLE_TESTS_SUPPORT_RANDOM_WEIGHTS_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/torch_files.h"

namespace pintle::test {

inline constexpr int64_t kWeightsDim = 16, kWeightsFfn = 32;

class RandomWeights {
 public:
  struct Entry {
    std::string name;
    std::vector<int64_t> shape;
    std::vector<float> values;
  };
  using PickleItems = std::vector<std::pair<std::string, std::string>>;

  explicit RandomWeights(uint32_t seed) : random_(seed) {}

  // Evenly spread around `mean`, which is 1 for the gains of norms.
  RandomWeights& add(const std::string& name, const std::vector<int64_t>& shape, float mean = 0) {
    int64_t count = 1;
    for (const int64_t extent : shape) count *= extent;
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) {
      value = mean + static_cast<float>(random_() % 20001) / 20000 - 0.5f;
    }
    return set(name, shape, std::move(values));
  }
  RandomWeights& set(const std::string& name, const std::vector<int64_t>& shape,
                     std::vector<float> values) {
    entries.push_back({name, shape, std::move(values)});
    return *this;
  }
  RandomWeights& linear(const std::string& stem, int64_t out, int64_t in) {
    return add(stem + ".weight", {out, in}).add(stem + ".bias", {out});
  }
  RandomWeights& norm(const std::string& stem) {
    return add(stem + ".weight", {kWeightsDim}, 1).add(stem + ".bias", {kWeightsDim});
  }

  RandomWeights under(const std::string& prefix) const {
    RandomWeights renamed = *this;
    for (Entry& entry : renamed.entries) entry.name = prefix + entry.name;
    return renamed;
  }
  RandomWeights part(size_t first, size_t end) const {
    RandomWeights some = *this;
    some.entries.assign(entries.begin() + static_cast<std::ptrdiff_t>(first),
                        entries.begin() + static_cast<std::ptrdiff_t>(end));
    return some;
  }

  std::string safetensors() const {
    nlohmann::json header = nlohmann::json::object();
    std::string data;
    for (const Entry& entry : entries) {
      const size_t begin = data.size();
      data += bytes_of(entry.values);
      header[entry.name] = {
          {"dtype", "F32"}, {"shape", entry.shape}, {"data_offsets", {begin, data.size()}}};
    }
    return test::safetensors(header.dump(), data);
  }

  // A tensor's storage has its name for a key.
  PickleItems pickled() const {
    PickleItems items;
    for (const Entry& entry : entries) {
      items.emplace_back(entry.name, pickle_tensor("Float", entry.name, entry.shape));
    }
    return items;
  }
  std::map<std::string, std::string> storages() const {
    std::map<std::string, std::string> bytes;
    for (const Entry& entry : entries) bytes[entry.name] = bytes_of(entry.values);
    return bytes;
  }

  std::vector<Entry> entries;

 private:
  std::mt19937 random_;
};

inline RandomWeights random_gpt2(int64_t rows) {
  RandomWeights w(1);
  const int64_t dim = kWeightsDim;
  w.add("wte.weight", {rows, dim}).add("wpe.weight", {12, dim}).norm("h.0.ln_1").norm("h.0.ln_2");
  // Conv1D has [in, out].
  w.add("h.0.attn.c_attn.weight", {dim, 3 * dim}).add("h.0.attn.c_attn.bias", {3 * dim});
  w.linear("h.0.attn.c_proj", dim, dim);
  w.add("h.0.mlp.c_fc.weight", {dim, kWeightsFfn}).add("h.0.mlp.c_fc.bias", {kWeightsFfn});
  w.add("h.0.mlp.c_proj.weight", {kWeightsFfn, dim}).add("h.0.mlp.c_proj.bias", {dim});
  return w.norm("ln_f");
}

inline RandomWeights random_bert(int64_t rows) {
  RandomWeights w(2);
  const int64_t dim = kWeightsDim;
  const std::string table = "bert.embeddings.", layer = "bert.encoder.layer.0.";
  w.add(table + "word_embeddings.weight", {rows, dim});
  w.add(table + "position_embeddings.weight", {12, dim});
  w.add(table + "token_type_embeddings.weight", {2, dim}).norm(table + "LayerNorm");
  for (const char* name : {"query", "key", "value"}) {
    w.linear(layer + "attention.self." + name, dim, dim);
  }
  w.linear(layer + "attention.output.dense", dim, dim);
  w.linear(layer + "intermediate.dense", kWeightsFfn, dim);
  w.linear(layer + "output.dense", dim, kWeightsFfn);
  return w.norm(layer + "attention.output.LayerNorm").norm(layer + "output.LayerNorm");
}

// pmixer/SASRec.pytorch.
inline RandomWeights random_pmixer(int64_t rows) {
  RandomWeights w(3);
  const int64_t dim = kWeightsDim;
  w.add("item_emb.weight", {rows, dim}).add("pos_emb.weight", {6, dim});
  w.norm("attention_layernorms.0").norm("forward_layernorms.0").norm("last_layernorm");
  w.add("attention_layers.0.in_proj_weight", {3 * dim, dim});
  w.add("attention_layers.0.in_proj_bias", {3 * dim});
  w.linear("attention_layers.0.out_proj", dim, dim);
  for (const char* convolution : {"forward_layers.0.conv1", "forward_layers.0.conv2"}) {
    w.add(std::string(convolution) + ".weight", {dim, dim, 1});
    w.add(std::string(convolution) + ".bias", {dim});
  }
  return w;
}

inline RandomWeights random_recbole(int64_t rows) {
  RandomWeights w(4);
  const int64_t dim = kWeightsDim;
  const std::string layer = "trm_encoder.layer.0.", attention = layer + "multi_head_attention.";
  w.add("item_embedding.weight", {rows, dim}).add("position_embedding.weight", {10, dim});
  for (const char* name : {"query", "key", "value", "dense"}) {
    w.linear(attention + name, dim, dim);
  }
  w.linear(layer + "feed_forward.dense_1", kWeightsFfn, dim);
  w.linear(layer + "feed_forward.dense_2", dim, kWeightsFfn);
  w.norm(attention + "LayerNorm").norm(layer + "feed_forward.LayerNorm");
  return w.norm("LayerNorm");
}

inline RandomWeights random_rectools(int64_t rows) {
  RandomWeights w(5);
  const int64_t dim = kWeightsDim;
  const std::string layers = "torch_model.transformer_layers.";
  const std::string block = layers + "transformer_blocks.0.";
  w.add("torch_model.item_model.item_net_blocks.0.ids_emb.weight", {rows, dim});
  w.add("torch_model.pos_encoding_layer.pos_emb.weight", {8, dim});
  w.add(block + "multi_head_attn.in_proj_weight", {3 * dim, dim});
  w.add(block + "multi_head_attn.in_proj_bias", {3 * dim});
  w.linear(block + "multi_head_attn.out_proj", dim, dim);
  w.linear(block + "feed_forward.ff_linear_1", dim, dim);
  w.linear(block + "feed_forward.ff_linear_2", dim, dim);
  w.norm(block + "q_layer_norm").norm(block + "ff_layer_norm");
  return w.norm(layers + "last_layernorm");
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_RANDOM_WEIGHTS_H_
