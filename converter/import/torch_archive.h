// SPDX-License-Identifier: Apache-2.0
//
// The two containers of torch.save: a zip archive (since 1.6), and before it one stream of pickles
// followed by the storages.
#ifndef PINTLE_CONVERTER_IMPORT_TORCH_ARCHIVE_H_
#define PINTLE_CONVERTER_IMPORT_TORCH_ARCHIVE_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "converter/import/torch_pickle.h"

namespace pintle::converter {

using StorageBytes = std::shared_ptr<const std::vector<std::byte>>;

class TorchArchive {
 public:
  virtual ~TorchArchive() = default;

  const PickleValue& root() const { return *tree_.root; }
  // The bytes of a storage that root() refers to, read when first asked for; its size is checked.
  StorageBytes storage(const PickleStorage& storage);

 protected:
  virtual std::vector<std::byte> read_storage(const PickleStorage& storage) = 0;

  PickleTree tree_;

 private:
  std::map<std::string, StorageBytes> loaded_;
};

// Both throw Error.
std::unique_ptr<TorchArchive> open_torch_zip(const std::string& path);
std::unique_ptr<TorchArchive> open_torch_legacy(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_TORCH_ARCHIVE_H_
