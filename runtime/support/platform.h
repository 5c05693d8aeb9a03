// SPDX-License-Identifier: Apache-2.0
//
// What differs between operating systems. Only platform_<os>.cpp tests for one.
#ifndef PINTLE_RUNTIME_SUPPORT_PLATFORM_H_
#define PINTLE_RUNTIME_SUPPORT_PLATFORM_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/support/allocator.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// Bytes of a model: mapped, copied, or the caller's.
struct Mapping {
  const uint8_t* data = nullptr;  // 64-byte aligned
  size_t size_bytes = 0;
  void* owned = nullptr;  // what release_mapping gives back; null: the caller's
  size_t owned_size_bytes = 0;
  bool is_mapped = false;  // `owned` is a mapping, else it came from the allocator
};

Status map_path(const char* path, const Allocator& allocator, const Fault& fault, Mapping* mapping);
// Maps `length` bytes from `offset`. Copies instead where the offset leaves the data unaligned.
Status map_descriptor(int fd, uint64_t offset, uint64_t length, const Allocator& allocator,
                      const Fault& fault, Mapping* mapping);
// The same of bytes in memory.
Status copy_memory(const void* data, size_t size_bytes, const Allocator& allocator,
                   const Fault& fault, Mapping* mapping);
// allocator: the one that made it.
void release_mapping(const Allocator& allocator, Mapping* mapping);

// The value of PINTLE_FORCE_ISA, or null.
const char* forced_isa();

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SUPPORT_PLATFORM_H_
