// SPDX-License-Identifier: Apache-2.0
//
// A bump allocator over one caller-given block:
//
//   base                                              base + size
//   | buffer | 64-aligned + slack | buffer | slack | ...  |
//
// Without a block (base null) it only counts, so that the code that lays out a session also answers
// how large it is. Every buffer is followed by kSlackBytes of its own block, because XNNPACK reads
// up to 16 bytes past the end of its inputs.
#ifndef PINTLE_RUNTIME_SUPPORT_ARENA_H_
#define PINTLE_RUNTIME_SUPPORT_ARENA_H_

#include <stddef.h>
#include <stdint.h>

#include "pintle/pintle.h"
#include "runtime/support/span.h"
#include "schema/alignment.h"
#include "schema/checked_size.h"

namespace pintle::internal {

class Arena {
 public:
  static constexpr size_t kAlignment = format::kAlignment;
  static_assert(kAlignment == PINTLE_SESSION_ALIGNMENT);
  static constexpr size_t kSlackBytes = 16;

  // base: aligned to kAlignment, or null to count.
  explicit Arena(void* base) : base_(static_cast<uint8_t*>(base)) {}

  // Zero-filled by nobody: the owner initialises what it reads. Null while counting.
  template <typename T>
  T* take(uint64_t count) {
    const uint64_t start = used_;
    used_ = format::round_up(used_ + count * sizeof(T) + kSlackBytes, kAlignment);
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + start);
  }
  template <typename T>
  Buffer<T> buffer(uint64_t count) {
    return Buffer<T>(take<T>(count), static_cast<size_t>(count));
  }
  uint64_t used_bytes() const { return used_; }
  // Goes back to an earlier used_bytes(): what is taken from here on shares the memory of what was
  // taken since.
  void rewind(uint64_t used_bytes) { used_ = used_bytes; }
  // Goes on behind the longer of the two.
  void skip_to(uint64_t used_bytes) { used_ = used_ < used_bytes ? used_bytes : used_; }

 private:
  uint8_t* base_;
  uint64_t used_ = 0;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SUPPORT_ARENA_H_
