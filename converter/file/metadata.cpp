// SPDX-License-Identifier: Apache-2.0
#include "converter/file/metadata.h"

#include <flatbuffers/flatbuffers.h>

#include <fstream>

#include "converter/file/writer.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "runtime/model/read_model.h"

namespace pintle::converter {
namespace {

using NamedTensors = std::vector<std::pair<std::string, const fb::Tensor*>>;

class Collector {
 public:
  explicit Collector(NamedTensors* list) : list_(list) {}

  void tensor(const std::string& name, const fb::Tensor* table) {
    if (table != nullptr) list_->emplace_back(name, table);
  }
  void linear(const std::string& name, const fb::Linear* table) {
    if (table == nullptr) return;
    tensor(name + ".weight", table->weight());
    tensor(name + ".bias", table->bias());
  }
  void norm(const std::string& name, const fb::Norm* table) {
    if (table == nullptr) return;
    tensor(name + ".gain", table->gain());
    tensor(name + ".bias", table->bias());
  }

 private:
  NamedTensors* list_;
};

}  // namespace

Metadata::Metadata(const std::string& path) {
  const Model verified = open_model(path);
  std::ifstream file(path, std::ios::binary);
  flatbuffers::uoffset_t size = 0;
  file.read(reinterpret_cast<char*>(&size), sizeof(size));
  bytes_.resize(sizeof(size) + flatbuffers::EndianScalar(size));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes_.data()), static_cast<std::streamsize>(bytes_.size()));
  if (!file) throw Error("cannot read " + path);
}

std::string Metadata::network_hash() const {
  return network_hash_text(internal::network_hash(root()));
}

NamedTensors Metadata::tensors() const {
  NamedTensors list;
  Collector collect(&list);
  const fb::Model& model = root();
  collect.tensor("items", model.items());
  collect.tensor("output_items", model.output_items());
  collect.tensor("item_bias", model.item_bias());
  collect.tensor("positions", model.positions());
  collect.tensor("pad_embedding", model.pad_embedding());
  collect.tensor("mask_embedding", model.mask_embedding());
  collect.norm("embedding_norm", model.embedding_norm());
  for (flatbuffers::uoffset_t i = 0; i < model.blocks()->size(); ++i) {
    const fb::Block& block = *model.blocks()->Get(i);
    const std::string prefix = "blocks." + std::to_string(i) + ".";
    collect.norm(prefix + "attention_norm", block.attention_norm());
    collect.linear(prefix + "query", block.query());
    collect.linear(prefix + "key_value", block.key_value());
    collect.linear(prefix + "output", block.output());
    collect.norm(prefix + "ffn_norm", block.ffn_norm());
    collect.linear(prefix + "ffn_in", block.ffn_in());
    collect.linear(prefix + "ffn_out", block.ffn_out());
  }
  collect.norm("final_norm", model.final_norm());
  collect.linear("head_dense", model.head_dense());
  collect.norm("head_norm", model.head_norm());
  if (const fb::ExactScan* exact = model.exact()) {
    collect.tensor("exact.rows", exact->rows());
    collect.tensor("exact.basis", exact->basis());
    collect.tensor("exact.centre", exact->centre());
    collect.tensor("exact.coarse", exact->coarse());
    collect.tensor("exact.coarse_weights", exact->coarse_weights());
    collect.tensor("exact.fine_weights", exact->fine_weights());
  }
  for (flatbuffers::uoffset_t i = 0; model.saes() != nullptr && i < model.saes()->size(); ++i) {
    const fb::Sae& sae = *model.saes()->Get(i);
    const std::string prefix = "saes." + std::to_string(i) + ".";
    collect.linear(prefix + "encoder", sae.encoder());
    collect.tensor(prefix + "threshold", sae.threshold());
    collect.tensor(prefix + "decoder", sae.decoder());
    collect.tensor(prefix + "decoder_bias", sae.decoder_bias());
    collect.tensor(prefix + "statistics", sae.statistics());
  }
  return list;
}

}  // namespace pintle::converter
