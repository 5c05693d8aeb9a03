// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_TESTS_KERNELS_BY_FLAGS_H_
#define PINTLE_TESTS_KERNELS_BY_FLAGS_H_

// make_kernel_table of the kernels that are compiled with flags: their KernelTable is the same struct in
// another namespace.
extern "C" bool kernels_by_flags(const char* isa, void* table);

#endif  // PINTLE_TESTS_KERNELS_BY_FLAGS_H_
