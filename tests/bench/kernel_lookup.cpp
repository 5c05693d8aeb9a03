// SPDX-License-Identifier: Apache-2.0
//
// Compiled with one revision's headers and linked with its kernels: they by name, whatever its table looks
// like.
#include "kernels.h"

namespace pintle::internal {}
namespace pintle {
using namespace internal;
}

namespace {

bool is_same(const char* a, const char* b) {
  for (; *a == *b; ++a, ++b) {
    if (*a == 0) return true;
  }
  return false;
}

// Without asking the CPU, which an emulator may not have.
bool fill(const char* isa, pintle::KernelTable* table) {
  using Init = void (*)(pintle::KernelTable*);
  struct Rung {
    const char* isa;
    Init init;
  };
  const Rung ladder[] = {
    {"scalar", pintle::init_scalar},
#if defined(__x86_64__)
    {"avx2", pintle::init_avx2},
    {"avx512vnni", pintle::init_avx512vnni},
#elif defined(__aarch64__)
    {"neon", pintle::init_neon},
#elif defined(__wasm__)
    {"wasm", pintle::init_wasm},
#endif
  };
  for (const Rung& rung : ladder) {
    rung.init(table);
    if (is_same(rung.isa, isa)) return true;
  }
  return false;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void* pintle_kernel(const char* isa,
                                                                      const char* kernel) {
  pintle::KernelTable table;
  if (!fill(isa, &table)) return nullptr;
#define PINTLE_KERNEL(name, precision, result, parameters) \
  if (is_same(kernel, #name)) return reinterpret_cast<void*>(table.name);
#include "kernel_list.inc"
#undef PINTLE_KERNEL
  return nullptr;
}
