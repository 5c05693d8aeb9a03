// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_SCHEMA_CRC32_H_
#define PINTLE_SCHEMA_CRC32_H_

#include <stddef.h>
#include <stdint.h>

namespace pintle::format {

struct Crc32Table {
  uint32_t entries[4][256];
};

// Slicing by four: entries[s][b] advances byte b by s further bytes.
inline constexpr Crc32Table make_crc32_table() {
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

inline constexpr Crc32Table kCrc32Table = make_crc32_table();

// CRC-32/ISO-HDLC (polynomial 0x04C11DB7, reflected), as in zlib and IEEE 802.3.
inline uint32_t crc32(const void* data, size_t size_bytes) {
  const auto& entries = kCrc32Table.entries;
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  uint32_t crc = 0xFFFFFFFFu;
  for (; size_bytes >= 4; size_bytes -= 4, bytes += 4) {
    crc ^= static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
           static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
    crc = entries[3][crc & 0xFF] ^ entries[2][(crc >> 8) & 0xFF] ^ entries[1][(crc >> 16) & 0xFF] ^
          entries[0][crc >> 24];
  }
  for (; size_bytes > 0; --size_bytes, ++bytes) {
    crc = (crc >> 8) ^ entries[0][(crc ^ *bytes) & 0xFF];
  }
  return ~crc;
}

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_CRC32_H_
