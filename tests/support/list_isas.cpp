// SPDX-License-Identifier: Apache-2.0
//
// Prints the ISAs of this build and machine, one a line: what CI repeats the suite for.
#include <algorithm>
#include <cstdio>

#include "runtime/kernels/dispatch.h"

int main() {
  const char* names[16];
  const size_t count = std::min<size_t>(pintle::internal::available_isas(names, 16), 16);
  for (size_t i = 0; i < count; ++i) std::puts(names[i]);
  return 0;
}
