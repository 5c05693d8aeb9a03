// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/inspect_delta.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "converter/file/metadata.h"
#include "converter/file/writer.h"
#include "converter/io/error.h"

namespace pintle::converter {

nlohmann::ordered_json describe_delta(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t size = bytes.size();
  if (size >= sizeof(flatbuffers::uoffset_t)) {
    size = std::min<size_t>(size, size_t{flatbuffers::ReadScalar<flatbuffers::uoffset_t>(data)} +
                                      sizeof(flatbuffers::uoffset_t));
  }
  flatbuffers::Verifier verifier(data, size);
  if (!file.is_open() || !verifier.VerifySizePrefixedBuffer<fb::Delta>("PNTD")) {
    throw Error(path + ": the metadata is no delta's: it was cut short or is damaged");
  }
  const fb::Delta& root = *flatbuffers::GetSizePrefixedRoot<fb::Delta>(bytes.data());
  const fb::Catalogue* catalogue = root.catalogue();
  nlohmann::ordered_json quality = nlohmann::ordered_json::object();
  if (root.quality() != nullptr) {
    for (const fb::Metric* metric : *root.quality()) {
      quality[text_of(metric->name())] = metric->value();
    }
  }
  return {
      {"file", path},
      {"format", std::to_string(root.format_major()) + "." + std::to_string(root.format_minor())},
      {"file_size_bytes", root.file_size()},
      {"base_hash", network_hash_text(root.base_hash())},
      {"base_items", root.base_item_count()},
      {"base_file_size_bytes", root.base_file_size()},
      {"added_items", catalogue == nullptr ? 0 : catalogue->item_count()},
      {"retired_items", root.retired() == nullptr ? 0 : root.retired()->size() / 4},
      {"converter_version", text_of(root.converter_version())},
      {"quality", quality}};
}

void print_delta(const nlohmann::ordered_json& delta) {
  for (const auto& [name, value] : delta.items()) {
    if (name == "quality") continue;
    std::printf("%-22s %s\n", name.c_str(),
                value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
  }
  for (const auto& [name, value] : delta["quality"].items()) {
    std::printf("%-22s %s\n", name.c_str(), value.dump().c_str());
  }
}

}  // namespace pintle::converter
