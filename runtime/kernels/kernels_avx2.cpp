// SPDX-License-Identifier: Apache-2.0
//
// AVX2, FMA and F16C.
#include "target.h"

#if PINTLE_HAVE_AVX2
#include "kernels.h"

PINTLE_TARGET_BEGIN("avx2,fma,f16c")
#include <immintrin.h>

namespace pintle {
namespace {

// ---- Vectors of eight ---------------------------------------------------------------------------

// All ones in the first `count` lanes (all eight if count >= 8): for loads and stores of tails.
__m256i lane_mask(size_t count) {
  const int32_t lanes = count < 8 ? static_cast<int32_t>(count) : 8;
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// The first `count` floats (eight if there are more) of p; the other lanes are zero. Plain moves
// where they do: a masked store costs many times more on some CPUs.
__m256 load(const float* p, size_t count) {
  return count >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, lane_mask(count));
}

void store(float* p, __m256 v, size_t count) {
  if (count >= 8) {
    _mm256_storeu_ps(p, v);
  } else {
    _mm256_maskstore_ps(p, lane_mask(count), v);
  }
}

__m256 load_half8(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

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

float horizontal_sum(__m256 v) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

double horizontal_sum(__m256d v) {
  const __m128d sum = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(sum, _mm_unpackhi_pd(sum, sum)));
}

float horizontal_max(__m256 v) {
  __m128 max = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  max = _mm_max_ps(max, _mm_movehl_ps(max, max));
  return _mm_cvtss_f32(_mm_max_ss(max, _mm_movehdup_ps(max)));
}

// e^v: v = n ln 2 + r with |r| <= ln 2 / 2, and a minimax polynomial in r (relative error 3e-9
// before rounding; about 1.5 ulp in all). Below -87.3 it stays at e^-87.3 = 1.2e-38; above 88.4 it
// is infinite.
__m256 exp8(__m256 v) {
  v = _mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(-87.3f)), _mm256_set1_ps(88.8f));
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(v, _mm256_set1_ps(1.44269504f)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), v);  // ln 2 in two parts
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), r);
  __m256 p = _mm256_set1_ps(0x1.6a2350p-10f);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.123a6cp-7f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.5558f4p-5f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.555490p-3f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.fffffcp-2f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
  const __m256i power =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(power));
}

// ---- Matrix-vector products ---------------------------------------------------------------------

// How far ahead scans prefetch: the hardware's prefetchers stop at every page's end.
constexpr size_t kScanAheadBytes = 4096;

struct Floats16 {
  __m256 low, high;
};

Floats16 load16(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
Floats16 load16(const uint16_t* p) { return {load_half8(p), load_half8(p + 8)}; }

// Four columns at a time, each with its own sums, hide the latency of the FMA.
template <typename Weight>
void matvec_float(const Weight* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  for (size_t p = 0; p < panel_count; ++p, y += kPanelRows) {
    __m256 low[4], high[4];
#pragma GCC unroll 8
    for (int u = 0; u < 4; ++u) low[u] = high[u] = _mm256_setzero_ps();
    size_t k = 0;
    for (; k + 4 <= cols; k += 4, panels += 4 * kPanelRows) {
#pragma GCC unroll 8
      for (int u = 0; u < 4; ++u) {
        const Floats16 w = load16(panels + u * kPanelRows);
        const __m256 factor = _mm256_broadcast_ss(x + k + u);
        low[u] = _mm256_fmadd_ps(w.low, factor, low[u]);
        high[u] = _mm256_fmadd_ps(w.high, factor, high[u]);
      }
    }
    for (; k < cols; ++k, panels += kPanelRows) {
      const Floats16 w = load16(panels);
      const __m256 factor = _mm256_broadcast_ss(x + k);
      low[0] = _mm256_fmadd_ps(w.low, factor, low[0]);
      high[0] = _mm256_fmadd_ps(w.high, factor, high[0]);
    }
    _mm256_storeu_ps(y,
                     _mm256_add_ps(_mm256_add_ps(low[0], low[1]), _mm256_add_ps(low[2], low[3])));
    _mm256_storeu_ps(
        y + 8, _mm256_add_ps(_mm256_add_ps(high[0], high[1]), _mm256_add_ps(high[2], high[3])));
  }
}

void matvec_f32(const float* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

void matvec_f16(const uint16_t* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

// float(sum) * (row_scales * x_scale) for eight rows.
__m256 scaled(__m256i sums, const float* row_scales, __m256 x_scale) {
  return _mm256_mul_ps(_mm256_cvtepi32_ps(sums),
                       _mm256_mul_ps(_mm256_loadu_ps(row_scales), x_scale));
}

void store16(float* y, Floats16 v) {
  _mm256_storeu_ps(y, v.low);
  _mm256_storeu_ps(y + 8, v.high);
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
  return {scaled(low, row_scales, x_scale), scaled(high, row_scales + 8, x_scale)};
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
    sum.low = _mm256_add_ps(sum.low, _mm256_mul_ps(terms[0], scale.low));
    sum.high = _mm256_add_ps(sum.high, _mm256_mul_ps(terms[1], scale.high));
  }
  return sum;
}

Floats16 multiply(Floats16 v, __m256 factor) {
  return {_mm256_mul_ps(factor, v.low), _mm256_mul_ps(factor, v.high)};
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
      Floats16 sum = {_mm256_setzero_ps(), _mm256_setzero_ps()};
      if (start != 0) sum = load16(out);
      sum = add_groups(sum, panels + p * (cols / 2) * kPanelRows,
                       group_scales + p * (cols / kGroupCols) * kPanelRows, start, end, planes);
      store16(out, end == cols ? multiply(sum, x_scale8) : sum);
    }
  }
}

// ---- The catalogue scan -------------------------------------------------------------------------

// Which of 16 scores are above the threshold, NaN on either side included.
uint32_t mask_above(Floats16 scores, __m256 threshold) {
  const int low = _mm256_movemask_ps(_mm256_cmp_ps(scores.low, threshold, _CMP_NLE_UQ));
  const int high = _mm256_movemask_ps(_mm256_cmp_ps(scores.high, threshold, _CMP_NLE_UQ));
  return static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 8;
}

Floats16 add_bias(Floats16 scores, const float* bias) {
  const Floats16 b = load16(bias);
  return {_mm256_add_ps(scores.low, b.low), _mm256_add_ps(scores.high, b.high)};
}

void above_f32(float* scores, const float* bias, size_t panel_count, float threshold,
               uint16_t* masks) {
  const __m256 threshold8 = _mm256_set1_ps(threshold);
  for (size_t p = 0; p < panel_count; ++p, scores += kPanelRows) {
    Floats16 v = load16(scores);
    if (bias != nullptr) {
      v = add_bias(v, bias + p * kPanelRows);
      store16(scores, v);
    }
    masks[p] = static_cast<uint16_t>(mask_above(v, threshold8));
  }
}

// score(p) gives the products of panel p. Every panel's scores are stored, over the last miss's:
// cheaper than a branch that is predicted wrong at every hit.
template <typename Score>
__attribute__((always_inline)) inline size_t scan(const float* bias, size_t panel_count,
                                                  float threshold, ScanHits* hits,
                                                  const Score& score) {
  const __m256 threshold8 = _mm256_set1_ps(threshold);
  uint32_t count = 0;
  size_t p = 0;
  for (; p < panel_count && count < kScanHits; ++p) {
    Floats16 v = score(p);
    if (bias != nullptr) v = add_bias(v, bias + p * kPanelRows);
    const uint32_t mask = mask_above(v, threshold8);
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
    const Floats16 zeros = {_mm256_setzero_ps(), _mm256_setzero_ps()};
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
  const float largest = horizontal_max(largest8);
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

void unpack_panel_f16(const uint16_t* panel, size_t cols, float* tile) {
  for (size_t i = 0; i < cols * kPanelRows; i += 8)
    _mm256_storeu_ps(tile + i, load_half8(panel + i));
}

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
      const __m256 scale = load_half8(group_scales + k / kGroupCols * kPanelRows + half * 8);
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

// kRows rows of c by 16 columns, all sums in registers: 12 of them hide the FMA's latency. Every
// path sums in the same order, so a row's bits do not depend on m.
template <int kRows>
void gemm_rows(const float* a, size_t a_stride, size_t cols, const float* tile, const float* bias,
               float* c, size_t c_stride, size_t n) {
  __m256 low[kRows], high[kRows];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) low[i] = high[i] = _mm256_setzero_ps();
  for (size_t k = 0; k < cols; ++k) {
    const __m256 t_low = _mm256_load_ps(tile + k * kPanelRows);
    const __m256 t_high = _mm256_load_ps(tile + k * kPanelRows + 8);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m256 factor = _mm256_broadcast_ss(a + static_cast<size_t>(i) * a_stride + k);
      low[i] = _mm256_fmadd_ps(factor, t_low, low[i]);
      high[i] = _mm256_fmadd_ps(factor, t_high, high[i]);
    }
  }
  const __m256 b_low = bias != nullptr ? _mm256_loadu_ps(bias) : _mm256_setzero_ps();
  const __m256 b_high = bias != nullptr ? _mm256_loadu_ps(bias + 8) : _mm256_setzero_ps();
  if (n == kPanelRows) {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i, c += c_stride) {
      _mm256_storeu_ps(c, _mm256_add_ps(low[i], b_low));
      _mm256_storeu_ps(c + 8, _mm256_add_ps(high[i], b_high));
    }
    return;
  }
  float rows[kRows][kPanelRows];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
    _mm256_storeu_ps(rows[i], _mm256_add_ps(low[i], b_low));
    _mm256_storeu_ps(rows[i] + 8, _mm256_add_ps(high[i], b_high));
  }
  for (int i = 0; i < kRows; ++i, c += c_stride) {
    for (size_t r = 0; r < n; ++r) c[r] = rows[i][r];
  }
}

void gemm_tile_f32(const float* a, size_t a_stride, size_t m, size_t cols, const float* tile,
                   const float* bias, float* c, size_t c_stride, size_t n) {
  for (; m >= 6; m -= 6, a += 6 * a_stride, c += 6 * c_stride) {
    gemm_rows<6>(a, a_stride, cols, tile, bias, c, c_stride, n);
  }
  switch (m) {
    case 5:
      return gemm_rows<5>(a, a_stride, cols, tile, bias, c, c_stride, n);
    case 4:
      return gemm_rows<4>(a, a_stride, cols, tile, bias, c, c_stride, n);
    case 3:
      return gemm_rows<3>(a, a_stride, cols, tile, bias, c, c_stride, n);
    case 2:
      return gemm_rows<2>(a, a_stride, cols, tile, bias, c, c_stride, n);
    case 1:
      return gemm_rows<1>(a, a_stride, cols, tile, bias, c, c_stride, n);
    default:
      return;
  }
}

// ---- Element by element -------------------------------------------------------------------------

struct Doubles8 {
  __m256d low, high;
};

Doubles8 load_doubles(const float* p, size_t count) {
  const __m256 v = load(p, count);
  return {_mm256_cvtps_pd(_mm256_castps256_ps128(v)), _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
}

// The first `count` < 8 lanes of v; the others are zero.
__m256 first_lanes(__m256 v, size_t count) {
  return _mm256_and_ps(v, _mm256_castsi256_ps(lane_mask(count)));
}

// LayerNorm in float, as exact as in double unless the squares leave its range: x is taken relative to
// x[0], and if that is far from the mean, so is the deviation large, at least |x[0] - mean| /
// sqrt(count). False: they do, and nothing was written.
bool layer_norm_in_range(const float* x, const float* gain, const float* bias, float eps,
                         size_t count, float* y) {
  const size_t whole = count / 8 * 8, rest = count - whole;
  const __m256 first = _mm256_broadcast_ss(x);
  const auto shifted = [&](size_t i) { return _mm256_sub_ps(_mm256_loadu_ps(x + i), first); };
  const __m256 last = first_lanes(_mm256_sub_ps(load(x + whole, rest), first), rest);
  const float size = static_cast<float>(count);

  __m256 sum = last;
  for (size_t i = 0; i < whole; i += 8) sum = _mm256_add_ps(sum, shifted(i));
  const __m256 mean = _mm256_set1_ps(horizontal_sum(sum) / size);

  const __m256 last_centred = first_lanes(_mm256_sub_ps(last, mean), rest);
  sum = _mm256_mul_ps(last_centred, last_centred);
  for (size_t i = 0; i < whole; i += 8) {
    const __m256 v = _mm256_sub_ps(shifted(i), mean);
    sum = _mm256_fmadd_ps(v, v, sum);
  }
  const float variance = horizontal_sum(sum) / size + eps;
  if (!(variance > 1e-20f && variance < 1e30f)) return false;

  const __m256 factor = _mm256_set1_ps(1 / __builtin_sqrtf(variance));
  for (size_t i = 0; i < whole; i += 8) {
    const __m256 v = _mm256_mul_ps(_mm256_sub_ps(shifted(i), mean), factor);
    _mm256_storeu_ps(y + i,
                     _mm256_fmadd_ps(v, _mm256_loadu_ps(gain + i), _mm256_loadu_ps(bias + i)));
  }
  if (rest > 0) {
    store(y + whole,
          _mm256_fmadd_ps(_mm256_mul_ps(last_centred, factor), load(gain + whole, rest),
                          load(bias + whole, rest)),
          rest);
  }
  return true;
}

// In double, for the reason that kernels_scalar.cpp gives.
void layer_norm_f32(const float* x, const float* gain, const float* bias, float eps, size_t count,
                    float* y) {
  if (layer_norm_in_range(x, gain, bias, eps, count, y)) return;
  __m256d sum_low = _mm256_setzero_pd(), sum_high = _mm256_setzero_pd();
  for (size_t i = 0; i < count; i += 8) {
    const Doubles8 v = load_doubles(x + i, count - i);
    sum_low = _mm256_add_pd(sum_low, v.low);
    sum_high = _mm256_add_pd(sum_high, v.high);
  }
  const double size = static_cast<double>(count);
  const __m256d mean = _mm256_set1_pd(horizontal_sum(_mm256_add_pd(sum_low, sum_high)) / size);
  sum_low = sum_high = _mm256_setzero_pd();
  for (size_t i = 0; i < count; i += 8) {
    const Doubles8 v = load_doubles(x + i, count - i);
    __m256d low = _mm256_sub_pd(v.low, mean), high = _mm256_sub_pd(v.high, mean);
    if (count - i < 8) {
      const __m256i mask = lane_mask(count - i);
      low = _mm256_and_pd(low,
                          _mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(mask))));
      high = _mm256_and_pd(
          high, _mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_extracti128_si256(mask, 1))));
    }
    sum_low = _mm256_fmadd_pd(low, low, sum_low);
    sum_high = _mm256_fmadd_pd(high, high, sum_high);
  }
  const double variance = horizontal_sum(_mm256_add_pd(sum_low, sum_high)) / size;
  const __m256d factor =
      _mm256_div_pd(_mm256_set1_pd(1), _mm256_sqrt_pd(_mm256_set1_pd(variance + eps)));
  for (size_t i = 0; i < count; i += 8) {
    const Doubles8 v = load_doubles(x + i, count - i), g = load_doubles(gain + i, count - i),
                   b = load_doubles(bias + i, count - i);
    const __m256d low = _mm256_mul_pd(_mm256_sub_pd(v.low, mean), factor);
    const __m256d high = _mm256_mul_pd(_mm256_sub_pd(v.high, mean), factor);
    store(y + i,
          _mm256_set_m128(_mm256_cvtpd_ps(_mm256_fmadd_pd(high, g.high, b.high)),
                          _mm256_cvtpd_ps(_mm256_fmadd_pd(low, g.low, b.low))),
          count - i);
  }
}

// vmaxps returns its second operand for NaN and for two zeros, as x < 0 ? 0 : x does.
__m256 relu8(__m256 v) { return _mm256_max_ps(_mm256_setzero_ps(), v); }

__m256 silu8(__m256 v) {
  const __m256 one = _mm256_set1_ps(1);
  return _mm256_div_ps(v, _mm256_add_ps(one, exp8(_mm256_sub_ps(_mm256_setzero_ps(), v))));
}

// x/2 (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3).
__m256 gelu_tanh8(__m256 v) {
  const __m256 square = _mm256_mul_ps(v, v);
  const __m256 factor =
      _mm256_fmadd_ps(square, _mm256_set1_ps(-0.071354816f), _mm256_set1_ps(-1.5957691f));
  const __m256 e = exp8(_mm256_mul_ps(v, factor));
  return _mm256_div_ps(v, _mm256_add_ps(_mm256_set1_ps(1), e));
}

// erfc(z) = (a1 t + ... + a5 t^5) e^(-z^2), t = 1 / (1 + p z): Abramowitz and Stegun 7.1.26,
// absolute error 1.5e-7. The value for +-x is x (1 - erfc / 2) or x erfc / 2.
__m256 gelu_erf8(__m256 v) {
  const __m256 sign = _mm256_and_ps(v, _mm256_set1_ps(-0.0f));
  const __m256 z = _mm256_mul_ps(_mm256_xor_ps(v, sign), _mm256_set1_ps(0.70710678f));
  const __m256 one = _mm256_set1_ps(1);
  const __m256 t = _mm256_div_ps(one, _mm256_fmadd_ps(z, _mm256_set1_ps(0.3275911f), one));
  __m256 p = _mm256_set1_ps(1.061405429f);
  p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(-1.453152027f));
  p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(1.421413741f));
  p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(-0.284496736f));
  p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(0.254829592f));
  p = _mm256_mul_ps(p, _mm256_mul_ps(t, _mm256_set1_ps(0.5f)));
  const __m256 tail = _mm256_mul_ps(p, exp8(_mm256_fnmadd_ps(z, z, _mm256_setzero_ps())));
  return _mm256_mul_ps(v, _mm256_blendv_ps(_mm256_sub_ps(one, tail), tail, sign));
}

template <typename Function>
void map(float* x, size_t count, Function function) {
  for (size_t i = 0; i < count; i += 8) {
    store(x + i, function(load(x + i, count - i)), count - i);
  }
}

void relu_f32(float* x, size_t count) { map(x, count, relu8); }
void gelu_erf_f32(float* x, size_t count) { map(x, count, gelu_erf8); }
void gelu_tanh_f32(float* x, size_t count) { map(x, count, gelu_tanh8); }
void silu_f32(float* x, size_t count) { map(x, count, silu8); }

float dot_f32(const float* a, const float* b, size_t count) {
  __m256 sums[4];
#pragma GCC unroll 8
  for (int u = 0; u < 4; ++u) sums[u] = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
#pragma GCC unroll 8
    for (int u = 0; u < 4; ++u) {
      sums[u] =
          _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8 * u), _mm256_loadu_ps(b + i + 8 * u), sums[u]);
    }
  }
  for (; i < count; i += 8) {
    sums[0] = _mm256_fmadd_ps(load(a + i, count - i), load(b + i, count - i), sums[0]);
  }
  return horizontal_sum(
      _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

void axpy_f32(float factor, const float* x, size_t count, float* y) {
  const __m256 factor8 = _mm256_set1_ps(factor);
  for (size_t i = 0; i < count; i += 8) {
    const __m256 sum = _mm256_fmadd_ps(factor8, load(x + i, count - i), load(y + i, count - i));
    store(y + i, sum, count - i);
  }
}

float exp_sum_f32(const float* x, size_t count, float factor, float* largest) {
  const __m256 factor8 = _mm256_set1_ps(factor), lowest = _mm256_set1_ps(-__builtin_inff());
  __m256 max = lowest;
  for (size_t i = 0; i < count; i += 8) {
    const __m256 v = _mm256_mul_ps(load(x + i, count - i), factor8);
    const __m256 is_there = _mm256_castsi256_ps(lane_mask(count - i));
    // vmaxps returns its second operand when the first is NaN.
    max = _mm256_blendv_ps(max, _mm256_max_ps(v, max), is_there);
  }
  *largest = horizontal_max(max);
  const __m256 largest8 = _mm256_set1_ps(*largest);
  __m256 sum = _mm256_setzero_ps();
  for (size_t i = 0; i < count; i += 8) {
    const __m256 v = load(x + i, count - i);
    const __m256 counts = _mm256_and_ps(_mm256_castsi256_ps(lane_mask(count - i)),
                                        _mm256_cmp_ps(v, lowest, _CMP_GT_OQ));
    const __m256 e = exp8(_mm256_sub_ps(_mm256_mul_ps(v, factor8), largest8));
    sum = _mm256_add_ps(sum, _mm256_and_ps(e, counts));
  }
  return horizontal_sum(sum);
}

// ---- Attention ----------------------------------------------------------------------------------

// The dot products of `query` with four keys.
__m128 dot4(const float* query, const float* const (&keys)[4], size_t head_dim) {
  __m256 sums[4];
#pragma GCC unroll 8
  for (int u = 0; u < 4; ++u) sums[u] = _mm256_setzero_ps();
  for (size_t d = 0; d < head_dim; d += 8) {
    const __m256 q = load(query + d, head_dim - d);
#pragma GCC unroll 8
    for (int u = 0; u < 4; ++u) {
      sums[u] = _mm256_fmadd_ps(q, load(keys[u] + d, head_dim - d), sums[u]);
    }
  }
  const __m256 pairs =
      _mm256_hadd_ps(_mm256_hadd_ps(sums[0], sums[1]), _mm256_hadd_ps(sums[2], sums[3]));
  return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

// out[d] (+)= sum_t weights[t] values[t][d], kVectors * 8 numbers wide.
template <int kVectors>
void add_values(const float* weights, const float* values, size_t stride, size_t count,
                bool is_first, float* out) {
  __m256 sums[kVectors];
#pragma GCC unroll 8
  for (int u = 0; u < kVectors; ++u) sums[u] = _mm256_setzero_ps();
  for (size_t t = 0; t < count; ++t, values += stride) {
    const __m256 w = _mm256_broadcast_ss(weights + t);
#pragma GCC unroll 8
    for (int u = 0; u < kVectors; ++u) {
      sums[u] = _mm256_fmadd_ps(w, _mm256_loadu_ps(values + 8 * u), sums[u]);
    }
  }
#pragma GCC unroll 8
  for (int u = 0; u < kVectors; ++u) {
    const __m256 before = is_first ? _mm256_setzero_ps() : _mm256_loadu_ps(out + 8 * u);
    _mm256_storeu_ps(out + 8 * u, _mm256_add_ps(before, sums[u]));
  }
}

void add_values_tail(const float* weights, const float* values, size_t stride, size_t count,
                     bool is_first, float* out, size_t width) {
  const __m256i mask = lane_mask(width);
  __m256 sum = _mm256_setzero_ps();
  for (size_t t = 0; t < count; ++t, values += stride) {
    sum = _mm256_fmadd_ps(_mm256_broadcast_ss(weights + t), _mm256_maskload_ps(values, mask), sum);
  }
  const __m256 before = is_first ? _mm256_setzero_ps() : _mm256_maskload_ps(out, mask);
  _mm256_maskstore_ps(out, mask, _mm256_add_ps(before, sum));
}

// Keys are summed in blocks of this many, and the blocks then: errors of long sums do not pile up.
constexpr size_t kBlockKeys = 32;

void attention_f32(const float* query, const float* keys, const float* values, size_t stride,
                   size_t count, size_t head_dim, float scale, float first_weight, float* weights,
                   float* out) {
  if (first_weight == 0) {
    weights[0] = 0;
    ++weights, --count, keys += stride, values += stride;
    first_weight = 1;
  }
  for (size_t t = 0; t < count; t += 4) {
    const size_t last = count - 1;
    const float* const rows[4] = {keys + t * stride, keys + (t + 1 < last ? t + 1 : last) * stride,
                                  keys + (t + 2 < last ? t + 2 : last) * stride,
                                  keys + (t + 3 < last ? t + 3 : last) * stride};
    const __m128 scores = _mm_mul_ps(dot4(query, rows, head_dim), _mm_set1_ps(scale));
    if (count - t >= 4) {
      _mm_storeu_ps(weights + t, scores);
    } else {
      _mm_maskstore_ps(weights + t, _mm256_castsi256_si128(lane_mask(count - t)), scores);
    }
  }
  __m256 largest = _mm256_set1_ps(weights[0]);
  for (size_t t = 0; t < count; t += 8) {
    const __m256 is_key = _mm256_castsi256_ps(lane_mask(count - t));
    const __m256 score = load(weights + t, count - t);
    largest = _mm256_max_ps(largest, _mm256_blendv_ps(largest, score, is_key));
  }
  largest = _mm256_set1_ps(horizontal_max(largest));
  __m256 factor = _mm256_setr_ps(first_weight, 1, 1, 1, 1, 1, 1, 1);
  __m256 total = _mm256_setzero_ps();
  for (size_t t = 0; t < count; t += 8) {
    const __m256 is_key = _mm256_castsi256_ps(lane_mask(count - t));
    const __m256 e = exp8(_mm256_sub_ps(load(weights + t, count - t), largest));
    const __m256 w = _mm256_and_ps(_mm256_mul_ps(e, factor), is_key);
    factor = _mm256_set1_ps(1);
    total = _mm256_add_ps(total, w);
    store(weights + t, w, count - t);
  }
  const __m256 inverse = _mm256_set1_ps(1 / horizontal_sum(total));
  for (size_t t = 0; t < count; t += 8) {
    store(weights + t, _mm256_mul_ps(load(weights + t, count - t), inverse), count - t);
  }
  for (size_t t = 0; t < count; t += kBlockKeys) {
    const size_t block = count - t < kBlockKeys ? count - t : kBlockKeys;
    const float* v = values + t * stride;
    size_t d = 0;
    for (; d + 64 <= head_dim; d += 64) {
      add_values<8>(weights + t, v + d, stride, block, t == 0, out + d);
    }
    for (; d + 32 <= head_dim; d += 32) {
      add_values<4>(weights + t, v + d, stride, block, t == 0, out + d);
    }
    for (; d + 8 <= head_dim; d += 8) {
      add_values<1>(weights + t, v + d, stride, block, t == 0, out + d);
    }
    if (d < head_dim) {
      add_values_tail(weights + t, v + d, stride, block, t == 0, out + d, head_dim - d);
    }
  }
}

// The block kernel keeps sixteen queries side by side in two vectors: their products with the keys
// are a matrix product, their softmaxes need no sums across lanes.
constexpr size_t kQueries = 16;

template <int kCount>
struct Rows {
  static constexpr int value = kCount;
};

// rows[i] lane j becomes rows[j] lane i.
void transpose8(__m256 (&rows)[8]) {
  __m256 pairs[8], quads[8];
#pragma GCC unroll 8
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 2; ++i) {
    quads[4 * i] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], 0x44);
    quads[4 * i + 1] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], 0xee);
    quads[4 * i + 2] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], 0x44);
    quads[4 * i + 3] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], 0xee);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 4; ++i) {
    rows[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
    rows[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
  }
}

// tile[d][i] = scale * query i's number d, zero for the queries from query_count on.
void pack_queries(const float* queries, size_t query_stride, size_t query_count, size_t head_dim,
                  float scale, float* tile) {
  const __m256 scale8 = _mm256_set1_ps(scale);
  for (size_t first = 0; first < kQueries; first += 8) {
    for (size_t d = 0; d < head_dim; d += 8) {
      __m256 rows[8];
#pragma GCC unroll 8
      for (size_t i = 0; i < 8; ++i) {
        rows[i] = first + i < query_count
                      ? load(queries + (first + i) * query_stride + d, head_dim - d)
                      : _mm256_setzero_ps();
      }
      transpose8(rows);
#pragma GCC unroll 8
      for (size_t i = 0; i < 8; ++i) {
        _mm256_store_ps(tile + (d + i) * kQueries + first, _mm256_mul_ps(rows[i], scale8));
      }
    }
  }
}

// The queries that see key t, as a mask: all before `common`, then one fewer a key.
struct Visible {
  size_t common;
  __m256 lanes(size_t t, int32_t first) const {
    const auto hidden = static_cast<int32_t>(t + 1 - common) - first;  // lanes below it do not
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                                  _mm256_set1_epi32(hidden - 1)));
  }
};

// scores [count][16] become e^(score - largest), key 0's times first_weight, hidden ones 0;
// inverse[i] = 1 / their sum over the keys.
void exponentials(float* scores, size_t count, const Visible& visible, float first_weight,
                  float* inverse) {
  for (int32_t first = 0; first < 16; first += 8) {
    float* column = scores + first;
    __m256 largest = _mm256_load_ps(column), second = largest;
    size_t t = 1;
    for (; t + 2 <= visible.common; t += 2) {
      largest = _mm256_max_ps(largest, _mm256_load_ps(column + t * kQueries));
      second = _mm256_max_ps(second, _mm256_load_ps(column + (t + 1) * kQueries));
    }
    for (; t < count; ++t) {
      const __m256 score = _mm256_load_ps(column + t * kQueries);
      const __m256 is_seen = visible.lanes(t, first);
      largest = _mm256_max_ps(largest, _mm256_blendv_ps(largest, score, is_seen));
    }
    largest = _mm256_max_ps(largest, second);
    __m256 total = _mm256_setzero_ps();
    for (size_t block = 0; block < count; block += kBlockKeys) {
      const size_t end = count - block < kBlockKeys ? count : block + kBlockKeys;
      const size_t plain_end = end < visible.common ? end : visible.common;
      __m256 sum = _mm256_setzero_ps();
      for (t = block; t < plain_end; ++t) {
        __m256 e = exp8(_mm256_sub_ps(_mm256_load_ps(column + t * kQueries), largest));
        if (t == 0) e = _mm256_mul_ps(e, _mm256_set1_ps(first_weight));
        _mm256_store_ps(column + t * kQueries, e);
        sum = _mm256_add_ps(sum, e);
      }
      for (; t < end; ++t) {
        const __m256 e = exp8(_mm256_sub_ps(_mm256_load_ps(column + t * kQueries), largest));
        const __m256 seen = _mm256_and_ps(e, visible.lanes(t, first));
        _mm256_store_ps(column + t * kQueries, seen);
        sum = _mm256_add_ps(sum, seen);
      }
      total = _mm256_add_ps(total, sum);
    }
    _mm256_storeu_ps(inverse + first, _mm256_div_ps(_mm256_set1_ps(1), total));
  }
}

// out[i][d] (+)= sum_t weights[t][i] values[t][d] for kRows queries and `width` <= 16 numbers; at
// the end times inverse[i], if not null.
template <int kRows, bool kTail>
void add_weighted(const float* weights, const float* values, size_t stride, size_t count,
                  bool is_first, const float* inverse, float* out, size_t out_stride,
                  size_t width) {
  __m256 low[kRows], high[kRows];
  const __m256i low_mask = lane_mask(width), high_mask = lane_mask(width > 8 ? width - 8 : 0);
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) low[i] = high[i] = _mm256_setzero_ps();
  for (size_t t = 0; t < count; ++t, weights += kQueries, values += stride) {
    const __m256 v_low = kTail ? _mm256_maskload_ps(values, low_mask) : _mm256_loadu_ps(values);
    const __m256 v_high =
        kTail ? _mm256_maskload_ps(values + 8, high_mask) : _mm256_loadu_ps(values + 8);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m256 w = _mm256_broadcast_ss(weights + i);
      low[i] = _mm256_fmadd_ps(w, v_low, low[i]);
      high[i] = _mm256_fmadd_ps(w, v_high, high[i]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i, out += out_stride) {
    __m256 sum_low = low[i], sum_high = high[i];
    if (!is_first) {
      sum_low = _mm256_add_ps(sum_low, load(out, width));
      if (width > 8) sum_high = _mm256_add_ps(sum_high, load(out + 8, width - 8));
    }
    if (inverse != nullptr) {
      const __m256 factor = _mm256_broadcast_ss(inverse + i);
      sum_low = _mm256_mul_ps(sum_low, factor);
      sum_high = _mm256_mul_ps(sum_high, factor);
    }
    store(out, sum_low, width);
    if (width > 8) store(out + 8, sum_high, width - 8);
  }
}

template <int kRows>
void add_weighted_rows(const float* weights, const float* values, size_t stride, size_t count,
                       bool is_first, const float* inverse, float* out, size_t out_stride,
                       size_t head_dim) {
  size_t d = 0;
  for (; d + 16 <= head_dim; d += 16) {
    add_weighted<kRows, false>(weights, values + d, stride, count, is_first, inverse, out + d,
                               out_stride, 16);
  }
  if (d < head_dim) {
    add_weighted<kRows, true>(weights, values + d, stride, count, is_first, inverse, out + d,
                              out_stride, head_dim - d);
  }
}

void attention_block_f32(const float* queries, size_t query_stride, size_t query_count,
                         const float* keys, const float* values, size_t stride, size_t count,
                         size_t step, size_t head_dim, float scale, float first_weight,
                         float* scratch, float* out, size_t out_stride) {
  if (first_weight == 0) {
    --count, keys += stride, values += stride;
    first_weight = 1;
  }
  float* scores = scratch + (head_dim + 15) / 16 * 16 * kQueries;
  pack_queries(queries, query_stride, query_count, head_dim, scale, scratch);
  gemm_tile_f32(keys, stride, count, head_dim, scratch, nullptr, scores, kQueries, kQueries);
  float inverse[kQueries];
  const Visible visible = {step == 0 ? count : count - query_count + 1};
  exponentials(scores, count, visible, first_weight, inverse);
  for (size_t t = 0; t < count; t += kBlockKeys) {
    const size_t block = count - t < kBlockKeys ? count - t : kBlockKeys;
    const float* factors = t + block == count ? inverse : nullptr;
    const auto add = [&](auto rows, size_t i) {
      add_weighted_rows<decltype(rows)::value>(
          scores + t * kQueries + i, values + t * stride, stride, block, t == 0,
          factors == nullptr ? nullptr : factors + i, out + i * out_stride, out_stride, head_dim);
    };
    size_t i = 0;
    for (; i + 6 <= query_count; i += 6) add(Rows<6>(), i);
    for (; i + 4 <= query_count; i += 4) add(Rows<4>(), i);
    for (; i < query_count; ++i) add(Rows<1>(), i);
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
