// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_TESTS_SUPPORT_CONTAINS_H_
#define PINTLE_TESTS_SUPPORT_CONTAINS_H_

#include <string>

namespace pintle::test {

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_CONTAINS_H_
