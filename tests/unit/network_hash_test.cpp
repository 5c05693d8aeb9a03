// SPDX-License-Identifier: Apache-2.0
//
// The hash that ties an SAE to its network: its value for files written by the first release, and
// that everything about a network changes it.
#include "schema/network_hash.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "converter/file/writer.h"
#include "converter/io/error.h"
#include "schema/network_tensors.h"
#include "support/patch_model.h"
#include "support/tiny_models.h"
#include "unit/corruptions.h"

namespace pintle::test {
namespace {

using converter::Linear;
using converter::Matrix;
using converter::Network;
using converter::Norm;

// Weights by formula, all exact in f32: the same on every machine.
class Weights {
 public:
  std::vector<float> vector(int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = static_cast<float>(next_++ % 29) * 0.125f - 1.5f;
    return values;
  }
  Matrix matrix(int64_t rows, int64_t cols) { return {rows, cols, vector(rows * cols)}; }
  Linear linear(int64_t out, int64_t in) { return {matrix(out, in), vector(out)}; }
  Norm norm(int64_t count) { return {vector(count), vector(count), 0.0009765625f}; }

 private:
  uint32_t next_ = 0;
};

// Every tensor that a network can have but the mask token's.
Network causal_network() {
  Weights weights;
  Network n;
  n.recipe = "formula";
  n.dim = 4;
  n.heads = 2;
  n.ffn_dim = 6;
  n.window = 3;
  n.item_scale = 2;
  n.pad_keys = fb::PadKeys_Evolving;
  n.ffn_activation = fb::Activation_Silu;
  n.items = weights.matrix(5, 4);
  n.output_items = weights.matrix(5, 4);
  n.item_bias = weights.vector(5);
  n.positions = weights.matrix(3, 4);
  n.pad_embedding = weights.vector(4);
  n.embedding_norm = weights.norm(4);
  for (int layer = 0; layer < 2; ++layer) {
    converter::Block block;
    block.attention_norm = weights.norm(4);
    block.query = weights.linear(4, 4);
    block.key_value = weights.linear(8, 4);
    if (layer == 0) block.output = weights.linear(4, 4);
    block.ffn_norm = weights.norm(4);
    block.ffn_in = weights.linear(6, 4);
    block.ffn_out = weights.linear(4, 6);
    n.blocks.push_back(block);
  }
  n.final_norm = weights.norm(4);
  n.head_dense = weights.linear(4, 4);
  n.head_activation = fb::Activation_GeluErf;
  n.head_norm = weights.norm(4);
  return n;
}

Network bidirectional_network(int64_t skip_oldest) {
  Network n = causal_network();
  n.mask = fb::AttentionMask_Bidirectional;
  n.pad_keys = fb::PadKeys_Hidden;
  n.pad_embedding.clear();
  n.positions = Weights().matrix(4, 4);
  n.mask_embedding = Weights().vector(4);
  n.skip_oldest = skip_oldest;
  return n;
}

TinyModel with_sae(const Network& network) {
  TinyModel tiny;
  tiny.network = network;
  tiny.catalogue = integer_catalogue(network.items.rows);
  converter::InterpretedSae sae;
  sae.name = "sae";
  sae.weights =
      random_sae(network, {converter::HookPlace::kLast, 0}, converter::SaeActivation::kRelu);
  tiny.interpretation.saes = {sae};
  return tiny;
}

uint32_t hash_of(const Network& network) {
  const std::vector<uint8_t> file = with_sae(network).file();
  return format::network_hash(*fb::GetSizePrefixedModel(file.data()));
}

TEST_CASE("the hash of files written before is what it was") {
  CHECK(hash_of(causal_network()) == 0x3780c1a5u);
  CHECK(hash_of(bidirectional_network(0)) == 0x6591d439u);
}

TEST_CASE("networks that differ only in skip_oldest: neither takes the other's SAE") {
  CHECK(hash_of(bidirectional_network(1)) != hash_of(bidirectional_network(0)));
  CHECK(hash_of(bidirectional_network(1)) != hash_of(bidirectional_network(2)));

  std::vector<uint8_t> file = with_sae(bidirectional_network(0)).file();
  REQUIRE(open(file, PINTLE_OPEN_VERIFY_ALL).status == PINTLE_OK);
  ModelPatch patch(&file);
  patch.set(patch.root().architecture(), fb::Architecture::VT_SKIP_OLDEST, uint32_t{1});
  CHECK(open(file, 0).status == PINTLE_ERR_OTHER_NETWORK);

  TinyModel other = with_sae(bidirectional_network(1));
  converter::SaeWeights& sae = other.interpretation.saes[0].weights;
  sae.model_hash = converter::network_hash_text(hash_of(bidirectional_network(0)));
  CHECK_THROWS_WITH_AS(other.file(), doctest::Contains("trained on network"), converter::Error);
  sae.model_hash = converter::network_hash_text(hash_of(bidirectional_network(1)));
  CHECK(open(other.file(), PINTLE_OPEN_VERIFY_ALL).status == PINTLE_OK);
}

TEST_CASE("every tensor and every number of the architecture changes the hash") {
  const std::vector<uint8_t> sound = with_sae(causal_network()).file();
  const auto root_of = [](const std::vector<uint8_t>& file) -> const fb::Model& {
    return *fb::GetSizePrefixedModel(file.data());
  };
  const uint32_t hash = format::network_hash(root_of(sound));

  size_t network_tensors = 0;
  format::for_each_tensor(
      root_of(sound), [&](const char* name, const fb::Tensor* tensor, format::Presence) {
        CAPTURE(std::string(name));
        if (tensor == nullptr) return true;  // an optional one
        std::vector<uint8_t> file = sound;
        const fb::Segment& data = *tensor->data();
        const fb::Segment changed(data.offset(), data.size(), data.crc32() ^ 1, 0);
        std::memcpy(file.data() + (reinterpret_cast<const uint8_t*>(&data) - sound.data()),
                    &changed, sizeof(changed));
        const bool belongs_to_sae = std::string(name).rfind("saes.", 0) == 0;
        CHECK((format::network_hash(root_of(file)) != hash) == !belongs_to_sae);
        network_tensors += belongs_to_sae ? 0 : 1;
        return true;
      });
  // 5 tables and vectors, 3 norms, a dense head; a block has 2 norms and 5 linear maps, one of them
  // in the first block alone.
  CHECK(network_tensors == 5 + 2 * 3 + 2 + 2 * (2 * 2 + 2 * 5) - 2);

  const auto check_numbers = [&](auto fields, auto table_of) {
    format::for_each(fields, [&](auto field) {
      using Field = decltype(field);
      if constexpr (format::is_number<Field>) {
        CAPTURE(std::string(field.kName));
        std::vector<uint8_t> file = sound;
        ModelPatch patch(&file);
        const auto* table = table_of(patch.root());
        patch.set(table, field.kPlace,
                  static_cast<typename Field::Created>(static_cast<int>(field.of(*table)) + 1));
        CHECK(format::network_hash(root_of(file)) != hash);
      }
    });
  };
  check_numbers(format::FieldsOf<format::Architecture>::List(),
                [](const fb::Model& root) { return root.architecture(); });
  check_numbers(format::FieldsOf<format::Model>::List(),
                [](const fb::Model& root) { return &root; });
}

}  // namespace
}  // namespace pintle::test
