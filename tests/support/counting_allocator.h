// SPDX-License-Identifier: Apache-2.0
//
// An app's allocator that knows what it gave, and refuses on demand. Blocks end where they end on the
// heap, so that a sanitizer sees what goes past them.
#ifndef PINTLE_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_
#define PINTLE_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <new>

#include "pintle/pintle.h"

namespace pintle::test {

class CountingAllocator {
 public:
  // refuse_at: the first block has number 1, and it and all after it are refused; 0 refuses none.
  explicit CountingAllocator(size_t refuse_at = 0) : refuse_at_(refuse_at) {
    handle_.context = this;
    handle_.allocate = allocate;
    handle_.release = release;
  }
  CountingAllocator(const CountingAllocator&) = delete;
  CountingAllocator& operator=(const CountingAllocator&) = delete;

  pintle_open_options options(uint32_t flags = 0) const {
    pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
    options.flags = flags;
    options.allocator = &handle_;
    return options;
  }
  void refuse() { refuse_at_ = asked_ + 1; }
  void misalign() { misaligns_ = true; }  // half as aligned as asked for

  size_t asked() const { return asked_; }
  size_t live_blocks() const { return live_.size(); }
  size_t live_bytes() const {
    size_t bytes = 0;
    for (const auto& [block, given] : live_) bytes += given.size_bytes;
    return bytes;
  }
  // Blocks given back that were never given, or with another size; sizes and alignments that are none.
  size_t faults() const { return faults_; }

 private:
  struct Given {
    size_t size_bytes, alignment_bytes;
    void* memory;  // that holds the block
  };

  static void* allocate(void* context, size_t size_bytes, size_t alignment_bytes) {
    CountingAllocator& self = *static_cast<CountingAllocator*>(context);
    ++self.asked_;
    if (size_bytes == 0 || alignment_bytes == 0 || (alignment_bytes & (alignment_bytes - 1)) != 0) {
      ++self.faults_;
      return nullptr;
    }
    if (self.refuse_at_ != 0 && self.asked_ >= self.refuse_at_) return nullptr;
    const size_t shift = self.misaligns_ ? alignment_bytes / 2 : 0;
    const auto alignment = static_cast<std::align_val_t>(alignment_bytes);
    void* memory = ::operator new(size_bytes + shift, alignment, std::nothrow);
    if (memory == nullptr) return nullptr;
    void* block = static_cast<char*>(memory) + shift;
    self.live_[block] = {size_bytes, alignment_bytes, memory};
    return block;
  }
  static void release(void* context, void* block, size_t size_bytes) {
    CountingAllocator& self = *static_cast<CountingAllocator*>(context);
    const auto found = self.live_.find(block);
    if (found == self.live_.end() || found->second.size_bytes != size_bytes) {
      ++self.faults_;
      return;
    }
    ::operator delete(found->second.memory, std::align_val_t(found->second.alignment_bytes));
    self.live_.erase(found);
  }

  pintle_allocator handle_ = PINTLE_ALLOCATOR_INIT;
  std::map<void*, Given> live_;
  size_t refuse_at_, asked_ = 0, faults_ = 0;
  bool misaligns_ = false;
};

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_
