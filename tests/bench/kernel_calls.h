// SPDX-License-Identifier: Apache-2.0
//
// A call of every kernel at each of its shapes in the models that bench_kernels runs, weights in cache. It
// needs no library, so that an emulator or a WebAssembly engine can run the calls alone.
#ifndef PINTLE_TESTS_BENCH_KERNEL_CALLS_H_
#define PINTLE_TESTS_BENCH_KERNEL_CALLS_H_

#include "kernels.h"

// Kernels of either revision may be in this namespace or in the one around it.
namespace pintle::internal {}
namespace pintle {
using namespace internal;
}

namespace pintle::bench {

struct KernelCall {
  const char* kernel;
  const char* shape;
  void (*run)(const KernelTable& kernels);
};

extern const KernelCall kKernelCalls[];
extern const size_t kKernelCallCount;

// Before the first call.
void fill_inputs();
// A hash of all that one call writes.
uint32_t bits_of(const KernelCall& call, const KernelTable& kernels);
// The first kernel of kernel_list.inc that is never called, or null.
const char* kernel_without_call();

// Takes every kernel from pintle_kernel; one that it lacks is null.
using Lookup = void* (*)(const char* isa, const char* kernel);
KernelTable table_of(Lookup lookup, const char* isa);

}  // namespace pintle::bench

// One revision's kernels by name; null if it has no such ISA or kernel.
extern "C" void* pintle_kernel(const char* isa, const char* kernel);

#endif  // PINTLE_TESTS_BENCH_KERNEL_CALLS_H_
