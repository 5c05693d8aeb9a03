// SPDX-License-Identifier: Apache-2.0
//
// AVX2, FMA and F16C.
#include "target.h"

#if PINTLE_HAVE_AVX2
#include "kernels.h"

PINTLE_TARGET_BEGIN("avx2,fma,f16c")
#include "vectors_avx2.h"

// Over the vectors:
#include "float_activations.h"
#include "float_attention.h"
#include "float_norms.h"
#include "float_products.h"
#include "integer_scan.h"

namespace pintle {
namespace {

__m256i load_bytes32(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }

// Four or eight bytes of `p`, repeated.
__m256i broadcast4(const void* p) {
  int32_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm256_set1_epi32(value);
}
__m256i broadcast8(const void* p) {
  long long value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm256_set1_epi64x(value);
}

// ---- Integer products ----------------------------------------------------------------------------

// float(sum) * (row_scales * x_scale) for eight rows.
__m256 scaled(__m256i sums, const float* row_scales, __m256 x_scale) {
  return _mm256_mul_ps(_mm256_cvtepi32_ps(sums),
                       _mm256_mul_ps(_mm256_loadu_ps(row_scales), x_scale));
}

// One panel's products. Exact: weights widened to 16 bits, pairs of products summed in 32
// (vpmaddubsw would saturate).
template <bool kIsScan>
PINTLE_INLINE Floats16 panel_s8(const int8_t* w, const float* row_scales, size_t cols,
                                const int16_t* x, float x_scale) {
  __m256i sums[4];  // of four rows each: two halves of each row side by side
#pragma GCC unroll 8
  for (int u = 0; u < 4; ++u) sums[u] = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (size_t k = 0; k < cols; k += 4, w += 4 * kPanelRows) {
    if (kIsScan) prefetch<1>(w);
    const __m256i x4 = broadcast8(x + k);
#pragma GCC unroll 8
    for (int u = 0; u < 4; ++u) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(w + 16 * u));
      sums[u] = _mm256_add_epi32(sums[u], _mm256_madd_epi16(_mm256_cvtepi8_epi16(bytes), x4));
    }
  }
  constexpr int kOrder = 0xd8;  // vphaddd leaves rows 0 1 4 5 2 3 6 7
  const __m256i low = _mm256_permute4x64_epi64(_mm256_hadd_epi32(sums[0], sums[1]), kOrder);
  const __m256i high = _mm256_permute4x64_epi64(_mm256_hadd_epi32(sums[2], sums[3]), kOrder);
  const __m256 x_scale8 = _mm256_set1_ps(x_scale);
  return {{scaled(low, row_scales, x_scale8), scaled(high, row_scales + 8, x_scale8)}};
}

// s4 splits x = 128 high + low with low in [-64, 63], so that vpmaddubsw takes the nibbles (0 ...
// 15) and either plane: 8 pairs of products of at most 15 * 128 stay within int16 without
// saturating.
constexpr size_t kPlaneCols = 1024;

struct Planes {
  alignas(32) int8_t high[kPlaneCols];
  alignas(32) int8_t low[kPlaneCols];
  int32_t offset[kPlaneCols / kGroupCols];  // per group: 8 sum(x), what the nibbles' + 8 adds
};

void split_s4(const int16_t* x, size_t cols, Planes* planes) {
  for (size_t g = 0; g < cols / kGroupCols; ++g) {
    __m256i sum = _mm256_setzero_si256();
    __m256i high[2], low[2];
    for (size_t h = 0; h < 2; ++h) {
      const __m256i v = load_bytes32(x + g * kGroupCols + h * 16);
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(v, _mm256_set1_epi16(8)));
      high[h] = _mm256_srai_epi16(_mm256_add_epi16(v, _mm256_set1_epi16(64)), 7);
      low[h] = _mm256_sub_epi16(v, _mm256_slli_epi16(high[h], 7));
    }
    constexpr int kOrder = 0xd8;  // vpacksswb works within 128-bit halves
    _mm256_store_si256(reinterpret_cast<__m256i*>(planes->high + g * kGroupCols),
                       _mm256_permute4x64_epi64(_mm256_packs_epi16(high[0], high[1]), kOrder));
    _mm256_store_si256(reinterpret_cast<__m256i*>(planes->low + g * kGroupCols),
                       _mm256_permute4x64_epi64(_mm256_packs_epi16(low[0], low[1]), kOrder));
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
    planes->offset[g] = _mm_cvtsi128_si32(half);
  }
}

// Both halves of a panel share the broadcasts of x, of which there are as many as products.
PINTLE_INLINE Floats16 dot_group(const uint8_t* w, const Planes& planes, size_t k) {
  const __m256i mask = _mm256_set1_epi8(15);
  const int8_t* x_high = planes.high + k;
  const int8_t* x_low = planes.low + k;
  __m256i by_high[2], by_low[2];  // of rows 0-7 and 8-15
#pragma GCC unroll 4
  for (size_t b = 0; b < kGroupCols / 8; ++b) {
    const __m256i high_first = broadcast4(x_high + 8 * b);
    const __m256i high_second = broadcast4(x_high + 8 * b + 4);
    const __m256i low_first = broadcast4(x_low + 8 * b);
    const __m256i low_second = broadcast4(x_low + 8 * b + 4);
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; ++half) {
      const __m256i bytes = load_bytes32(w + b * 4 * kPanelRows + half * 32);
      const __m256i first = _mm256_and_si256(bytes, mask);
      const __m256i second = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask);
      const __m256i high = _mm256_add_epi16(_mm256_maddubs_epi16(first, high_first),
                                            _mm256_maddubs_epi16(second, high_second));
      const __m256i low = _mm256_add_epi16(_mm256_maddubs_epi16(first, low_first),
                                           _mm256_maddubs_epi16(second, low_second));
      by_high[half] = b == 0 ? high : _mm256_add_epi16(by_high[half], high);
      by_low[half] = b == 0 ? low : _mm256_add_epi16(by_low[half], low);
      // GCC would sum as a tree at the end, and keep half of its leaves in memory until then.
      __asm__("" : "+x"(by_high[half]), "+x"(by_low[half]));
    }
  }
  const __m256i offset = _mm256_set1_epi32(planes.offset[k / kGroupCols]);
  Floats16 dots;
#pragma GCC unroll 2
  for (size_t half = 0; half < 2; ++half) {
    const __m256i dot = _mm256_add_epi32(_mm256_madd_epi16(by_high[half], _mm256_set1_epi16(128)),
                                         _mm256_madd_epi16(by_low[half], _mm256_set1_epi16(1)));
    dots.v[half] = _mm256_cvtepi32_ps(_mm256_sub_epi32(dot, offset));
  }
  return dots;
}

// ---- Between floats and integers ----------------------------------------------------------------

PINTLE_INLINE void store_s16(int16_t* q, Vector v, float limit, size_t count) {
  const __m256 clamped = min(max(v, broadcast(-limit)), broadcast(limit));
  const __m256i rounded =
      _mm256_cvtps_epi32(_mm256_and_ps(clamped, _mm256_cmp_ps(v, v, _CMP_ORD_Q)));  // NaN: 0
  const __m128i packed =
      _mm_packs_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
  if (count == kLanes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(q), packed);
  } else {
    int16_t tail[kLanes];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(tail), packed);
    for (size_t j = 0; j < count; ++j) q[j] = tail[j];
  }
}

// A row's four bytes fill a lane; byte i goes to the top and comes down with its sign.
inline Vector byte_of(const int8_t* rows, size_t i) {
  const __m128i shift = _mm_cvtsi32_si128(24 - 8 * static_cast<int32_t>(i));
  return _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_sll_epi32(load_bytes32(rows), shift), 24));
}

inline Vector nibble_of(const uint8_t* rows, size_t shift) {
  const __m256i moved =
      _mm256_srl_epi32(load_bytes32(rows), _mm_cvtsi32_si128(static_cast<int32_t>(shift)));
  const __m256i stored = _mm256_and_si256(moved, _mm256_set1_epi32(15));
  return _mm256_cvtepi32_ps(_mm256_sub_epi32(stored, _mm256_set1_epi32(8)));
}

}  // namespace
}  // namespace pintle

// Over these:
#include "integer_s4.h"
#include "integer_s8.h"
#include "integer_values.h"

namespace pintle {

void init_avx2(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_AVX2
