// SPDX-License-Identifier: Apache-2.0
#include "runtime/support/crc32.h"

namespace pintle::internal {
namespace {

struct Crc32Table {
  uint32_t entries[4][256];
};

// Slicing by four: entries[s][b] advances byte b by s further bytes.
constexpr Crc32Table make_table() {
  Crc32Table table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0u);
    table.entries[0][byte] = value;
  }
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (int slice = 1; slice < 4; ++slice) {
      const uint32_t previous = table.entries[slice - 1][byte];
      table.entries[slice][byte] = (previous >> 8) ^ table.entries[0][previous & 0xFF];
    }
  }
  return table;
}

constexpr Crc32Table kTable = make_table();

}  // namespace

uint32_t crc32(const void* data, size_t size_bytes) {
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  uint32_t crc = 0xFFFFFFFFu;
  for (; size_bytes >= 4; size_bytes -= 4, bytes += 4) {
    crc ^= static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
           static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
    crc = kTable.entries[3][crc & 0xFF] ^ kTable.entries[2][(crc >> 8) & 0xFF] ^
          kTable.entries[1][(crc >> 16) & 0xFF] ^ kTable.entries[0][crc >> 24];
  }
  for (; size_bytes > 0; --size_bytes, ++bytes) {
    crc = (crc >> 8) ^ kTable.entries[0][(crc ^ *bytes) & 0xFF];
  }
  return ~crc;
}

}  // namespace pintle::internal
