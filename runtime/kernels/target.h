// SPDX-License-Identifier: Apache-2.0
//
// Which ISAs this architecture has kernels for, and how a file's functions are compiled for one of
// them: all of it in source, so that every file builds with the same command line, without flags.
//
//   #include "target.h"
//   #if PINTLE_HAVE_AVX2                    the file is empty for other architectures
//   #include "kernels.h"                    what other files include too: before the region
//   PINTLE_TARGET_BEGIN("avx2,fma,f16c")    or PINTLE_BASELINE_BEGIN: what the command line says
//   #include <immintrin.h>
//   ...
//   PINTLE_TARGET_END
//   #endif
//
// Inside a region a * b + c is never contracted to a fused multiply-add, which "exact" kernels and
// equal bits on every compiler depend on. An inline function that a region defines must be static or in
// an anonymous namespace: the linker might keep its copy for every CPU (isolation_check.cmake).
#ifndef PINTLE_KERNELS_TARGET_H_
#define PINTLE_KERNELS_TARGET_H_

#if defined(__x86_64__)
#define PINTLE_HAVE_AVX2 1
#define PINTLE_HAVE_AVX512VNNI 1
#elif defined(__aarch64__)
#define PINTLE_HAVE_NEON 1
#define PINTLE_HAVE_NEON_DOTPROD 1
#define PINTLE_HAVE_NEON_I8MM 1
#elif defined(__wasm__)
#define PINTLE_HAVE_WASM 1
#endif

#define PINTLE_PRAGMA(text) _Pragma(#text)

#if defined(PINTLE_TARGETS_BY_FLAGS)
// The command line does it all, file by file. For the test that both ways give the same bits.
#define PINTLE_BASELINE_BEGIN
#define PINTLE_BASELINE_END
#define PINTLE_TARGET_BEGIN(features)
#define PINTLE_TARGET_END
#elif defined(__clang__)
// Contraction stays off to the file's end: clang has no way back, and nothing follows.
#define PINTLE_BASELINE_BEGIN _Pragma("clang fp contract(off)")
#define PINTLE_BASELINE_END
#define PINTLE_TARGET_BEGIN(features) \
  PINTLE_BASELINE_BEGIN               \
  PINTLE_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define PINTLE_TARGET_END _Pragma("clang attribute pop")
#else
#define PINTLE_BASELINE_BEGIN \
  _Pragma("GCC push_options") _Pragma("GCC optimize(\"fp-contract=off\")")
#define PINTLE_BASELINE_END _Pragma("GCC pop_options")
#define PINTLE_TARGET_BEGIN(features) \
  PINTLE_BASELINE_BEGIN               \
  PINTLE_PRAGMA(GCC target(features))
#define PINTLE_TARGET_END PINTLE_BASELINE_END
#endif

// The same features have other names in GCC, and clang before 16 declares their intrinsics only where
// the command line has them.
#if defined(__aarch64__) && defined(__clang__)
#define PINTLE_TARGET_DOTPROD "dotprod"
#define PINTLE_TARGET_I8MM "dotprod,i8mm"
#if __clang_major__ < 16 && !defined(__ARM_FEATURE_DOTPROD)
#define __ARM_FEATURE_DOTPROD 1
#endif
#if __clang_major__ < 16 && !defined(__ARM_FEATURE_MATMUL_INT8)
#define __ARM_FEATURE_MATMUL_INT8 1
#endif
#elif defined(__aarch64__)
#define PINTLE_TARGET_DOTPROD "arch=armv8.2-a+dotprod"
#define PINTLE_TARGET_I8MM "arch=armv8.2-a+dotprod+i8mm"
#endif

#endif  // PINTLE_KERNELS_TARGET_H_
