// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IMPORT_ZIP_READER_H_
#define PINTLE_CONVERTER_IMPORT_ZIP_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct zip;

namespace pintle::converter {

// The entries of a zip archive as torch.save writes them: stored, not compressed. All reads
// together never return more bytes than the file has, so a small archive cannot fill the memory.
class ZipReader {
 public:
  explicit ZipReader(const std::string& path);  // throws Error

  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;
  // Throws Error if the entry is missing, compressed or damaged (its checksum is verified).
  std::vector<std::byte> read(const std::string& name);

 private:
  struct Close {
    void operator()(::zip* archive) const;
  };

  std::string path_;
  std::unique_ptr<::zip, Close> archive_;
  std::vector<std::string> names_;
  uint64_t bytes_left_ = 0;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_ZIP_READER_H_
