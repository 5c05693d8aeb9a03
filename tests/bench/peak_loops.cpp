// SPDX-License-Identifier: Apache-2.0
//
// Compiled once per vector width with that ISA's flags: PINTLE_PEAK names the result, and
// PINTLE_VECTOR_BYTES says how wide a register is. GNU vectors, so that one source serves all.
#include "peak_loops.h"

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>
#endif

namespace pintle::bench {
namespace {

typedef uint64_t Words __attribute__((vector_size(PINTLE_VECTOR_BYTES), may_alias));
typedef float Floats __attribute__((vector_size(PINTLE_VECTOR_BYTES)));

constexpr size_t kVectorBytes = PINTLE_VECTOR_BYTES;
constexpr size_t kLineBytes = 64;
// A round of the read loop: eight independent chains, enough for two loads a cycle.
constexpr size_t kChains = 8;
constexpr size_t kRoundBytes = kChains * kVectorBytes;
// Two multiply-adds a cycle, each four or five cycles long: ten chains or more.
constexpr size_t kFmaChains = 12;
// Of integer products: as long, and with a register for the product beside each sum.
constexpr size_t kSumChains = 10;

template <bool kPrefetch>
uint64_t read_stream(const uint8_t* bytes, size_t size_bytes, size_t prefetch_bytes) {
  Words sums[kChains] = {};
  for (size_t at = 0; at < size_bytes; at += kRoundBytes) {
    if (kPrefetch) {
      // Past the end too: a prefetch cannot fault.
      const auto ahead = reinterpret_cast<uintptr_t>(bytes) + at + prefetch_bytes;
#pragma GCC unroll 8
      for (size_t line = 0; line < kRoundBytes; line += kLineBytes) {
        __builtin_prefetch(reinterpret_cast<const void*>(ahead + line));
      }
    }
    const Words* words = reinterpret_cast<const Words*>(bytes + at);
#pragma GCC unroll 8
    for (size_t i = 0; i < kChains; ++i) sums[i] ^= words[i];
  }
  uint64_t sum = 0;
  for (size_t i = 0; i < kChains; ++i) {
    for (size_t j = 0; j < kVectorBytes / 8; ++j) sum ^= sums[i][j];
  }
  return sum;
}

uint64_t read(const uint8_t* bytes, size_t size_bytes, size_t prefetch_bytes) {
  return prefetch_bytes == 0 ? read_stream<false>(bytes, size_bytes, 0)
                             : read_stream<true>(bytes, size_bytes, prefetch_bytes);
}

float fma(size_t rounds) {
  // Settles at 1: neither overflows nor meets denormal numbers.
  const Floats factor = Floats{} + 0.5f, addend = Floats{} + 0.5f;
  // Volatile: as far as the compiler knows the chains differ, or it would run one for all of them.
  volatile float start = 0;
  Floats sums[kFmaChains];
  for (Floats& one : sums) one = Floats{} + start;
  for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (size_t i = 0; i < kFmaChains; ++i) sums[i] = sums[i] * factor + addend;
  }
  float sum = 0;
  for (size_t i = 0; i < kFmaChains; ++i) sum += sums[i][0];
  return sum;
}

// Integer products: `sum` is one of the factors too, which keeps the compiler from multiplying once.
#if defined(__AVX512VNNI__)
using Sums = __m512i;
Sums multiply_add(Sums sums) { return _mm512_dpbusd_epi32(sums, sums, _mm512_set1_epi8(3)); }
#elif defined(__AVX2__)
using Sums = __m256i;
Sums multiply_add(Sums sums) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(sums, _mm256_set1_epi16(3)));
}
#elif defined(__ARM_FEATURE_DOTPROD)
using Sums = int32x4_t;
Sums multiply_add(Sums sums) { return vdotq_s32(sums, vreinterpretq_s8_s32(sums), vdupq_n_s8(3)); }
#endif

#if defined(__AVX2__) || defined(__ARM_FEATURE_DOTPROD)
int64_t weights(size_t rounds) {
  volatile int32_t start = 1;
  Sums sums[kSumChains];
#pragma GCC unroll 10
  for (size_t i = 0; i < kSumChains; ++i) sums[i] = Sums{} + start;
  for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 10
    for (size_t i = 0; i < kSumChains; ++i) sums[i] = multiply_add(sums[i]);
  }
  Sums total = {};
#pragma GCC unroll 10
  for (size_t i = 0; i < kSumChains; ++i) total ^= sums[i];
  return total[0];
}
// Two planes of bytes a weight, or one 16-bit word.
constexpr PeakLoops::Weights kWeights = {weights, kFmaChains* kVectorBytes / 2};
#else
constexpr PeakLoops::Weights kWeights = {nullptr, 0};
#endif

}  // namespace

extern const PeakLoops PINTLE_PEAK;
const PeakLoops PINTLE_PEAK = {read, {fma, 2 * kFmaChains* kVectorBytes / sizeof(float)}, kWeights};

}  // namespace pintle::bench
