// SPDX-License-Identifier: Apache-2.0
//
// Memory that is written to, with its extent. Whoever takes a pointer out of it says how many
// elements it will touch: the bound of every write into scratch stands where the write is made, and
// builds with asserts check it, once a call. Without asserts a Span is a pointer and nothing more.
#ifndef PINTLE_RUNTIME_SUPPORT_SPAN_H_
#define PINTLE_RUNTIME_SUPPORT_SPAN_H_

#include <assert.h>
#include <stddef.h>

namespace pintle::internal {

// Somebody else's memory, as an argument. Copies freely, as a pointer does.
template <typename T>
class Span {
 public:
  Span() = default;
  Span(T* data, [[maybe_unused]] size_t count)
      : data_(data)
#ifndef NDEBUG
        ,
        count_(count)
#endif
  {
  }

  // `count` elements from `first` on.
  T* at(size_t first, [[maybe_unused]] size_t count) const {
    assert(first <= count_ && count <= count_ - first);
    return data_ + first;
  }
  T* front(size_t count) const { return at(0, count); }
  Span part(size_t first, size_t count) const { return Span(at(first, count), count); }

 private:
  T* data_ = nullptr;
#ifndef NDEBUG
  size_t count_ = 0;
#endif
};

// A buffer in the hands of its owner, whose constness it shares: a const owner gives it to be read
// only. Not copied, so that it cannot be had for writing from a const owner.
template <typename T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(T* data, size_t count) : all_(data, count) {}
  Buffer(Buffer&&) = default;
  Buffer& operator=(Buffer&&) = default;

  T* at(size_t first, size_t count) { return all_.at(first, count); }
  const T* at(size_t first, size_t count) const { return all_.at(first, count); }
  T* front(size_t count) { return all_.front(count); }
  const T* front(size_t count) const { return all_.front(count); }
  Span<T> part(size_t first, size_t count) { return all_.part(first, count); }

 private:
  Span<T> all_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SUPPORT_SPAN_H_
