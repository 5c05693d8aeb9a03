// SPDX-License-Identifier: Apache-2.0
#include "cpu_features.h"

#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <stddef.h>
#include <sys/sysctl.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace pintle::internal {

#if defined(__x86_64__)

namespace {

bool bit(uint32_t value, int index) { return ((value >> index) & 1u) != 0; }

// XCR0: which register files the OS saves.
uint64_t enabled_state() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

}  // namespace

CpuFeatures detect_cpu_features() {
  CpuFeatures features;
  uint32_t eax, ebx, ecx, edx;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return features;
  const bool has_fma = bit(ecx, 12), has_os_xsave = bit(ecx, 27), has_f16c = bit(ecx, 29);
  if (!has_os_xsave) return features;
  const uint64_t state = enabled_state();
  const bool saves_ymm = (state & 0x06) == 0x06;
  const bool saves_zmm = (state & 0xe6) == 0xe6;  // and mask registers, both halves of zmm
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return features;
  features.avx2 = saves_ymm && has_fma && has_f16c && bit(ebx, 5);
  features.avx512vnni = features.avx2 && saves_zmm && bit(ebx, 16) && bit(ebx, 17) &&
                        bit(ebx, 30) && bit(ebx, 31) && bit(ecx, 11);
  return features;
}

#elif defined(__aarch64__)

#if defined(__APPLE__)
namespace {
bool has(const char* name) {
  int value = 0;
  size_t size_bytes = sizeof value;
  return sysctlbyname(name, &value, &size_bytes, nullptr, 0) == 0 && value != 0;
}
}  // namespace
#endif

CpuFeatures detect_cpu_features() {
  CpuFeatures features;
  features.neon = true;  // part of the base architecture
#if defined(__APPLE__)
  features.neon_dotprod = has("hw.optional.arm.FEAT_DotProd");
  features.neon_i8mm = features.neon_dotprod && has("hw.optional.arm.FEAT_I8MM");
#elif defined(__linux__)
  // HWCAP_ASIMDDP, HWCAP2_I8MM; older headers lack the names.
  features.neon_dotprod = (getauxval(AT_HWCAP) >> 20 & 1) != 0;
  features.neon_i8mm = features.neon_dotprod && (getauxval(AT_HWCAP2) >> 13 & 1) != 0;
#endif
  return features;
}

#elif defined(__wasm__)

CpuFeatures detect_cpu_features() {
  CpuFeatures features;
  features.wasm = true;  // an engine without SIMD refuses the whole module
  return features;
}

#else

CpuFeatures detect_cpu_features() { return CpuFeatures(); }

#endif

}  // namespace pintle::internal
