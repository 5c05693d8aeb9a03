// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SUPPORT_CRC32_H_
#define PINTLE_RUNTIME_SUPPORT_CRC32_H_

#include <stddef.h>
#include <stdint.h>

namespace pintle::internal {

// CRC-32/ISO-HDLC (polynomial 0x04C11DB7, reflected), as in zlib and IEEE 802.3.
uint32_t crc32(const void* data, size_t size_bytes);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SUPPORT_CRC32_H_
