// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_KERNELS_CPU_FEATURES_H_
#define PINTLE_KERNELS_CPU_FEATURES_H_

namespace pintle::internal {

// What both the CPU and the OS (which must save the registers) allow.
struct CpuFeatures {
  bool avx2 = false;        // AVX2, FMA and F16C
  bool avx512vnni = false;  // the above and AVX-512 F, BW, DQ, VL, VNNI
  bool neon = false;
  bool neon_dotprod = false;  // SDOT, UDOT
  bool neon_i8mm = false;     // the above and SMMLA
  bool wasm = false;          // WebAssembly SIMD
};

CpuFeatures detect_cpu_features();

}  // namespace pintle::internal

#endif  // PINTLE_KERNELS_CPU_FEATURES_H_
