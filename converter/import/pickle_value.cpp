// SPDX-License-Identifier: Apache-2.0
#include "converter/import/pickle_value.h"

#include <utility>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

constexpr uint32_t kMaxPickleDepth = 1000;
// Every opcode may make a value, about 90 bytes from one byte of the file: this many fit a
// desktop's memory and are a hundred times what a large checkpoint with its vocabulary needs.
constexpr size_t kMaxValues = size_t{1} << 23;
// A few bytes may copy a whole container (set(list)), so what containers hold has its own limit.
constexpr size_t kMaxAttached = size_t{1} << 25;
constexpr size_t kMaxClassName = 1024;

}  // namespace

const PickleValue* find_item(const PickleValue& value, std::string_view key) {
  if (value.kind != PickleKind::kDict && value.kind != PickleKind::kObject) return nullptr;
  for (size_t i = value.items.size(); i >= 2; i -= 2) {  // a key set twice has the later value
    if (value.items[i - 2]->is_string(key)) return value.items[i - 1];
  }
  return nullptr;
}

const PickleValue* find_attribute(const PickleValue& object, std::string_view name) {
  if (object.kind != PickleKind::kObject || object.state == nullptr) return nullptr;
  if (object.state->kind != PickleKind::kTuple) return find_item(*object.state, name);
  for (const PickleValue* part : object.state->items) {
    if (const PickleValue* found = find_item(*part, name)) return found;
  }
  return nullptr;
}

const PickleValue* find_member(const PickleValue& owner, std::string_view name) {
  const PickleValue* item = find_item(owner, name);
  return item != nullptr ? item : find_attribute(owner, name);
}

PickleValue* PickleArena::add(PickleKind kind) {
  if (values_.size() >= kMaxValues) fail("its pickle has more than 8 million values");
  values_.emplace_back();
  values_.back().kind = kind;
  return &values_.back();
}

PickleValue* PickleArena::add_string(std::string text) {
  PickleValue* value = add(PickleKind::kString);
  value->text = keep(std::move(text));
  return value;
}

PickleValue* PickleArena::add_class(std::string_view module, std::string_view name) {
  if (module.size() + name.size() > kMaxClassName)
    fail("a class in its pickle has an endless name");
  PickleValue* value = add(PickleKind::kClass);
  value->text = keep(std::string(module) + "." + std::string(name));
  value->integer = static_cast<int64_t>(module.size());
  return value;
}

void PickleArena::note_depth(PickleValue* parent, const PickleValue* item) {
  if (item->depth < parent->depth) return;
  parent->depth = item->depth + 1;
  if (parent->depth > kMaxPickleDepth) {
    fail("refuses to load: its pickle nests more than 1,000 deep, which no checkpoint does");
  }
}

void PickleArena::attach(PickleValue* parent, const PickleValue* item) {
  if (++attached_count_ > kMaxAttached) fail("its pickle's containers hold more than 2^25 values");
  note_depth(parent, item);
  parent->items.push_back(item);
}

std::string_view PickleArena::keep(std::string text) {
  strings_.push_back(std::move(text));
  return strings_.back();
}

PickleStorage* PickleArena::storage(const std::string& key) {
  const auto found = storages_.find(key);
  return found == storages_.end() ? nullptr : &found->second;
}

PickleStorage* PickleArena::add_storage(PickleStorage storage) {
  std::string key = storage.key;
  return &storages_.emplace(std::move(key), std::move(storage)).first->second;
}

PickleTensor* PickleArena::add_tensor(PickleTensor tensor) {
  tensors_.push_back(std::move(tensor));
  return &tensors_.back();
}

StorageView* PickleArena::add_view(StorageView view) {
  views_.push_back(view);
  return &views_.back();
}

void PickleArena::fail(const std::string& fault) const { throw Error(path_ + ": " + fault); }

}  // namespace pintle::converter
