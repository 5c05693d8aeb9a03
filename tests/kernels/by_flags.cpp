// SPDX-License-Identifier: Apache-2.0
//
// The way into the kernels that are compiled with flags. They and this file are compiled with `pintle`
// defined as another name, so that both builds fit into one program.
#include "by_flags.h"

#include "runtime/kernels/dispatch.h"

bool kernels_by_flags(const char* isa, void* table) {
  const char* name = nullptr;
  return pintle::internal::make_kernel_table(
      isa, static_cast<pintle::internal::KernelTable*>(table), &name);
}
