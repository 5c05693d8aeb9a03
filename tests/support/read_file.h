// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_TESTS_SUPPORT_READ_FILE_H_
#define PINTLE_TESTS_SUPPORT_READ_FILE_H_

#include <fstream>
#include <iterator>
#include <string>

namespace pintle::test {

// The bytes of a file; none where it cannot be read.
inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_READ_FILE_H_
