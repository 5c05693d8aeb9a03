// SPDX-License-Identifier: Apache-2.0
//
// AVX2, FMA and F16C.
#include "target.h"

#if PINTLE_HAVE_AVX2
#include "kernels.h"
#include "vectors_avx2.h"

// Over the vectors:
#include "float_activations.h"
#include "float_attention.h"
#include "float_norms.h"
#include "float_products.h"

PINTLE_TARGET_BEGIN("avx2,fma,f16c")
#include <immintrin.h>

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

// ---- Matrix-vector products ---------------------------------------------------------------------

// How far ahead scans prefetch: the hardware's prefetchers stop at every page's end.
constexpr size_t kScanAheadBytes = 4096;

// float(sum) * (row_scales * x_scale) for eight rows.
__m256 scaled(__m256i sums, const float* row_scales, __m256 x_scale) {
  return _mm256_mul_ps(_mm256_cvtepi32_ps(sums),
                       _mm256_mul_ps(_mm256_loadu_ps(row_scales), x_scale));
}

// Asks for memory further on, past the tensor's end too: nothing is read. Inlined, as GCC takes a
// function that only prefetches for one without effect and leaves out calls to it.
__attribute__((always_inline)) inline void prefetch(const void* p, size_t ahead_bytes) {
  _mm_prefetch(reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(p) + ahead_bytes),
               _MM_HINT_T0);
}

// One panel's products. Exact: weights widened to 16 bits, pairs of products summed in 32
// (vpmaddubsw would saturate). ahead_bytes: how far ahead to prefetch, 0 for not at all. Inlined:
// scans then differ from products by nothing but what they do with the result.
template <size_t kAheadBytes>
__attribute__((always_inline)) inline Floats16 panel_s8(const int8_t* w, const float* row_scales,
                                                        size_t cols, const int16_t* x,
                                                        __m256 x_scale) {
  __m256i sums[4];  // of four rows each: two halves of each row side by side
#pragma GCC unroll 8
  for (int u = 0; u < 4; ++u) sums[u] = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (size_t k = 0; k < cols; k += 4, w += 4 * kPanelRows) {
    if (kAheadBytes != 0) prefetch(w, kAheadBytes);
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
  return {{scaled(low, row_scales, x_scale), scaled(high, row_scales + 8, x_scale)}};
}

void matvec_s8(const int8_t* panels, const float* row_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  const __m256 x_scale8 = _mm256_set1_ps(x_scale);
  for (size_t p = 0; p < panel_count; ++p) {
    store16(y + p * kPanelRows, panel_s8<0>(panels + p * cols * kPanelRows,
                                            row_scales + p * kPanelRows, cols, x, x_scale8));
  }
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

void split(const int16_t* x, size_t cols, Planes* planes) {
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

// Adds the columns [start, end) of a panel to `sum`, in f32 group by group. w, scales: of its column
// 0. Both halves of a panel share the broadcasts of x, of which there are as many as products.
__attribute__((always_inline)) inline Floats16 add_groups(Floats16 sum, const uint8_t* w,
                                                          const uint16_t* scales, size_t start,
                                                          size_t end, const Planes& planes) {
  const __m256i mask = _mm256_set1_epi8(15);
  for (size_t k = start; k < end; k += kGroupCols) {
    const uint8_t* block = w + k / 2 * kPanelRows;
    const int8_t* x_high = planes.high + (k - start);
    const int8_t* x_low = planes.low + (k - start);
    __m256i by_high[2], by_low[2];  // of rows 0-7 and 8-15
#pragma GCC unroll 4
    for (size_t b = 0; b < kGroupCols / 8; ++b) {
      const __m256i high_first = broadcast4(x_high + 8 * b);
      const __m256i high_second = broadcast4(x_high + 8 * b + 4);
      const __m256i low_first = broadcast4(x_low + 8 * b);
      const __m256i low_second = broadcast4(x_low + 8 * b + 4);
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half) {
        const __m256i bytes = load_bytes32(block + b * 4 * kPanelRows + half * 32);
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
    const __m256i offset = _mm256_set1_epi32(planes.offset[(k - start) / kGroupCols]);
    const Floats16 scale = load16(scales + k / kGroupCols * kPanelRows);
    __m256 terms[2];
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; ++half) {
      const __m256i dot = _mm256_add_epi32(_mm256_madd_epi16(by_high[half], _mm256_set1_epi16(128)),
                                           _mm256_madd_epi16(by_low[half], _mm256_set1_epi16(1)));
      terms[half] = _mm256_cvtepi32_ps(_mm256_sub_epi32(dot, offset));
    }
    sum.v[0] = _mm256_add_ps(sum.v[0], _mm256_mul_ps(terms[0], scale.v[0]));
    sum.v[1] = _mm256_add_ps(sum.v[1], _mm256_mul_ps(terms[1], scale.v[1]));
  }
  return sum;
}

Floats16 multiply(Floats16 v, __m256 factor) {
  return {{_mm256_mul_ps(factor, v.v[0]), _mm256_mul_ps(factor, v.v[1])}};
}

void matvec_s4(const uint8_t* panels, const uint16_t* group_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  Planes planes;
  const __m256 x_scale8 = _mm256_set1_ps(x_scale);
  for (size_t start = 0; start < cols; start += kPlaneCols) {
    const size_t end = cols - start < kPlaneCols ? cols : start + kPlaneCols;
    split(x + start, end - start, &planes);
    for (size_t p = 0; p < panel_count; ++p) {
      float* out = y + p * kPanelRows;
      Floats16 sum = {{_mm256_setzero_ps(), _mm256_setzero_ps()}};
      if (start != 0) sum = load16(out);
      sum = add_groups(sum, panels + p * (cols / 2) * kPanelRows,
                       group_scales + p * (cols / kGroupCols) * kPanelRows, start, end, planes);
      store16(out, end == cols ? multiply(sum, x_scale8) : sum);
    }
  }
}

// ---- The catalogue scan -------------------------------------------------------------------------

// score(p) gives the products of panel p. Every panel's scores are stored, over the last miss's:
// cheaper than a branch that is predicted wrong at every hit.
template <typename Score>
__attribute__((always_inline)) inline size_t scan(const float* bias, size_t panel_count,
                                                  float threshold, ScanHits* hits,
                                                  const Score& score) {
  uint32_t count = 0;
  size_t p = 0;
  for (; p < panel_count && count < kScanHits; ++p) {
    Floats16 v = score(p);
    if (bias != nullptr) add_bias(bias + p * kPanelRows, &v);
    const uint32_t mask = mask_above(v, threshold);
    store16(hits->scores[count], v);
    hits->panels[count] = static_cast<uint32_t>(p);
    hits->masks[count] = static_cast<uint16_t>(mask);
    count += mask != 0 ? 1 : 0;
  }
  hits->count = count;
  return p;
}

size_t scan_s8(const int8_t* panels, const float* row_scales, const float* bias, size_t panel_count,
               size_t cols, const int16_t* x, float x_scale, float threshold, ScanHits* hits) {
  const __m256 x_scale8 = _mm256_set1_ps(x_scale);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    return panel_s8<kScanAheadBytes>(panels + p * cols * kPanelRows, row_scales + p * kPanelRows,
                                     cols, x, x_scale8);
  });
}

size_t scan_s4(const uint8_t* panels, const uint16_t* group_scales, const float* bias,
               size_t panel_count, size_t cols, const int16_t* x, float x_scale, float threshold,
               ScanHits* hits) {
  const size_t panel_bytes = cols / 2 * kPanelRows, panel_scales = cols / kGroupCols * kPanelRows;
  if (cols > kPlaneCols) {  // rare: x is split anew for every panel
    return scan(bias, panel_count, threshold, hits, [&](size_t p) {
      alignas(32) float y[kPanelRows] = {};
      matvec_s4(panels + p * panel_bytes, group_scales + p * panel_scales, 1, cols, x, x_scale, y);
      return load16(y);
    });
  }
  Planes planes;
  split(x, cols, &planes);
  const __m256 x_scale8 = _mm256_set1_ps(x_scale);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    const uint8_t* w = panels + p * panel_bytes;
    const uint16_t* scales = group_scales + p * panel_scales;
    for (size_t line = 0; line < panel_bytes; line += 64) prefetch(w + line, kScanAheadBytes);
    const Floats16 zeros = {{_mm256_setzero_ps(), _mm256_setzero_ps()}};
    return multiply(add_groups(zeros, w, scales, 0, cols, planes), x_scale8);
  });
}

float quantize_s16(const float* x, size_t count, int32_t max_value, int16_t* q) {
  const __m256 magnitude_bits = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 largest8 = _mm256_setzero_ps();
  for (size_t i = 0; i < count; i += 8) {
    const __m256 v = load(x + i, count - i);
    // vmaxps returns its second operand when the first is NaN.
    largest8 = _mm256_max_ps(_mm256_and_ps(v, magnitude_bits), largest8);
  }
  const float largest = reduce_max(largest8);
  const float limit = static_cast<float>(max_value);
  if (largest == 0 || largest > 0x1.fffffep127f) {
    for (size_t i = 0; i < count; ++i) q[i] = 0;
    return 0;
  }
  const __m256 factor = _mm256_set1_ps(limit / largest);
  const __m256 limit8 = _mm256_set1_ps(limit), minus_limit8 = _mm256_set1_ps(-limit);
  for (size_t i = 0; i < count; i += 8) {
    const __m256 v = _mm256_mul_ps(load(x + i, count - i), factor);
    const __m256 clamped = _mm256_min_ps(_mm256_max_ps(v, minus_limit8), limit8);
    const __m256i rounded =
        _mm256_cvtps_epi32(_mm256_and_ps(clamped, _mm256_cmp_ps(v, v, _CMP_ORD_Q)));  // NaN: 0
    const __m128i packed =
        _mm_packs_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
    if (count - i >= 8) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(q + i), packed);
    } else {
      int16_t tail[8];
      _mm_storeu_si128(reinterpret_cast<__m128i*>(tail), packed);
      for (size_t j = 0; j < count - i; ++j) q[i + j] = tail[j];
    }
  }
  return largest / limit;
}

// ---- Matrix products ----------------------------------------------------------------------------

void unpack_panel_s8(const int8_t* panel, const float* row_scales, size_t cols, float* tile) {
  for (size_t half = 0; half < 2; ++half) {
    const __m256 scale = _mm256_loadu_ps(row_scales + half * 8);
    for (size_t k = 0; k < cols; ++k) {
      // A row's four bytes fill a lane; byte k % 4 goes to the top and comes down with its sign.
      const __m256i rows = load_bytes32(panel + k / 4 * 64 + half * 32);
      const __m128i shift = _mm_cvtsi32_si128(24 - 8 * static_cast<int32_t>(k % 4));
      const __m256i w = _mm256_srai_epi32(_mm256_sll_epi32(rows, shift), 24);
      _mm256_storeu_ps(tile + k * kPanelRows + half * 8,
                       _mm256_mul_ps(_mm256_cvtepi32_ps(w), scale));
    }
  }
}

void unpack_panel_s4(const uint8_t* panel, const uint16_t* group_scales, size_t cols, float* tile) {
  for (size_t half = 0; half < 2; ++half) {
    for (size_t k = 0; k < cols; ++k) {
      const __m256 scale = load_half(group_scales + k / kGroupCols * kPanelRows + half * 8);
      const __m256i rows = load_bytes32(panel + k / 8 * 64 + half * 32);
      const __m128i shift =
          _mm_cvtsi32_si128(8 * static_cast<int32_t>(k % 4) + static_cast<int32_t>(k % 8 & 4));
      const __m256i w =
          _mm256_sub_epi32(_mm256_and_si256(_mm256_srl_epi32(rows, shift), _mm256_set1_epi32(15)),
                           _mm256_set1_epi32(8));
      _mm256_storeu_ps(tile + k * kPanelRows + half * 8,
                       _mm256_mul_ps(_mm256_cvtepi32_ps(w), scale));
    }
  }
}

}  // namespace

void init_avx2(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_AVX2
