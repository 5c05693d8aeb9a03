// SPDX-License-Identifier: Apache-2.0
//
// What a pickle describes, as plain data. Nothing in it was executed: classes and functions are
// only names, and an object is the record of the call that would have made it.
#ifndef PINTLE_CONVERTER_IMPORT_PICKLE_VALUE_H_
#define PINTLE_CONVERTER_IMPORT_PICKLE_VALUE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "converter/import/checkpoint.h"

namespace pintle::converter {

enum class PickleKind : uint8_t {
  kNone,
  kBool,     // integer
  kInt,      // integer
  kBigInt,   // text: the bytes of the stream (little-endian, or decimal in protocol 0)
  kFloat,    // real
  kString,   // text
  kBytes,    // text
  kList,     // items
  kTuple,    // items
  kSet,      // items
  kDict,     // items: key, value, key, value, …
  kClass,    // text: "module.name"; integer: length of the module's part
  kObject,   // text: "module.name" of what was called; args, state; items if keys were set on it
  kStorage,  // storage
  kTensor,   // tensor
};

// The memory under tensors, by its key in the file.
struct PickleStorage {
  std::string key;
  ScalarType type = ScalarType::kF32;
  int64_t element_count = 0;
};

struct StorageView {
  const PickleStorage* root = nullptr;
  int64_t offset = 0;  // in elements of root
  int64_t element_count = 0;
};

// As the pickle says it: not yet checked against the storage.
struct PickleTensor {
  const StorageView* storage = nullptr;
  int64_t offset = 0;
  std::vector<int64_t> shape, strides;
};

struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  // Levels below and including this value when it was last added to. A list that grows after it was
  // put into another does not raise that one's depth, and values may contain themselves: whoever
  // walks a tree keeps its own limit.
  uint32_t depth = 1;
  union {
    int64_t integer = 0;
    double real;
    const StorageView* storage;
    const PickleTensor* tensor;
  };
  std::string_view text;
  std::vector<const PickleValue*> items;
  const PickleValue* args = nullptr;   // a tuple
  const PickleValue* state = nullptr;  // what BUILD gave

  bool is_string(std::string_view value) const {
    return kind == PickleKind::kString && text == value;
  }
};

// The value under a string key of a dict, or of an object that keys were set on; null if absent.
const PickleValue* find_item(const PickleValue& value, std::string_view key);
// The value of an object's attribute: its state is a dict, or a pair of dicts (the second: slots).
const PickleValue* find_attribute(const PickleValue& object, std::string_view name);
// Either of the two.
const PickleValue* find_member(const PickleValue& owner, std::string_view name);

// Owns all values of one pickle; they hold plain pointers to each other, so freeing never recurses.
class PickleArena {
 public:
  explicit PickleArena(std::string path) : path_(std::move(path)) {}

  PickleValue* add(PickleKind kind);
  PickleValue* add_string(std::string text);
  PickleValue* add_class(std::string_view module, std::string_view name);
  // Adds `item` to a container's items.
  void attach(PickleValue* parent, const PickleValue* item);
  // REQUIRES: `item` becomes part of `parent`. Refuses more than 1,000 levels.
  void note_depth(PickleValue* parent, const PickleValue* item);
  std::string_view keep(std::string text);
  PickleStorage* storage(const std::string& key);  // null if there is none yet
  PickleStorage* add_storage(PickleStorage storage);
  PickleTensor* add_tensor(PickleTensor tensor);
  StorageView* add_view(StorageView view);
  [[noreturn]] void fail(const std::string& fault) const;

 private:
  std::string path_;
  size_t attached_count_ = 0;
  std::deque<PickleValue> values_;
  std::deque<std::string> strings_;
  std::deque<PickleTensor> tensors_;
  std::deque<StorageView> views_;
  std::map<std::string, PickleStorage> storages_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_PICKLE_VALUE_H_
