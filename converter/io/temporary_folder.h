// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_TEMPORARY_FOLDER_H_
#define PINTLE_CONVERTER_IO_TEMPORARY_FOLDER_H_

#include <string>

namespace pintle::converter {

// A folder `start`-PID, gone at the end however that comes. Beside an output it is on a disk that has room
// for large files, as /tmp need not be. Throws Error if it cannot be created.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& start);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_TEMPORARY_FOLDER_H_
