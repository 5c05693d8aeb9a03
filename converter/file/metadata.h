// SPDX-License-Identifier: Apache-2.0
//
// A model file's metadata, for people and reports; the runtime reads its own.
#ifndef PINTLE_CONVERTER_FILE_METADATA_H_
#define PINTLE_CONVERTER_FILE_METADATA_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pintle_generated.h"

namespace pintle::converter {

inline std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

class Metadata {
 public:
  // Reads the metadata of a file that the runtime accepts. Throws Error for any other.
  explicit Metadata(const std::string& path);
  const fb::Model& root() const { return *fb::GetSizePrefixedModel(bytes_.data()); }
  // Every tensor with the name that the converter's report gives it, in the file's order.
  std::vector<std::pair<std::string, const fb::Tensor*>> tensors() const;
  // What SAEs trained on this model name as their network (network_hash_text).
  std::string network_hash() const;

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_METADATA_H_
