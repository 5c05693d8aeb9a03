// SPDX-License-Identifier: Apache-2.0
//
// The program's own malloc and the rest come before any library's. They hand on to the next
// definition, the C library's or a sanitizer's.
#include "support/allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

namespace {

bool g_watching = false, g_refuse_on = false;
long g_refuse_at = 0, g_count = 0, g_refused = 0, g_kept = 0;

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// Whether this allocation may go on.
bool admit() {
  if (!g_watching) return true;
  ++g_count;
  if (g_refuse_at == 0 || g_count < g_refuse_at || (g_count > g_refuse_at && !g_refuse_on)) {
    ++g_kept;
    return true;
  }
  ++g_refused;
  return false;
}

}  // namespace

extern "C" {

void* malloc(size_t size) {
  static const auto call = next<void* (*)(size_t)>("malloc");
  return admit() ? call(size) : nullptr;
}

void* calloc(size_t count, size_t size) {
  static const auto call = next<void* (*)(size_t, size_t)>("calloc");
  return admit() ? call(count, size) : nullptr;
}

void* realloc(void* memory, size_t size) {
  static const auto call = next<void* (*)(void*, size_t)>("realloc");
  if (!admit()) return nullptr;
  if (g_watching && memory != nullptr) --g_kept;
  return call(memory, size);
}

int posix_memalign(void** memory, size_t alignment, size_t size) {
  static const auto call = next<int (*)(void**, size_t, size_t)>("posix_memalign");
  return admit() ? call(memory, alignment, size) : ENOMEM;
}

void* aligned_alloc(size_t alignment, size_t size) {
  static const auto call = next<void* (*)(size_t, size_t)>("aligned_alloc");
  return admit() ? call(alignment, size) : nullptr;
}

void* memalign(size_t alignment, size_t size) {
  static const auto call = next<void* (*)(size_t, size_t)>("memalign");
  return admit() ? call(alignment, size) : nullptr;
}

void free(void* memory) {
  static const auto call = next<void (*)(void*)>("free");
  if (g_watching && memory != nullptr) --g_kept;
  call(memory);
}

}  // extern "C"

namespace pintle::test {

AllocationWatch::AllocationWatch(long refuse_at, bool refuse_on) {
  g_refuse_at = refuse_at;
  g_refuse_on = refuse_on;
  g_count = g_refused = g_kept = 0;
  g_watching = true;
}

void AllocationWatch::stop() { g_watching = false; }
long AllocationWatch::count() const { return g_count; }
long AllocationWatch::refused() const { return g_refused; }
long AllocationWatch::kept() const { return g_kept; }

}  // namespace pintle::test
