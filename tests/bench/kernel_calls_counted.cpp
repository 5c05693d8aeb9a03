// SPDX-License-Identifier: Apache-2.0
//
// What Unicorn or a WebAssembly engine runs of one revision: kernel_calls_prepare, then
// kernel_calls_run for each call.
#include "kernel_calls.h"

#if defined(__aarch64__)
static const char kIsa[] = "neon";

// The C library's choose their code as the program starts, which Unicorn does not run.
extern "C" void* memcpy(void* to, const void* from, size_t size) {
  typedef uint64_t Word __attribute__((aligned(1), may_alias));
  char* t = static_cast<char*>(to);
  const char* f = static_cast<const char*>(from);
  for (; size >= 8; size -= 8, t += 8, f += 8) {
    *reinterpret_cast<Word*>(t) = *reinterpret_cast<const Word*>(f);
  }
  for (; size > 0; --size) *t++ = *f++;
  return to;
}
extern "C" void* memset(void* to, int value, size_t size) {
  for (size_t i = 0; i < size; ++i) static_cast<volatile char*>(to)[i] = static_cast<char>(value);
  return to;
}
#else
static const char kIsa[] = "wasm";
#endif

static pintle::KernelTable kernels;

extern "C" __attribute__((used, visibility("default"))) size_t kernel_calls_prepare() {
  pintle::bench::fill_inputs();
  kernels = pintle::bench::table_of(pintle_kernel, kIsa);
  return pintle::bench::kKernelCallCount;
}

extern "C" __attribute__((used, visibility("default"))) void kernel_calls_run(size_t call,
                                                                              size_t times) {
  for (size_t i = 0; i < times; ++i) pintle::bench::kKernelCalls[call].run(kernels);
}

// The kernel's name or the shape, for engines that print the table.
extern "C" __attribute__((used, visibility("default"))) const char* kernel_calls_name(
    size_t call, size_t which) {
  const pintle::bench::KernelCall& known = pintle::bench::kKernelCalls[call];
  return which == 0 ? known.kernel : known.shape;
}

extern "C" __attribute__((used, visibility("default"))) uint32_t kernel_calls_bits(size_t call) {
  return pintle::bench::bits_of(pintle::bench::kKernelCalls[call], kernels);
}
