// SPDX-License-Identifier: Apache-2.0
#include "dispatch.h"

#include <string.h>

#include "cpu_features.h"
#include "target.h"

namespace pintle {

const char* const kIsaNames[] = {"scalar",       "avx2",      "avx512vnni", "neon",
                                 "neon_dotprod", "neon_i8mm", "wasm",       nullptr};

namespace {

struct Isa {
  const char* name;
  void (*init)(KernelTable* table);
  bool is_supported;
};

constexpr size_t kMaxIsas = 6;

// Fills the ladder from the bottom: each rung builds upon all those below it.
size_t list_isas(Isa (&isas)[kMaxIsas]) {
  [[maybe_unused]] const CpuFeatures features = detect_cpu_features();
  size_t count = 0;
  isas[count++] = {"scalar", init_scalar, true};
#if PINTLE_HAVE_AVX2
  isas[count++] = {"avx2", init_avx2, features.avx2};
#endif
#if PINTLE_HAVE_AVX512VNNI
  isas[count++] = {"avx512vnni", init_avx512vnni, features.avx512vnni};
#endif
#if PINTLE_HAVE_NEON
  isas[count++] = {"neon", init_neon, features.neon};
#endif
#if PINTLE_HAVE_NEON_DOTPROD
  isas[count++] = {"neon_dotprod", init_neon_dotprod, features.neon_dotprod};
#endif
#if PINTLE_HAVE_NEON_I8MM
  isas[count++] = {"neon_i8mm", init_neon_i8mm, features.neon_i8mm};
#endif
#if PINTLE_HAVE_WASM
  isas[count++] = {"wasm", init_wasm, features.wasm};
#endif
  // A rung that the CPU lacks ends the ladder: the features are nested.
  for (size_t i = 0; i < count; ++i) {
    if (!isas[i].is_supported) return i;
  }
  return count;
}

}  // namespace

bool make_kernel_table(const char* isa, KernelTable* table, const char** isa_name) {
  Isa isas[kMaxIsas];
  const size_t count = list_isas(isas);
  size_t chosen = count - 1;
  if (isa != nullptr) {
    chosen = 0;
    while (chosen < count && strcmp(isas[chosen].name, isa) != 0) ++chosen;
    if (chosen == count) return false;
  }
  for (size_t i = 0; i <= chosen; ++i) isas[i].init(table);
  *isa_name = isas[chosen].name;
  return true;
}

size_t available_isas(const char** names, size_t capacity) {
  Isa isas[kMaxIsas];
  const size_t count = list_isas(isas);
  for (size_t i = 0; i < count && i < capacity; ++i) names[i] = isas[i].name;
  return count;
}

}  // namespace pintle
