// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_KERNELS_DISPATCH_H_
#define PINTLE_KERNELS_DISPATCH_H_

#include <stddef.h>

#include "kernels.h"

namespace pintle::internal {

// Fills `table` for the ISA named ("scalar", "avx2", ...), or for the best one that this build and
// CPU have if `isa` is null, and sets `isa_name` to its name (static storage). An unknown name, or
// one that this build or CPU lacks, gives false and leaves the outputs alone. No state is kept:
// each call asks the CPU again. Any thread.
[[nodiscard]] bool make_kernel_table(const char* isa, KernelTable* table, const char** isa_name);

// The ISAs that make_kernel_table accepts here, slowest first: writes at most `capacity` names
// (static storage) and returns how many there are.
size_t available_isas(const char** names, size_t capacity);

// Every ISA name that Pintle knows, on whatever architecture; null after the last.
extern const char* const kIsaNames[];

}  // namespace pintle::internal

#endif  // PINTLE_KERNELS_DISPATCH_H_
