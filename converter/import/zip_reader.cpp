// SPDX-License-Identifier: Apache-2.0
#include "converter/import/zip_reader.h"

#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "converter/io/error.h"

namespace pintle::converter {

void ZipReader::Close::operator()(::zip* archive) const { zip_discard(archive); }

ZipReader::ZipReader(const std::string& path) : path_(path) {
  std::error_code size_error;
  bytes_left_ = std::filesystem::file_size(path, size_error);
  if (size_error) throw Error(path + ": cannot read: " + size_error.message());

  int code = 0;
  archive_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (archive_ == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string fault = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw Error(path + ": the zip archive is truncated or damaged (" + fault +
                "); copy or download the file again");
  }
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    if (name == nullptr) throw Error(path + ": entry " + std::to_string(i) + " has no name");
    names_.emplace_back(name);
  }
  std::sort(names_.begin(), names_.end());
}

bool ZipReader::has(const std::string& name) const {
  return std::binary_search(names_.begin(), names_.end(), name);
}

std::vector<std::byte> ZipReader::read(const std::string& name) {
  const auto fail = [&](const std::string& fault) {
    throw Error(path_ + ": " + name + ": " + fault);
  };
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW, &stat) != 0) {
    fail("is not in the archive; the file is incomplete");
  }
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_INDEX;
  if ((stat.valid & kNeeded) != kNeeded) fail("the archive does not tell its size");
  if (stat.comp_method != ZIP_CM_STORE) {
    fail("is compressed, which torch.save never does; unpack the archive and zip it with 'zip -0'");
  }
  if (stat.size > bytes_left_) fail("its entries claim more bytes than the file has");
  bytes_left_ -= stat.size;

  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
      zip_fopen_index(archive_.get(), stat.index, 0), zip_fclose);
  if (file == nullptr) fail(std::string("cannot be read: ") + zip_strerror(archive_.get()));
  std::vector<std::byte> bytes(static_cast<size_t>(stat.size));
  size_t done = 0;
  while (done < bytes.size()) {
    const zip_int64_t got = zip_fread(file.get(), bytes.data() + done, bytes.size() - done);
    if (got <= 0) fail(std::string("is damaged or cut short: ") + zip_file_strerror(file.get()));
    done += static_cast<size_t>(got);
  }
  std::byte beyond;  // libzip compares the checksum when it reaches the end
  if (zip_fread(file.get(), &beyond, 1) != 0) {
    fail(std::string("is damaged: ") + zip_file_strerror(file.get()));
  }
  return bytes;
}

}  // namespace pintle::converter
