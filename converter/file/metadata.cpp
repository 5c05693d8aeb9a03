// SPDX-License-Identifier: Apache-2.0
#include "converter/file/metadata.h"

#include <flatbuffers/flatbuffers.h>

#include <fstream>

#include "converter/file/writer.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "schema/network_hash.h"
#include "schema/network_tensors.h"

namespace pintle::converter {
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
  return network_hash_text(format::network_hash(root()));
}

std::vector<std::pair<std::string, const fb::Tensor*>> Metadata::tensors() const {
  std::vector<std::pair<std::string, const fb::Tensor*>> list;
  format::for_each_tensor(root(),
                          [&](const char* name, const fb::Tensor* tensor, format::Presence) {
                            if (tensor != nullptr) list.emplace_back(name, tensor);
                            return true;
                          });
  return list;
}

}  // namespace pintle::converter
