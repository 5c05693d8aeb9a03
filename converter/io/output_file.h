// SPDX-License-Identifier: Apache-2.0
//
// A model file that appears whole or not at all.
#ifndef PINTLE_CONVERTER_IO_OUTPUT_FILE_H_
#define PINTLE_CONVERTER_IO_OUTPUT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pintle::converter {

// A temporary file beside `target`, removed by the destructor unless `commit` renamed it to
// `target`. Throws Error on every failure; a file that `target` already names then stays as it is.
class OutputFile {
 public:
  explicit OutputFile(const std::string& target);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Replaces the temporary's content and flushes it to the disk.
  void write(const std::vector<uint8_t>& bytes);
  const std::string& temporary_path() const { return temporary_; }
  void commit();

 private:
  std::string target_, temporary_;
  bool created_ = false;
};

// Writes everything to `descriptor`; `path` is for the message of the Error thrown on failure. A
// full disk is named as such.
void write_all(int descriptor, const void* data, size_t size_bytes, const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_OUTPUT_FILE_H_
