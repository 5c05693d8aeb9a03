// SPDX-License-Identifier: Apache-2.0
#include "converter/import/torch_archive.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "converter/import/tensor_view.h"
#include "converter/import/zip_reader.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

std::string_view as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Nothing if the size overflows: no file has as many bytes.
std::optional<uint64_t> size_bytes(const PickleStorage& storage) {
  const auto bytes =
      checked_product(storage.element_count, static_cast<int64_t>(scalar_size_bytes(storage.type)));
  if (!bytes) return std::nullopt;
  return static_cast<uint64_t>(*bytes);
}

class TorchZip : public TorchArchive {
 public:
  explicit TorchZip(const std::string& path) : path_(path), zip_(path) {
    prefix_ = find_prefix();
    if (zip_.has(prefix_ + "constants.pkl")) {
      throw Error(path +
                  ": is a TorchScript archive (torch.jit.save), which carries code; load it in "
                  "Python and save its state_dict() with torch.save");
    }
    if (zip_.has(prefix_ + "byteorder")) {
      const std::vector<std::byte> order = zip_.read(prefix_ + "byteorder");
      if (as_text(order) != "little") {
        throw Error(path + ": its numbers are not little-endian; save it again on another machine");
      }
    }
    pickle_ = zip_.read(prefix_ + "data.pkl");
    tree_ = read_pickle(as_text(pickle_), path);
  }

 private:
  // Everything lies in one folder, named after the file that was first written.
  std::string find_prefix() const {
    const std::string wanted = "data.pkl";
    std::vector<std::string> prefixes;
    for (const std::string& name : zip_.names()) {
      if (name.size() < wanted.size() ||
          name.compare(name.size() - wanted.size(), wanted.size(), wanted) != 0) {
        continue;
      }
      const std::string prefix = name.substr(0, name.size() - wanted.size());
      if (prefix.empty() || prefix.back() == '/') prefixes.push_back(prefix);
    }
    if (prefixes.empty()) {
      throw Error(path_ + ": is a zip archive, but holds no data.pkl: torch.save did not write it");
    }
    if (prefixes.size() > 1) {
      throw Error(path_ + ": holds several checkpoints ('" + prefixes[0] + "', '" + prefixes[1] +
                  "', …); unpack it and give one of them");
    }
    return prefixes[0];
  }

  std::vector<std::byte> read_storage(const PickleStorage& storage) override {
    return zip_.read(prefix_ + "data/" + storage.key);
  }

  std::string path_;
  ZipReader zip_;
  std::string prefix_;
  std::vector<std::byte> pickle_;  // tree_ points into it
};

class TorchLegacy : public TorchArchive {
 public:
  explicit TorchLegacy(const std::string& path) : path_(path), file_(read_whole(path)) {
    // torch.save's magic number 0x1950a86a20f9469cfc6c, as the pickle has it.
    static constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    const PickleTree magic = next_pickle();
    if (magic.root->kind != PickleKind::kBigInt || magic.root->text != kMagic) {
      throw Error(path +
                  ": is a pickle, but not one that torch.save wrote; save the model's "
                  "state_dict() with torch.save");
    }
    const PickleTree protocol = next_pickle();
    if (protocol.root->kind != PickleKind::kInt || protocol.root->integer != 1001) {
      throw Error(path + ": has a version of torch.save's old layout that is not known");
    }
    const PickleTree system = next_pickle();
    const PickleValue* little_endian = find_item(*system.root, "little_endian");
    if (little_endian != nullptr && little_endian->integer == 0) {
      throw Error(path + ": its numbers are not little-endian; save it again on another machine");
    }
    tree_ = next_pickle();
    const PickleTree keys = next_pickle();
    locate_storages(*keys.root);
  }

 private:
  static std::vector<std::byte> read_whole(const std::string& path) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(path, error);
    if (error) throw Error(path + ": cannot read: " + error.message());
    std::vector<std::byte> bytes(static_cast<size_t>(size));
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!file) throw Error(path + ": cannot be read to its end");
    return bytes;
  }

  PickleTree next_pickle() {
    size_t consumed = 0;
    PickleTree tree = read_pickle(as_text(file_).substr(position_), path_, &consumed);
    position_ += consumed;
    return tree;
  }

  // After the pickles: for every key, in the order of the list, an element count and the elements.
  void locate_storages(const PickleValue& keys) {
    if (keys.kind != PickleKind::kList) throw Error(path_ + ": the list of storages is missing");
    for (const PickleValue* key : keys.items) {
      const PickleStorage* storage = nullptr;
      if (key->kind == PickleKind::kString) storage = tree_.arena->storage(std::string(key->text));
      if (storage == nullptr) {
        throw Error(path_ +
                    ": lists a storage that no tensor uses, or one of a type that is not read");
      }
      const std::string what = path_ + ": storage '" + storage->key + "'";
      if (file_.size() - position_ < sizeof(uint64_t)) throw Error(what + " is cut off");
      uint64_t count = 0;
      for (size_t i = 0; i < sizeof(count); ++i) {
        count |= std::to_integer<uint64_t>(file_[position_ + i]) << (8 * i);
      }
      position_ += sizeof(count);
      if (count != static_cast<uint64_t>(storage->element_count)) {
        throw Error(what + " holds " + std::to_string(count) + " elements, but the pickle says " +
                    std::to_string(storage->element_count) + "; file damaged?");
      }
      const std::optional<uint64_t> bytes = size_bytes(*storage);
      if (!bytes || *bytes > file_.size() - position_) throw Error(what + " is cut off");
      offsets_[storage->key] = position_;
      position_ += static_cast<size_t>(*bytes);
    }
  }

  std::vector<std::byte> read_storage(const PickleStorage& storage) override {
    const auto found = offsets_.find(storage.key);
    if (found == offsets_.end()) {
      throw Error(path_ + ": storage '" + storage.key + "' is missing; the file is incomplete");
    }
    const auto first = file_.begin() + static_cast<std::ptrdiff_t>(found->second);
    return {first, first + static_cast<std::ptrdiff_t>(*size_bytes(storage))};
  }

  std::string path_;
  std::vector<std::byte> file_;  // tree_ points into it
  size_t position_ = 0;
  std::map<std::string, size_t> offsets_;
};

}  // namespace

StorageBytes TorchArchive::storage(const PickleStorage& storage) {
  StorageBytes& loaded = loaded_[storage.key];
  if (loaded == nullptr) {
    std::vector<std::byte> bytes = read_storage(storage);
    const std::optional<uint64_t> expected = size_bytes(storage);
    if (!expected || bytes.size() != *expected) {
      tree_.arena->fail("storage '" + storage.key + "' has " + std::to_string(bytes.size()) +
                        " bytes, but the pickle says " + std::to_string(storage.element_count) +
                        " elements of " + scalar_type_name(storage.type) + "; file damaged?");
    }
    loaded = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  }
  return loaded;
}

std::unique_ptr<TorchArchive> open_torch_zip(const std::string& path) {
  return std::make_unique<TorchZip>(path);
}

std::unique_ptr<TorchArchive> open_torch_legacy(const std::string& path) {
  return std::make_unique<TorchLegacy>(path);
}

}  // namespace pintle::converter
