// SPDX-License-Identifier: Apache-2.0
//
// Where a model and its sessions get their memory: the app's pintle_allocator, or the C library.
#ifndef PINTLE_RUNTIME_SUPPORT_ALLOCATOR_H_
#define PINTLE_RUNTIME_SUPPORT_ALLOCATOR_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pintle/pintle.h"

namespace pintle::internal {

class Allocator {
 public:
  Allocator() = default;  // the C library's
  // Copies it. REQUIRES: both functions are there.
  explicit Allocator(const pintle_allocator& app) : app_(app) {}

  // Null where there is no memory. size_bytes > 0; alignment_bytes: a power of two.
  void* allocate(size_t size_bytes, size_t alignment_bytes) const;
  // size_bytes: what was allocated. Null is allowed.
  void release(void* block, size_t size_bytes) const;

  // An array of zero bytes; null where there is no memory.
  template <typename T>
  T* allocate_zeroed(size_t count) const {
    if (count > SIZE_MAX / sizeof(T)) return nullptr;
    void* block = allocate(count * sizeof(T), alignof(T));
    if (block != nullptr) memset(block, 0, count * sizeof(T));
    return static_cast<T*>(block);
  }
  template <typename T>
  void release_array(T* block, size_t count) const {
    release(block, count * sizeof(T));
  }

 private:
  pintle_allocator app_ = {};  // allocate is null: the C library's
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SUPPORT_ALLOCATOR_H_
