// SPDX-License-Identifier: Apache-2.0
//
// Reads the published checkpoints and data sets under PINTLE_SHARED, which are not part of this
// repository.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "converter/import/checkpoint.h"
#include "converter/io/interactions.h"
#include "converter/io/items.h"

namespace pintle::converter {
namespace {

using Shape = std::vector<int64_t>;

std::string shared(const std::string& path) {
  return std::string(std::getenv("PINTLE_SHARED")) + "/" + path;
}

// The sums were computed by PyTorch 1.13 in double precision.
void check_tensor(const Checkpoint& checkpoint, const std::string& name, const Shape& shape,
                  double sum) {
  CAPTURE(name);
  const auto found = checkpoint.tensors.find(name);
  REQUIRE(found != checkpoint.tensors.end());
  CHECK(found->second.shape == shape);
  CHECK(found->second.type == ScalarType::kF32);
  double total = 0;
  for (const float value : found->second.to_f32()) total += static_cast<double>(value);
  CHECK(total == doctest::Approx(sum).epsilon(1e-9));
}

TEST_CASE("gpt2-ml1m/model.safetensors") {
  const Checkpoint checkpoint = read_checkpoint(shared("checkpoints/gpt2-ml1m/model.safetensors"));
  CHECK(checkpoint.container == "safetensors");
  CHECK(checkpoint.tensors.size() == 28);
  check_tensor(checkpoint, "wte.weight", {3417, 64}, 168.40398535394797);
  check_tensor(checkpoint, "h.1.attn.c_proj.bias", {64}, 0.14204658375820145);
}

TEST_CASE("gpt2-ml1m/pytorch_model.bin") {
  const Checkpoint checkpoint = read_checkpoint(shared("checkpoints/gpt2-ml1m/pytorch_model.bin"));
  CHECK(checkpoint.container == "torch zip");
  CHECK(checkpoint.tensors.size() == 28);
  check_tensor(checkpoint, "wte.weight", {3417, 64}, 168.40398535394797);
  check_tensor(checkpoint, "h.1.attn.c_proj.bias", {64}, 0.14204658375820145);
}

TEST_CASE("gpt2-ml1m/sae-relu-512-block0/ae.pt") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/gpt2-ml1m/sae-relu-512-block0/ae.pt"));
  CHECK(checkpoint.container == "torch zip");
  CHECK(checkpoint.tensors.size() == 4);
  check_tensor(checkpoint, "decoder.weight", {64, 512}, 6.088272908141015);
  check_tensor(checkpoint, "encoder.bias", {512}, -46.33215204253793);
  check_tensor(checkpoint, "encoder.weight", {512, 64}, 58.87126325395525);
}

TEST_CASE("gpt2-ml1m/sae-topk-1024-last/sae_weights.safetensors") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/gpt2-ml1m/sae-topk-1024-last/sae_weights.safetensors"));
  CHECK(checkpoint.container == "safetensors");
  CHECK(checkpoint.tensors.size() == 4);
  check_tensor(checkpoint, "W_dec", {1024, 64}, -284.611180689423);
  check_tensor(checkpoint, "b_dec", {64}, 11.277887272648513);
  check_tensor(checkpoint, "b_enc", {1024}, -446.06212748400867);
}

TEST_CASE("gpt2-ml1m/sae-topk-512-block0/sae_weights.safetensors") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/gpt2-ml1m/sae-topk-512-block0/sae_weights.safetensors"));
  CHECK(checkpoint.container == "safetensors");
  CHECK(checkpoint.tensors.size() == 4);
  check_tensor(checkpoint, "W_dec", {512, 64}, -8.228553627298425);
  check_tensor(checkpoint, "b_dec", {64}, -0.5688494637142867);
  check_tensor(checkpoint, "b_enc", {512}, -14.298465037252754);
}

TEST_CASE("iclrec-beauty/ICLRec-Beauty-1.pt") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/iclrec-beauty/ICLRec-Beauty-1.pt"));
  CHECK(checkpoint.container == "torch legacy");
  CHECK(checkpoint.tensors.size() == 20);
  check_tensor(checkpoint, "item_embeddings.weight", {12103, 64}, -50307.30870194541);
  check_tensor(checkpoint, "item_encoder.layer.0.attention.query.weight", {64, 64},
               1.955569902096613);
  check_tensor(checkpoint, "position_embeddings.weight", {50, 64}, 12.538889976400242);
}

TEST_CASE("pmixer-sasrec-2020/SASRec.epoch=601.lr=0.001.layer=2.head=1.hidden=50.maxlen=200.pth") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/pmixer-sasrec-2020/"
                             "SASRec.epoch=601.lr=0.001.layer=2.head=1.hidden=50.maxlen=200.pth"));
  CHECK(checkpoint.container == "torch zip");
  CHECK(checkpoint.tensors.size() == 28);
  check_tensor(checkpoint, "item_emb.weight", {3417, 50}, 6282.608432433053);
  check_tensor(checkpoint, "forward_layernorms.1.bias", {50}, 0.19320147391408682);
  check_tensor(checkpoint, "pos_emb.weight", {200, 50}, 672.2899628616287);
}

TEST_CASE("pmixer-sasrec-2024/SASRec.epoch=1000.lr=0.001.layer=2.head=1.hidden=50.maxlen=200.pth") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/pmixer-sasrec-2024/"
                             "SASRec.epoch=1000.lr=0.001.layer=2.head=1.hidden=50.maxlen=200.pth"));
  CHECK(checkpoint.container == "torch zip");
  CHECK(checkpoint.tensors.size() == 28);
  check_tensor(checkpoint, "item_emb.weight", {3417, 50}, 226.54877070539033);
  check_tensor(checkpoint, "forward_layernorms.1.bias", {50}, -1.3940448481589556);
  check_tensor(checkpoint, "pos_emb.weight", {201, 50}, -122.82079714425345);
}

TEST_CASE("pmixer-sasrec-2025-postnorm/SASRec.epoch=120.pth") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/pmixer-sasrec-2025-postnorm/SASRec.epoch=120.pth"));
  CHECK(checkpoint.container == "torch zip");
  CHECK(checkpoint.tensors.size() == 28);
  check_tensor(checkpoint, "item_emb.weight", {3417, 50}, 276.4652684501707);
  check_tensor(checkpoint, "forward_layernorms.1.bias", {50}, -0.09209793200716376);
  check_tensor(checkpoint, "pos_emb.weight", {201, 50}, 36.36901005262257);
}

TEST_CASE("recbole-bert4rec/BERT4Rec-Apr-17-2022_10-53-43.pth") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/recbole-bert4rec/BERT4Rec-Apr-17-2022_10-53-43.pth"));
  CHECK(checkpoint.container == "torch zip");
  CHECK(checkpoint.tensors.size() == 36);
  check_tensor(checkpoint, "item_embedding.weight", {3418, 64}, 11286.14925122615);
  check_tensor(checkpoint, "trm_encoder.layer.0.multi_head_attention.value.bias", {64},
               -0.2857555308000883);
  check_tensor(checkpoint, "trm_encoder.layer.1.multi_head_attention.value.weight", {64, 64},
               12.334222856719862);
}

TEST_CASE("recbole-sasrec/SASRec-Apr-27-2025-ml-1m.pth") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/recbole-sasrec/SASRec-Apr-27-2025-ml-1m.pth"));
  CHECK(checkpoint.container == "torch zip");
  CHECK(checkpoint.tensors.size() == 36);
  check_tensor(checkpoint, "item_embedding.weight", {3417, 64}, -71.12267084915976);
  check_tensor(checkpoint, "trm_encoder.layer.0.multi_head_attention.value.bias", {64},
               0.863287222571671);
  check_tensor(checkpoint, "trm_encoder.layer.1.multi_head_attention.value.weight", {64, 64},
               2.0720947276113293);
}

TEST_CASE("rechorus-recsae/SASRec_SAE_ML_1MTOPK_k16_x32.pt") {
  const Checkpoint checkpoint =
      read_checkpoint(shared("checkpoints/rechorus-recsae/SASRec_SAE_ML_1MTOPK_k16_x32.pt"));
  CHECK(checkpoint.container == "torch zip");
  CHECK(checkpoint.tensors.size() == 34);
  check_tensor(checkpoint, "i_embeddings.weight", {3126, 64}, 29.888674880619554);
  check_tensor(checkpoint, "transformer_block.0.masked_attn_head.q_linear.weight", {64, 64},
               0.04836263157390874);
  check_tensor(checkpoint, "transformer_block.1.masked_attn_head.v_linear.weight", {64, 64},
               0.41020964869130694);
}

TEST_CASE("RecBole's configuration") {
  const nlohmann::json config =
      read_checkpoint(shared("checkpoints/recbole-sasrec/SASRec-Apr-27-2025-ml-1m.pth")).config;
  CHECK(config.at("model") == "SASRec");
  CHECK(config.at("n_heads") == 2);
  CHECK(config.at("n_layers") == 2);
  CHECK(config.at("hidden_size") == 64);
  CHECK(config.at("inner_size") == 256);
  CHECK(config.at("hidden_act") == "gelu");
  CHECK(config.at("layer_norm_eps") == 1e-12);
  CHECK(config.at("MAX_ITEM_LIST_LENGTH") == 50);
  CHECK_FALSE(config.contains("device"));
}

TEST_CASE("data sets") {
  const Interactions movies = read_interactions(shared("data/ml-1m/ml-1m.txt"));
  CHECK(movies.users.size() == 6040);
  CHECK(movies.item_names.size() == 3416);
  CHECK(movies.event_count == 999611);
  const Interactions beauty = read_interactions(shared("data/amazon-beauty/Beauty.txt"));
  CHECK(beauty.users.size() == 22363);
  CHECK(beauty.item_names.size() == 12101);
  ItemOptions options;
  options.id_column = "movielens_id";
  const ItemTable items = read_items(shared("data/ml-1m/items.tsv"), options);
  CHECK(items.items.size() == 3416);
  CHECK(items.integer_ids);
  CHECK(items.items[0].title == "Raiders of the Lost Ark (1981)");
  CHECK(items.items[0].external_id == "1198");
  CHECK(items.attributes.size() == 18);
}

}  // namespace
}  // namespace pintle::converter

int main(int argc, char** argv) {
  if (std::getenv("PINTLE_SHARED") == nullptr) {
    std::puts("skipped: PINTLE_SHARED is not set");
    return 77;
  }
  return doctest::Context(argc, argv).run();
}
