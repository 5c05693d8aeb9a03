// SPDX-License-Identifier: Apache-2.0
#include "runtime/support/allocator.h"

#include <stdlib.h>

namespace pintle::internal {

void* Allocator::allocate(size_t size_bytes, size_t alignment_bytes) const {
  if (app_.allocate != nullptr) {
    return app_.allocate(app_.context, size_bytes, alignment_bytes);
  }
  void* block = nullptr;
  const size_t alignment = alignment_bytes < sizeof(void*) ? sizeof(void*) : alignment_bytes;
  return posix_memalign(&block, alignment, size_bytes) == 0 ? block : nullptr;
}

void Allocator::release(void* block, size_t size_bytes) const {
  if (block == nullptr) return;
  if (app_.allocate != nullptr) {
    app_.release(app_.context, block, size_bytes);
  } else {
    free(block);
  }
}

}  // namespace pintle::internal
