// SPDX-License-Identifier: Apache-2.0
#include "converter/import/safetensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

#include "converter/import/tensor_view.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit

ScalarType parse_type(const std::string& what, const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, ScalarType>, 10> kTypes = {{
      {"F64", ScalarType::kF64},
      {"F32", ScalarType::kF32},
      {"F16", ScalarType::kF16},
      {"BF16", ScalarType::kBF16},
      {"I64", ScalarType::kI64},
      {"I32", ScalarType::kI32},
      {"I16", ScalarType::kI16},
      {"I8", ScalarType::kI8},
      {"U8", ScalarType::kU8},
      {"BOOL", ScalarType::kBool},
  }};
  for (const auto& [known, type] : kTypes) {
    if (name == known) return type;
  }
  throw Error(what + ": type " + name + " is not read; save it as F32");
}

int64_t natural(const std::string& what, const json& number) {
  if (!number.is_number_unsigned() || number.get<uint64_t>() > INT64_MAX) {
    throw Error(what + ": a size or offset in the header is no natural number");
  }
  return number.get<int64_t>();
}

// Refuses a name given twice, and nesting that no header has.
json parse_header(const std::string& path, const std::string& text) {
  std::set<std::string> names;
  const json::parser_callback_t check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > 4) throw Error(path + ": its header nests too deep; not a safetensors file?");
    if (event == json::parse_event_t::key && depth == 1 &&
        !names.insert(parsed.get<std::string>()).second) {
      throw Error(path + ": its header names " + parsed.dump() + " twice");
    }
    return true;
  };
  try {
    json header = json::parse(text, check);
    if (header.is_object()) return header;
  } catch (const json::exception& fault) {
    throw Error(path + ": its header is damaged: " + fault.what());
  }
  throw Error(path + ": its header is no JSON object; not a safetensors file?");
}

struct Extent {
  int64_t begin = 0, end = 0;
  std::string name;
  bool operator<(const Extent& other) const {
    return std::pair(begin, end) < std::pair(other.begin, other.end);
  }
};

CheckpointTensor describe(const std::string& what, const json& entry, Extent* extent) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
      !entry.contains("shape") || !entry["shape"].is_array() || !entry.contains("data_offsets") ||
      !entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2) {
    throw Error(what + ": its header entry lacks dtype, shape or data_offsets");
  }
  CheckpointTensor tensor;
  tensor.type = parse_type(what, entry["dtype"].get<std::string>());
  std::optional<int64_t> bytes = static_cast<int64_t>(scalar_size_bytes(tensor.type));
  for (const json& dimension : entry["shape"]) {
    tensor.shape.push_back(natural(what, dimension));
    if (bytes) bytes = checked_product(*bytes, tensor.shape.back());
  }
  extent->begin = natural(what, entry["data_offsets"][0]);
  extent->end = natural(what, entry["data_offsets"][1]);
  if (extent->begin > extent->end || !bytes || extent->end - extent->begin != *bytes) {
    throw Error(what + ": its offsets do not fit its shape " + shape_text(tensor.shape) +
                "; file damaged?");
  }
  tensor.strides = row_major_strides(tensor.shape);
  return tensor;
}

}  // namespace

std::map<std::string, CheckpointTensor> read_safetensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff end = file.tellg();
  if (!file || end < 0) throw Error(path + ": cannot be opened");
  const uint64_t file_bytes = static_cast<uint64_t>(end);
  std::array<unsigned char, 8> prefix{};
  file.seekg(0);
  file.read(reinterpret_cast<char*>(prefix.data()), prefix.size());
  if (!file) throw Error(path + ": is too short for a safetensors file");
  uint64_t header_bytes = 0;
  for (size_t i = prefix.size(); i > 0; --i) header_bytes = (header_bytes << 8) | prefix[i - 1];
  if (header_bytes > kMaxHeaderBytes || header_bytes > file_bytes - prefix.size()) {
    throw Error(path + ": claims a header of " + std::to_string(header_bytes) +
                " bytes; the file is cut off or not a safetensors file");
  }
  std::string text(static_cast<size_t>(header_bytes), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) throw Error(path + ": cannot be read to its end");
  const json header = parse_header(path, text);
  const uint64_t data_start = prefix.size() + header_bytes;
  const int64_t data_bytes = static_cast<int64_t>(file_bytes - data_start);

  std::map<std::string, CheckpointTensor> tensors;
  std::vector<Extent> extents;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    Extent extent;
    extent.name = name;
    tensors.emplace(name, describe(path + ": tensor '" + name + "'", entry, &extent));
    extents.push_back(std::move(extent));
  }
  std::sort(extents.begin(), extents.end());
  int64_t covered = 0;
  for (const Extent& extent : extents) {
    if (extent.end > data_bytes) {
      throw Error(path + ": tensor '" + extent.name +
                  "' reaches past the end of the file; cut off?");
    }
    if (extent.begin != covered) {
      throw Error(path + ": tensor '" + extent.name + "' " +
                  (extent.begin < covered ? "overlaps another one" : "leaves a gap before it") +
                  "; file damaged?");
    }
    covered = extent.end;
  }
  if (covered != data_bytes) {
    throw Error(path + ": has bytes after the last tensor; file damaged?");
  }
  for (const Extent& extent : extents) {
    auto bytes =
        std::make_shared<std::vector<std::byte>>(static_cast<size_t>(extent.end - extent.begin));
    file.seekg(static_cast<std::streamoff>(data_start) + extent.begin);
    file.read(reinterpret_cast<char*>(bytes->data()), static_cast<std::streamsize>(bytes->size()));
    if (!file) throw Error(path + ": cannot be read to its end");
    tensors[extent.name].storage = std::move(bytes);
  }
  return tensors;
}

}  // namespace pintle::converter
