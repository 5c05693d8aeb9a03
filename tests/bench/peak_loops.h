// SPDX-License-Identifier: Apache-2.0
//
// Loops that do one thing as fast as this CPU can: what kernels are measured against.
#ifndef PINTLE_TESTS_BENCH_PEAK_LOOPS_H_
#define PINTLE_TESTS_BENCH_PEAK_LOOPS_H_

#include <stddef.h>
#include <stdint.h>

namespace pintle::bench {

// peak_loops.cpp, compiled once per vector width.
struct PeakLoops {
  // Reads `size_bytes` (a multiple of 1024) once, in one ascending stream, and prefetches
  // `prefetch_bytes` ahead (0: not). The result is of no use, but needs every byte.
  uint64_t (*read)(const uint8_t* bytes, size_t size_bytes, size_t prefetch_bytes);
  // Fused multiply-adds of f32 in registers: `rounds` times `flops` operations, a multiplication and an
  // addition counted as two.
  struct Fma {
    float (*run)(size_t rounds);
    size_t flops;
  } fma;
  // The same for products of int8 weights and 16-bit activations, summed to int32: VPDPBUSD or SDOT on
  // two planes of bytes, or VPMADDWD. `count` weights a round. Null: no such instruction.
  struct Weights {
    int64_t (*run)(size_t rounds);
    size_t count;
  } weights;
};

extern const PeakLoops kPeakBaseline;
extern const PeakLoops kPeakAvx2;
extern const PeakLoops kPeakAvx512;
extern const PeakLoops kPeakDotprod;

}  // namespace pintle::bench

#endif  // PINTLE_TESTS_BENCH_PEAK_LOOPS_H_
