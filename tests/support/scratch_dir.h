// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_TESTS_SUPPORT_SCRATCH_DIR_H_
#define PINTLE_TESTS_SUPPORT_SCRATCH_DIR_H_

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

namespace pintle::test {

// A folder that is new for each test and gone after it.
class ScratchDir {
 public:
  ScratchDir() {
    const std::filesystem::path base = std::filesystem::temp_directory_path();
    std::random_device random;
    do {
      path_ = base / ("pintle-test-" + std::to_string(random()));
    } while (!std::filesystem::create_directory(path_));
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_SCRATCH_DIR_H_
