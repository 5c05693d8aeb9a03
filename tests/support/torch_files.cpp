// SPDX-License-Identifier: Apache-2.0
#include "support/torch_files.h"

#include <zip.h>

#include <filesystem>
#include <stdexcept>

namespace pintle::test {

std::string little_endian(uint64_t value, size_t size_bytes) {
  std::string bytes;
  for (size_t i = 0; i < size_bytes; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

std::string pickle_string(std::string_view text) {
  return "X" + little_endian(text.size(), 4) + std::string(text);
}

std::string pickle_int(int64_t value) {
  return "\x8a\x08" + little_endian(static_cast<uint64_t>(value), 8);
}

std::string pickle_bool(bool value) { return value ? "\x88" : "\x89"; }

std::string pickle_float(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  const std::string little = little_endian(bits, 8);
  return "G" + std::string(little.rbegin(), little.rend());
}

std::string pickle_class(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}

std::string pickle_tuple(const std::vector<std::string>& items) {
  std::string opcodes = "(";
  for (const std::string& item : items) opcodes += item;
  return opcodes + "t";
}

std::string pickle_list(const std::vector<std::string>& items) {
  std::string opcodes = "](";
  for (const std::string& item : items) opcodes += item;
  return opcodes + "e";
}

std::string pickle_dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string opcodes = "}(";
  for (const auto& [key, value] : items) opcodes += pickle_string(key) + value;
  return opcodes + "u";
}

std::string pickle_ints(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (const int64_t value : values) items.push_back(pickle_int(value));
  return pickle_tuple(items);
}

std::string pickle_call(const std::string& callable, const std::vector<std::string>& args) {
  return callable + pickle_tuple(args) + "R";
}

std::string pickle_object(const std::string& type, const std::string& state) {
  return type + ")\x81" + state + "b";
}

std::string pickle_tensor(const TensorSpec& spec) {
  std::vector<std::string> id = {
      pickle_string("storage"), pickle_class("torch", spec.type + "Storage"),
      pickle_string(spec.key), pickle_string("cpu"), pickle_int(spec.storage_elements)};
  if (!spec.view.empty()) id.push_back(spec.view);
  return pickle_call(pickle_class("torch._utils", "_rebuild_tensor_v2"),
                     {pickle_tuple(id) + "Q", pickle_int(spec.offset), pickle_ints(spec.shape),
                      pickle_ints(spec.strides), pickle_bool(false),
                      pickle_call(pickle_class("collections", "OrderedDict"), {})});
}

std::string pickle_tensor(const std::string& type, const std::string& key,
                          const std::vector<int64_t>& shape) {
  TensorSpec spec;
  spec.type = type;
  spec.key = key;
  spec.shape = shape;
  spec.strides = shape;
  spec.storage_elements = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    spec.strides[i] = spec.storage_elements;
    spec.storage_elements *= shape[i];
  }
  return pickle_tensor(spec);
}

std::string whole_pickle(const std::string& value) { return "\x80\x02" + value + "."; }

void write_zip(const std::string& path, const std::map<std::string, std::string>& entries,
               bool is_compressed) {
  int error = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (archive == nullptr) throw std::runtime_error("zip_open failed for " + path);
  for (const auto& [name, bytes] : entries) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) throw std::runtime_error("zip_file_add failed for " + name);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                             is_compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  if (zip_close(archive) != 0) throw std::runtime_error("zip_close failed for " + path);
}

void write_torch_zip(const std::string& path, const std::string& value,
                     const std::map<std::string, std::string>& storages) {
  std::map<std::string, std::string> entries = {{"archive/data.pkl", whole_pickle(value)},
                                                {"archive/byteorder", "little"},
                                                {"archive/version", "3\n"}};
  for (const auto& [key, bytes] : storages) entries["archive/data/" + key] = bytes;
  write_zip(path, entries);
}

std::string torch_legacy(const std::string& value, const std::vector<LegacyStorage>& storages) {
  const std::string magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  std::string file = whole_pickle(magic) + whole_pickle(pickle_int(1001)) +
                     whole_pickle(pickle_dict({{"protocol_version", pickle_int(1001)},
                                               {"little_endian", pickle_bool(true)}})) +
                     whole_pickle(value);
  std::vector<std::string> keys;
  for (const LegacyStorage& storage : storages) keys.push_back(pickle_string(storage.key));
  file += whole_pickle(pickle_list(keys));
  for (const LegacyStorage& storage : storages) {
    file += little_endian(storage.count, 8) + storage.bytes;
  }
  return file;
}

std::string safetensors(const std::string& header, const std::string& data) {
  return little_endian(header.size(), 8) + header + data;
}

}  // namespace pintle::test
