// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 F, BW, DQ, VL and VNNI. A panel's 16 rows are the 16 lanes of a register.
#include "target.h"

#if PINTLE_HAVE_AVX512VNNI
#include "kernels.h"

#if !defined(__clang__)
// GCC 12's own AVX-512 header sets them off (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
PINTLE_TARGET_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#include "vectors_avx512.h"

// Over the vectors:
#include "float_activations.h"
#include "float_attention.h"
#include "float_norms.h"
#include "float_products.h"
#include "integer_scan.h"

namespace pintle {
namespace {

// Four bytes of `p`, repeated.
__m512i broadcast4(const int8_t* p) {
  int32_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm512_set1_epi32(value);
}

// ---- Integer products ----------------------------------------------------------------------------

// vpdpbusd multiplies unsigned by signed bytes and sums four products in 32 bits. The signed side
// is x = 128 high + low in two planes of bytes; the unsigned side is the weights, offset by 128
// (s8) or 8 (s4, as stored). The offset adds offset * sum(x) to every row. All sums are modulo
// 2^32, and the final one is in range.
constexpr size_t kPlaneCols = 1024;

struct Planes {
  alignas(64) int8_t high[kPlaneCols];
  alignas(64) int8_t low[kPlaneCols];
  int32_t offsets[kPlaneCols / kGroupCols];  // s4, per group: 8 sum(x), what the nibbles' + 8 adds
};

void split16(const int16_t* x, __mmask16 mask, size_t k, Planes* planes, __m512i* sum) {
  const __m512i v = _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask, x + k));
  *sum = _mm512_add_epi32(*sum, v);
  const __m512i high = _mm512_srai_epi32(_mm512_add_epi32(v, _mm512_set1_epi32(64)), 7);
  const __m512i low = _mm512_sub_epi32(v, _mm512_slli_epi32(high, 7));
  _mm_store_si128(reinterpret_cast<__m128i*>(planes->high + k), _mm512_cvtepi32_epi8(high));
  _mm_store_si128(reinterpret_cast<__m128i*>(planes->low + k), _mm512_cvtepi32_epi8(low));
}

// 128 high + low - offset.
__m512i combine(__m512i high, __m512i low, __m512i offset) {
  return _mm512_sub_epi32(_mm512_add_epi32(_mm512_slli_epi32(high, 7), low), offset);
}

// The integer products of kPanels panels side by side, which share the broadcasts of x: `width`
// columns, the panels' next ones being panel_bytes apart.
template <int kPanels, bool kIsScan>
PINTLE_INLINE void sums_s8(const int8_t* w, size_t panel_bytes, const Planes& planes, size_t width,
                           __m512i offset, __m512i (&sums)[kPanels]) {
  const __m512i flip = _mm512_set1_epi8(-128);
  __m512i high[kPanels][2], low[kPanels][2];
#pragma GCC unroll 4
  for (int p = 0; p < kPanels; ++p) {
    high[p][0] = high[p][1] = low[p][0] = low[p][1] = _mm512_setzero_si512();
  }
  size_t k = 0;
  for (; k + 8 <= width; k += 8) {
#pragma GCC unroll 4
    for (int u = 0; u < 2; ++u) {
      const __m512i x_high = broadcast4(planes.high + k + 4 * u);
      const __m512i x_low = broadcast4(planes.low + k + 4 * u);
#pragma GCC unroll 4
      for (int p = 0; p < kPanels; ++p) {
        const int8_t* bytes = w + static_cast<size_t>(p) * panel_bytes +
                              (k + 4 * static_cast<size_t>(u)) * kPanelRows;
        if (kIsScan) prefetch<1>(bytes);
        const __m512i v = _mm512_xor_si512(_mm512_loadu_si512(bytes), flip);
        high[p][u] = _mm512_dpbusd_epi32(high[p][u], v, x_high);
        low[p][u] = _mm512_dpbusd_epi32(low[p][u], v, x_low);
      }
    }
  }
  if (k < width) {
#pragma GCC unroll 4
    for (int p = 0; p < kPanels; ++p) {
      const int8_t* bytes = w + static_cast<size_t>(p) * panel_bytes + k * kPanelRows;
      const __m512i v = _mm512_xor_si512(_mm512_loadu_si512(bytes), flip);
      high[p][0] = _mm512_dpbusd_epi32(high[p][0], v, broadcast4(planes.high + k));
      low[p][0] = _mm512_dpbusd_epi32(low[p][0], v, broadcast4(planes.low + k));
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < kPanels; ++p) {
    sums[p] = combine(_mm512_add_epi32(high[p][0], high[p][1]),
                      _mm512_add_epi32(low[p][0], low[p][1]), offset);
  }
}

__m512 scaled(__m512i sum, const float* row_scales, __m512 x_scale) {
  return _mm512_mul_ps(_mm512_cvtepi32_ps(sum),
                       _mm512_mul_ps(_mm512_loadu_ps(row_scales), x_scale));
}

// The integer sums of the columns before `start` wait in y.
template <int kPanels>
void matvec_s8_panels(const int8_t* w, size_t cols, const Planes& planes, size_t start,
                      size_t width, __m512i offset, const float* row_scales, __m512 x_scale,
                      float* y) {
  __m512i sums[kPanels];
  sums_s8<kPanels, false>(w, cols * kPanelRows, planes, width, offset, sums);
#pragma GCC unroll 4
  for (int p = 0; p < kPanels; ++p, y += kPanelRows, row_scales += kPanelRows) {
    const __m512i sum = start == 0 ? sums[p] : _mm512_add_epi32(sums[p], _mm512_loadu_si512(y));
    if (start + width < cols) {
      _mm512_storeu_si512(y, sum);
    } else {
      _mm512_storeu_ps(y, scaled(sum, row_scales, x_scale));
    }
  }
}

// The planes of `width` columns, and 128 sum(x), what the flipped weights add.
__m512i split_s8(const int16_t* x, size_t width, Planes* planes) {
  __m512i x_sum = _mm512_setzero_si512();
  for (size_t k = 0; k < width; k += 16) split16(x, lane_mask(width - k), k, planes, &x_sum);
  return _mm512_slli_epi32(_mm512_set1_epi32(_mm512_reduce_add_epi32(x_sum)), 7);
}

void matvec_s8(const int8_t* panels, const float* row_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  Planes planes;
  for (size_t start = 0; start < cols; start += kPlaneCols) {
    const size_t width = cols - start < kPlaneCols ? cols - start : kPlaneCols;
    const __m512i offset = split_s8(x + start, width, &planes);
    const int8_t* w = panels + start * kPanelRows;
    size_t p = 0;
    for (; p + 2 <= panel_count; p += 2) {
      matvec_s8_panels<2>(w + p * cols * kPanelRows, cols, planes, start, width, offset,
                          row_scales + p * kPanelRows, _mm512_set1_ps(x_scale), y + p * kPanelRows);
    }
    for (; p < panel_count; ++p) {
      matvec_s8_panels<1>(w + p * cols * kPanelRows, cols, planes, start, width, offset,
                          row_scales + p * kPanelRows, _mm512_set1_ps(x_scale), y + p * kPanelRows);
    }
  }
}

// Two panels at a time while there is room for two hits.
size_t scan_s8(const int8_t* panels, const float* row_scales, const float* bias, size_t panel_count,
               size_t cols, const int16_t* x, float x_scale, float threshold, ScanHits* hits) {
  const size_t panel_bytes = cols * kPanelRows;
  if (cols > kPlaneCols) {
    return scan_wide(bias, panel_count, threshold, hits, [&](size_t p, float* y) {
      matvec_s8(panels + p * panel_bytes, row_scales + p * kPanelRows, 1, cols, x, x_scale, y);
    });
  }
  Planes planes;
  const __m512i offset = split_s8(x, cols, &planes);
  const __m512 x_scale16 = _mm512_set1_ps(x_scale);
  HitWriter writer(bias, threshold, hits);
  size_t p = 0;
  while (p < panel_count && writer.room() > 0) {
    const float* scales = row_scales + p * kPanelRows;
    if (panel_count - p >= 2 && writer.room() >= 2) {
      __m512i sums[2];
      sums_s8<2, true>(panels + p * panel_bytes, panel_bytes, planes, cols, offset, sums);
      writer.take(p, {{scaled(sums[0], scales, x_scale16)}});
      writer.take(p + 1, {{scaled(sums[1], scales + kPanelRows, x_scale16)}});
      p += 2;
    } else {
      __m512i sums[1];
      sums_s8<1, true>(panels + p * panel_bytes, panel_bytes, planes, cols, offset, sums);
      writer.take(p, {{scaled(sums[0], scales, x_scale16)}});
      ++p;
    }
  }
  writer.finish();
  return p;
}

void split_s4(const int16_t* x, size_t cols, Planes* planes) {
  for (size_t k = 0; k < cols; k += kGroupCols) {
    __m512i x_sum = _mm512_setzero_si512();
    split16(x, 0xffff, k, planes, &x_sum);
    split16(x, 0xffff, k + 16, planes, &x_sum);
    planes->offsets[k / kGroupCols] = 8 * _mm512_reduce_add_epi32(x_sum);
  }
}

PINTLE_INLINE Floats16 dot_group(const uint8_t* w, const Planes& planes, size_t k) {
  const __m512i mask = _mm512_set1_epi8(15);
  __m512i high0 = _mm512_setzero_si512(), high1 = high0, low0 = high0, low1 = high0;
#pragma GCC unroll 4
  for (size_t b = k; b < k + kGroupCols; b += 8, w += 64) {
    const __m512i bytes = _mm512_loadu_si512(w);
    const __m512i first = _mm512_and_si512(bytes, mask);
    const __m512i second = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), mask);
    high0 = _mm512_dpbusd_epi32(high0, first, broadcast4(planes.high + b));
    low0 = _mm512_dpbusd_epi32(low0, first, broadcast4(planes.low + b));
    high1 = _mm512_dpbusd_epi32(high1, second, broadcast4(planes.high + b + 4));
    low1 = _mm512_dpbusd_epi32(low1, second, broadcast4(planes.low + b + 4));
  }
  const __m512i dot = combine(_mm512_add_epi32(high0, high1), _mm512_add_epi32(low0, low1),
                              _mm512_set1_epi32(planes.offsets[k / kGroupCols]));
  return {{_mm512_cvtepi32_ps(dot)}};
}

// ---- Between floats and integers ----------------------------------------------------------------

PINTLE_INLINE void store_s16(int16_t* q, Vector v, float limit, size_t count) {
  const __m512 clamped = min(max(v, broadcast(-limit)), broadcast(limit));
  const __mmask16 is_number = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
  const __m512i rounded = _mm512_maskz_cvtps_epi32(is_number, clamped);
  _mm512_mask_cvtepi32_storeu_epi16(q, lane_mask(count), rounded);
}

// A row's four bytes fill a lane; byte i goes to the top and comes down with its sign.
inline Vector byte_of(const int8_t* rows, size_t i) {
  const __m128i shift = _mm_cvtsi32_si128(24 - 8 * static_cast<int32_t>(i));
  const __m512i top = _mm512_sll_epi32(_mm512_loadu_si512(rows), shift);
  return _mm512_cvtepi32_ps(_mm512_srai_epi32(top, 24));
}

inline Vector nibble_of(const uint8_t* rows, size_t shift) {
  const __m512i moved =
      _mm512_srl_epi32(_mm512_loadu_si512(rows), _mm_cvtsi32_si128(static_cast<int32_t>(shift)));
  const __m512i stored = _mm512_and_si512(moved, _mm512_set1_epi32(15));
  return _mm512_cvtepi32_ps(_mm512_sub_epi32(stored, _mm512_set1_epi32(8)));
}

}  // namespace
}  // namespace pintle

// Over these:
#include "integer_s4.h"
#include "integer_values.h"

namespace pintle {

void init_avx512vnni(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_AVX512VNNI
