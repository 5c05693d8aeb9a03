// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_TESTS_SUPPORT_CONTAINS_H_
#define PINTLE_TESTS_SUPPORT_CONTAINS_H_

#include <doctest/doctest.h>

#include <string>

namespace pintle::test {

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A failure shows both.
inline void check_contains(const std::string& text, const std::string& part) {
  CAPTURE(text);
  CAPTURE(part);
  CHECK(contains(text, part));
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_CONTAINS_H_
