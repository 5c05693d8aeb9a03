// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_SCHEMA_CRC32_H_
#define PINTLE_SCHEMA_CRC32_H_

#include <stddef.h>
#include <stdint.h>

namespace pintle::format {

// CRC-32/ISO-HDLC (polynomial 0x04C11DB7, reflected), as in zlib and IEEE 802.3. Its table is 4 KiB that
// only opening needs: made where it is used, in 2 microseconds, it is not in the library that apps load.
class Crc32 {
 public:
  Crc32() {
    entries_[0] = 0;
    // An entry is the sum of those of its bits, the highest bit's first.
    for (uint32_t bit = 128, value = 1; bit > 0; bit >>= 1) {
      value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0u);
      for (uint32_t byte = 0; byte < 256; byte += 2 * bit) {
        entries_[byte + bit] = entries_[byte] ^ value;
      }
    }
    for (uint32_t i = 0; i < 3 * 256; ++i) {
      entries_[i + 256] = (entries_[i] >> 8) ^ entries_[entries_[i] & 0xFF];
    }
  }

  uint32_t operator()(const void* data, size_t size_bytes) const {
    const uint8_t* bytes = static_cast<const uint8_t*>(data);
    uint32_t crc = 0xFFFFFFFFu;
    for (; size_bytes >= 4; size_bytes -= 4, bytes += 4) {
      crc ^= static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
             static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
      crc = entries_[768 + (crc & 0xFF)] ^ entries_[512 + ((crc >> 8) & 0xFF)] ^
            entries_[256 + ((crc >> 16) & 0xFF)] ^ entries_[crc >> 24];
    }
    for (; size_bytes > 0; --size_bytes, ++bytes) {
      crc = (crc >> 8) ^ entries_[(crc ^ *bytes) & 0xFF];
    }
    return ~crc;
  }

 private:
  // Slicing by four: entries_[256 * s + b] advances byte b by s further bytes.
  uint32_t entries_[4 * 256];
};

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_CRC32_H_
