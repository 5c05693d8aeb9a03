// SPDX-License-Identifier: Apache-2.0
//
// Pickles and checkpoint files written byte by byte, so that tests can write wrong ones as well.
#ifndef PINTLE_TESTS_SUPPORT_TORCH_FILES_H_
#define PINTLE_TESTS_SUPPORT_TORCH_FILES_H_

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pintle::test {

// Each function returns opcodes of protocol 2 that leave one value on the stack.
std::string pickle_string(std::string_view text);
std::string pickle_int(int64_t value);
std::string pickle_bool(bool value);
std::string pickle_float(double value);
std::string pickle_class(const std::string& module, const std::string& name);
std::string pickle_tuple(const std::vector<std::string>& items);
std::string pickle_list(const std::vector<std::string>& items);
std::string pickle_dict(const std::vector<std::pair<std::string, std::string>>& items);
std::string pickle_ints(const std::vector<int64_t>& values);  // a tuple
// callable(*args) by REDUCE; class.__new__ and BUILD with a state.
std::string pickle_call(const std::string& callable, const std::vector<std::string>& args);
std::string pickle_object(const std::string& type, const std::string& state);
// A tensor over storage `key`, whose class is torch.<type>Storage, as torch.save writes it.
struct TensorSpec {
  std::string type = "Float", key = "0";
  int64_t storage_elements = 0, offset = 0;
  std::vector<int64_t> shape, strides;
  std::string view = "";  // opcodes of the sixth part of a legacy persistent id
};
std::string pickle_tensor(const TensorSpec& spec);
// A row-major tensor that fills its storage.
std::string pickle_tensor(const std::string& type, const std::string& key,
                          const std::vector<int64_t>& shape);
// PROTO 2, the value, STOP.
std::string whole_pickle(const std::string& value);

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
std::string little_endian(uint64_t value, size_t size_bytes);

// name -> bytes, stored without compression (or deflated).
void write_zip(const std::string& path, const std::map<std::string, std::string>& entries,
               bool is_compressed = false);
// archive/data.pkl, archive/byteorder and archive/data/<key>.
void write_torch_zip(const std::string& path, const std::string& value,
                     const std::map<std::string, std::string>& storages);

struct LegacyStorage {
  std::string key;
  uint64_t count = 0;
  std::string bytes;
};
// The stream that torch.save wrote before version 1.6.
std::string torch_legacy(const std::string& value, const std::vector<LegacyStorage>& storages);

std::string safetensors(const std::string& header, const std::string& data);

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_TORCH_FILES_H_
