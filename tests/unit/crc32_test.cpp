// SPDX-License-Identifier: Apache-2.0
#include "schema/crc32.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

namespace pintle {
namespace {

const format::Crc32 crc32;

uint32_t bit_by_bit(const uint8_t* bytes, size_t count) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

TEST_CASE("the published check values") {
  CHECK(crc32("", 0) == 0);
  CHECK(crc32("123456789", 9) == 0xCBF43926u);
  CHECK(crc32("The quick brown fox jumps over the lazy dog", 43) == 0x414FA339u);
}

TEST_CASE("any length at any alignment equals the definition") {
  std::vector<uint8_t> bytes(300);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i * 7 + i);
  for (size_t start = 0; start < 9; ++start) {
    for (size_t count = 0; count + start <= bytes.size(); count += 1 + count / 16) {
      CHECK(crc32(bytes.data() + start, count) == bit_by_bit(bytes.data() + start, count));
    }
  }
}

TEST_CASE("one turned bit changes it") {
  std::vector<uint8_t> bytes(64, 0xAB);
  const uint32_t sound = crc32(bytes.data(), bytes.size());
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    CHECK(crc32(bytes.data(), bytes.size()) != sound);
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
  }
}

}  // namespace
}  // namespace pintle
