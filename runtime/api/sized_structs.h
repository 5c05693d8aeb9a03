// SPDX-License-Identifier: Apache-2.0
//
// Structs that grow: what pintle.h promises under "Structs", for callers that are older or newer than
// the library.
#ifndef PINTLE_RUNTIME_API_SIZED_STRUCTS_H_
#define PINTLE_RUNTIME_API_SIZED_STRUCTS_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace pintle::internal {

// Sizes outside this are no struct's, each having had a field beside struct_size from its first version
// on: it was never set.
inline constexpr size_t kSmallestStruct = 2 * sizeof(uint32_t), kLargestStruct = 4096;

inline bool is_struct_size(size_t size_bytes) {
  return size_bytes >= kSmallestStruct && size_bytes <= kLargestStruct &&
         size_bytes % alignof(uint32_t) == 0;
}

template <typename T>
bool is_sized(const T* given) {
  return given != nullptr && is_struct_size(given->struct_size);
}

// known = what both the caller and the library know of `given`, over the defaults that *known holds.
// False: null, no struct's size, or a field is set that the library does not know.
template <typename T>
[[nodiscard]] bool read_struct(const T* given, T* known) {
  if (!is_sized(given)) return false;
  const size_t size_bytes = given->struct_size;
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(given);
  for (size_t i = sizeof(T); i < size_bytes; ++i) {
    if (bytes[i] != 0) return false;
  }
  memcpy(known, given, size_bytes < sizeof(T) ? size_bytes : sizeof(T));
  known->struct_size = sizeof(T);
  return true;
}

// Writes what both know of `result`; out->struct_size stays. REQUIRES: is_sized(out).
template <typename T>
void write_struct(const T& result, T* out) {
  const size_t size_bytes = out->struct_size < sizeof(T) ? out->struct_size : sizeof(T);
  const size_t head = sizeof(out->struct_size);
  memcpy(reinterpret_cast<unsigned char*>(out) + head,
         reinterpret_cast<const unsigned char*>(&result) + head, size_bytes - head);
}

// A caller's struct of size_bytes, with the defaults that the library knows and zeros behind them.
template <typename T>
void init_struct(const T& defaults, T* out, size_t size_bytes) {
  if (out == nullptr || !is_struct_size(size_bytes)) return;
  memset(static_cast<void*>(out), 0, size_bytes);
  out->struct_size = static_cast<uint32_t>(size_bytes);
  write_struct(defaults, out);
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_API_SIZED_STRUCTS_H_
