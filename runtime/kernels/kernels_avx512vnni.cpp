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
#include <immintrin.h>

namespace pintle {
namespace {

// ---- Vectors of sixteen -------------------------------------------------------------------------

// The first `count` lanes (all sixteen if there are more). Masked moves cost no more than plain
// ones.
__mmask16 lane_mask(size_t count) {
  return count >= 16 ? __mmask16(0xffff) : static_cast<__mmask16>((1u << count) - 1);
}

__m512 load(const float* p, size_t count) { return _mm512_maskz_loadu_ps(lane_mask(count), p); }

void store(float* p, __m512 v, size_t count) { _mm512_mask_storeu_ps(p, lane_mask(count), v); }

__m512 load_half16(const uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

// Four bytes of `p`, repeated.
__m512i broadcast4(const int8_t* p) {
  int32_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return _mm512_set1_epi32(value);
}

// e^v: v = n ln 2 + r with |r| <= ln 2 / 2, and a minimax polynomial in r (relative error 3e-9
// before rounding; about 1.5 ulp in all). Below -87.3 it stays at e^-87.3 = 1.2e-38; above 88.7 it
// is infinite.
__m512 exp16(__m512 v) {
  v = _mm512_min_ps(_mm512_max_ps(v, _mm512_set1_ps(-87.3f)), _mm512_set1_ps(88.8f));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(v, _mm512_set1_ps(1.44269504f)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), v);  // ln 2 in two parts
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), r);
  __m512 p = _mm512_set1_ps(0x1.6a2350p-10f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.123a6cp-7f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.5558f4p-5f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.555490p-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.fffffcp-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
  return _mm512_scalef_ps(p, n);
}

// ---- Matrix-vector products ---------------------------------------------------------------------

__m512 load16(const float* p) { return _mm512_loadu_ps(p); }
__m512 load16(const uint16_t* p) { return load_half16(p); }

// Eight columns at a time, each with its own sums, hide the latency of the FMA.
template <typename Weight>
void matvec_float(const Weight* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  for (size_t p = 0; p < panel_count; ++p, y += kPanelRows) {
    __m512 sums[8];
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) sums[u] = _mm512_setzero_ps();
    size_t k = 0;
    for (; k + 8 <= cols; k += 8, panels += 8 * kPanelRows) {
#pragma GCC unroll 8
      for (int u = 0; u < 8; ++u) {
        sums[u] =
            _mm512_fmadd_ps(load16(panels + u * kPanelRows), _mm512_set1_ps(x[k + u]), sums[u]);
      }
    }
    for (; k < cols; ++k, panels += kPanelRows) {
      sums[0] = _mm512_fmadd_ps(load16(panels), _mm512_set1_ps(x[k]), sums[0]);
    }
    const __m512 first =
        _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
    const __m512 second =
        _mm512_add_ps(_mm512_add_ps(sums[4], sums[5]), _mm512_add_ps(sums[6], sums[7]));
    _mm512_storeu_ps(y, _mm512_add_ps(first, second));
  }
}

void matvec_f32(const float* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

void matvec_f16(const uint16_t* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

// vpdpbusd multiplies unsigned by signed bytes and sums four products in 32 bits. The signed side
// is x = 128 high + low in two planes of bytes; the unsigned side is the weights, offset by 128
// (s8) or 8 (s4, as stored). The offset adds offset * sum(x) to every row. All sums are modulo
// 2^32, and the final one is in range.
constexpr size_t kPlaneCols = 1024;

struct Planes {
  alignas(64) int8_t high[kPlaneCols];
  alignas(64) int8_t low[kPlaneCols];
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

// Asks for memory further on, past the tensor's end too: nothing is read. Inlined, as GCC takes a
// function that only prefetches for one without effect and leaves out calls to it.
__attribute__((always_inline)) inline void prefetch(const void* p, size_t ahead_bytes) {
  _mm_prefetch(reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(p) + ahead_bytes),
               _MM_HINT_T0);
}

// The integer products of kPanels panels side by side, which share the broadcasts of x: `width`
// columns, the panels' next ones being panel_bytes apart. Prefetches ahead_bytes further on (0: not).
template <int kPanels, size_t kAheadBytes>
__attribute__((always_inline)) inline void sums_s8(const int8_t* w, size_t panel_bytes,
                                                   const Planes& planes, size_t width,
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
        if (kAheadBytes != 0) prefetch(bytes, kAheadBytes);
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
  sums_s8<kPanels, 0>(w, cols * kPanelRows, planes, width, offset, sums);
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

// The planes of `width` columns, and per group 8 sum(x), what the nibbles' + 8 adds.
void split_s4(const int16_t* x, size_t width, Planes* planes, int32_t* offsets) {
  for (size_t k = 0; k < width; k += kGroupCols) {
    __m512i x_sum = _mm512_setzero_si512();
    split16(x, 0xffff, k, planes, &x_sum);
    split16(x, 0xffff, k + 16, planes, &x_sum);
    offsets[k / kGroupCols] = 8 * _mm512_reduce_add_epi32(x_sum);
  }
}

// Adds `width` columns of a panel to `sum`, in f32 group by group.
template <size_t kAheadBytes>
__attribute__((always_inline)) inline __m512 add_groups(__m512 sum, const uint8_t* w,
                                                        const uint16_t* scales, size_t width,
                                                        const Planes& planes,
                                                        const int32_t* offsets) {
  const __m512i mask = _mm512_set1_epi8(15);
  for (size_t k = 0; k < width; k += kGroupCols, scales += kPanelRows) {
    __m512i high0 = _mm512_setzero_si512(), high1 = high0, low0 = high0, low1 = high0;
#pragma GCC unroll 4
    for (size_t b = k; b < k + kGroupCols; b += 8, w += 64) {
      if (kAheadBytes != 0) prefetch(w, kAheadBytes);
      const __m512i bytes = _mm512_loadu_si512(w);
      const __m512i first = _mm512_and_si512(bytes, mask);
      const __m512i second = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), mask);
      high0 = _mm512_dpbusd_epi32(high0, first, broadcast4(planes.high + b));
      low0 = _mm512_dpbusd_epi32(low0, first, broadcast4(planes.low + b));
      high1 = _mm512_dpbusd_epi32(high1, second, broadcast4(planes.high + b + 4));
      low1 = _mm512_dpbusd_epi32(low1, second, broadcast4(planes.low + b + 4));
    }
    const __m512i dot = combine(_mm512_add_epi32(high0, high1), _mm512_add_epi32(low0, low1),
                                _mm512_set1_epi32(offsets[k / kGroupCols]));
    sum = _mm512_add_ps(sum, _mm512_mul_ps(_mm512_cvtepi32_ps(dot), load_half16(scales)));
  }
  return sum;
}

void matvec_s4(const uint8_t* panels, const uint16_t* group_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  Planes planes;
  int32_t offsets[kPlaneCols / kGroupCols];
  for (size_t start = 0; start < cols; start += kPlaneCols) {
    const size_t width = cols - start < kPlaneCols ? cols - start : kPlaneCols;
    split_s4(x + start, width, &planes, offsets);
    for (size_t p = 0; p < panel_count; ++p) {
      const uint8_t* w = panels + (p * cols + start) / 2 * kPanelRows;
      const uint16_t* scales = group_scales + (p * cols + start) / kGroupCols * kPanelRows;
      __m512 sum = start == 0 ? _mm512_setzero_ps() : _mm512_loadu_ps(y + p * kPanelRows);
      sum = add_groups<0>(sum, w, scales, width, planes, offsets);
      if (start + width == cols) sum = _mm512_mul_ps(_mm512_set1_ps(x_scale), sum);
      _mm512_storeu_ps(y + p * kPanelRows, sum);
    }
  }
}

// ---- The catalogue scan -------------------------------------------------------------------------

// How far ahead scans prefetch: the hardware's prefetchers stop at every page's end.
constexpr size_t kScanAheadBytes = 4096;

// Bit r: score r is above the threshold, NaN on either side included.
__mmask16 mask_above(__m512 scores, __m512 threshold) {
  return _mm512_cmp_ps_mask(scores, threshold, _CMP_NLE_UQ);
}

void above_f32(float* scores, const float* bias, size_t panel_count, float threshold,
               uint16_t* masks) {
  const __m512 threshold16 = _mm512_set1_ps(threshold);
  for (size_t p = 0; p < panel_count; ++p, scores += kPanelRows) {
    __m512 v = _mm512_loadu_ps(scores);
    if (bias != nullptr) {
      v = _mm512_add_ps(v, _mm512_loadu_ps(bias + p * kPanelRows));
      _mm512_storeu_ps(scores, v);
    }
    masks[p] = mask_above(v, threshold16);
  }
}

// Takes the scores of panels one by one, bias added. Every panel's are stored, over the last miss's:
// cheaper than a branch that is predicted wrong at every hit.
class HitWriter {
 public:
  HitWriter(const float* bias, float threshold, ScanHits* hits)
      : bias_(bias), threshold_(_mm512_set1_ps(threshold)), hits_(hits) {}
  size_t room() const { return kScanHits - count_; }
  __attribute__((always_inline)) void take(size_t panel, __m512 scores) {
    if (bias_ != nullptr) {
      scores = _mm512_add_ps(scores, _mm512_loadu_ps(bias_ + panel * kPanelRows));
    }
    const __mmask16 mask = mask_above(scores, threshold_);
    _mm512_storeu_ps(hits_->scores[count_], scores);
    hits_->panels[count_] = static_cast<uint32_t>(panel);
    hits_->masks[count_] = mask;
    count_ += mask != 0 ? 1 : 0;
  }
  void finish() { hits_->count = count_; }

 private:
  const float* bias_;
  __m512 threshold_;
  ScanHits* hits_;
  uint32_t count_ = 0;
};

// Two panels at a time while there is room for two hits.
size_t scan_s8(const int8_t* panels, const float* row_scales, const float* bias, size_t panel_count,
               size_t cols, const int16_t* x, float x_scale, float threshold, ScanHits* hits) {
  HitWriter writer(bias, threshold, hits);
  const size_t panel_bytes = cols * kPanelRows;
  size_t p = 0;
  if (cols > kPlaneCols) {  // rare: x is split anew for every panel
    for (; p < panel_count && writer.room() > 0; ++p) {
      alignas(64) float y[kPanelRows] = {};
      matvec_s8(panels + p * panel_bytes, row_scales + p * kPanelRows, 1, cols, x, x_scale, y);
      writer.take(p, _mm512_load_ps(y));
    }
    writer.finish();
    return p;
  }
  Planes planes;
  const __m512i offset = split_s8(x, cols, &planes);
  const __m512 x_scale16 = _mm512_set1_ps(x_scale);
  while (p < panel_count && writer.room() > 0) {
    const float* scales = row_scales + p * kPanelRows;
    if (panel_count - p >= 2 && writer.room() >= 2) {
      __m512i sums[2];
      sums_s8<2, kScanAheadBytes>(panels + p * panel_bytes, panel_bytes, planes, cols, offset,
                                  sums);
      writer.take(p, scaled(sums[0], scales, x_scale16));
      writer.take(p + 1, scaled(sums[1], scales + kPanelRows, x_scale16));
      p += 2;
    } else {
      __m512i sums[1];
      sums_s8<1, kScanAheadBytes>(panels + p * panel_bytes, panel_bytes, planes, cols, offset,
                                  sums);
      writer.take(p, scaled(sums[0], scales, x_scale16));
      ++p;
    }
  }
  writer.finish();
  return p;
}

size_t scan_s4(const uint8_t* panels, const uint16_t* group_scales, const float* bias,
               size_t panel_count, size_t cols, const int16_t* x, float x_scale, float threshold,
               ScanHits* hits) {
  HitWriter writer(bias, threshold, hits);
  const size_t panel_bytes = cols / 2 * kPanelRows, panel_scales = cols / kGroupCols * kPanelRows;
  Planes planes;
  int32_t offsets[kPlaneCols / kGroupCols];
  const bool fits = cols <= kPlaneCols;  // rare if not: x is split anew for every panel
  if (fits) split_s4(x, cols, &planes, offsets);
  size_t p = 0;
  for (; p < panel_count && writer.room() > 0; ++p) {
    const uint8_t* w = panels + p * panel_bytes;
    const uint16_t* scales = group_scales + p * panel_scales;
    if (fits) {
      const __m512 sum =
          add_groups<kScanAheadBytes>(_mm512_setzero_ps(), w, scales, cols, planes, offsets);
      writer.take(p, _mm512_mul_ps(_mm512_set1_ps(x_scale), sum));
    } else {
      alignas(64) float y[kPanelRows] = {};
      matvec_s4(w, scales, 1, cols, x, x_scale, y);
      writer.take(p, _mm512_load_ps(y));
    }
  }
  writer.finish();
  return p;
}

float quantize_s16(const float* x, size_t count, int32_t max_value, int16_t* q) {
  __m512 largest16 = _mm512_setzero_ps();
  for (size_t i = 0; i < count; i += 16) {
    // vmaxps returns its second operand when the first is NaN.
    largest16 = _mm512_max_ps(_mm512_abs_ps(load(x + i, count - i)), largest16);
  }
  const float largest = _mm512_reduce_max_ps(largest16);
  const float limit = static_cast<float>(max_value);
  if (largest == 0 || largest > 0x1.fffffep127f) {
    for (size_t i = 0; i < count; ++i) q[i] = 0;
    return 0;
  }
  const __m512 factor = _mm512_set1_ps(limit / largest);
  for (size_t i = 0; i < count; i += 16) {
    const __m512 v = _mm512_mul_ps(load(x + i, count - i), factor);
    const __m512 clamped =
        _mm512_min_ps(_mm512_max_ps(v, _mm512_set1_ps(-limit)), _mm512_set1_ps(limit));
    const __mmask16 is_number = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
    const __m512i rounded = _mm512_maskz_cvtps_epi32(is_number, clamped);
    _mm512_mask_cvtepi32_storeu_epi16(q + i, lane_mask(count - i), rounded);
  }
  return largest / limit;
}

// ---- Matrix products ----------------------------------------------------------------------------

void unpack_panel_f16(const uint16_t* panel, size_t cols, float* tile) {
  for (size_t i = 0; i < cols * kPanelRows; i += 16) {
    _mm512_store_ps(tile + i, load_half16(panel + i));
  }
}

void unpack_panel_s8(const int8_t* panel, const float* row_scales, size_t cols, float* tile) {
  const __m512 scale = _mm512_loadu_ps(row_scales);
  for (size_t k = 0; k < cols; ++k) {
    // A row's four bytes fill a lane; byte k % 4 goes to the top and comes down with its sign.
    const __m512i rows = _mm512_loadu_si512(panel + k / 4 * 64);
    const __m128i shift = _mm_cvtsi32_si128(24 - 8 * static_cast<int32_t>(k % 4));
    const __m512i w = _mm512_srai_epi32(_mm512_sll_epi32(rows, shift), 24);
    _mm512_store_ps(tile + k * kPanelRows, _mm512_mul_ps(_mm512_cvtepi32_ps(w), scale));
  }
}

void unpack_panel_s4(const uint8_t* panel, const uint16_t* group_scales, size_t cols, float* tile) {
  for (size_t k = 0; k < cols; ++k) {
    const __m512i rows = _mm512_loadu_si512(panel + k / 8 * 64);
    const __m128i shift =
        _mm_cvtsi32_si128(8 * static_cast<int32_t>(k % 4) + static_cast<int32_t>(k % 8 & 4));
    const __m512i stored = _mm512_and_si512(_mm512_srl_epi32(rows, shift), _mm512_set1_epi32(15));
    const __m512 w = _mm512_cvtepi32_ps(_mm512_sub_epi32(stored, _mm512_set1_epi32(8)));
    const __m512 scale = load_half16(group_scales + k / kGroupCols * kPanelRows);
    _mm512_store_ps(tile + k * kPanelRows, _mm512_mul_ps(w, scale));
  }
}

// kRows rows of c by 16 columns, all sums in registers. Every path sums in the same order, so a
// row's bits do not depend on m.
template <int kRows>
void gemm_rows(const float* a, size_t a_stride, size_t cols, const float* tile, const float* bias,
               float* c, size_t c_stride, size_t n) {
  __m512 sums[kRows];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) sums[i] = _mm512_setzero_ps();
  for (size_t k = 0; k < cols; ++k) {
    const __m512 t = _mm512_load_ps(tile + k * kPanelRows);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const __m512 factor = _mm512_set1_ps(a[static_cast<size_t>(i) * a_stride + k]);
      sums[i] = _mm512_fmadd_ps(factor, t, sums[i]);
    }
  }
  const __m512 b = bias != nullptr ? _mm512_loadu_ps(bias) : _mm512_setzero_ps();
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i, c += c_stride) store(c, _mm512_add_ps(sums[i], b), n);
}

void gemm_tile_f32(const float* a, size_t a_stride, size_t m, size_t cols, const float* tile,
                   const float* bias, float* c, size_t c_stride, size_t n) {
  for (; m >= 12; m -= 12, a += 12 * a_stride, c += 12 * c_stride) {
    gemm_rows<12>(a, a_stride, cols, tile, bias, c, c_stride, n);
  }
  if (m >= 8) {
    gemm_rows<8>(a, a_stride, cols, tile, bias, c, c_stride, n);
    m -= 8, a += 8 * a_stride, c += 8 * c_stride;
  }
  if (m >= 4) {
    gemm_rows<4>(a, a_stride, cols, tile, bias, c, c_stride, n);
    m -= 4, a += 4 * a_stride, c += 4 * c_stride;
  }
  switch (m) {
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

__m512d load_doubles(const float* p, __mmask8 mask) {
  return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(mask, p));
}

// In double, for the reason that kernels_scalar.cpp gives.
void layer_norm_f32(const float* x, const float* gain, const float* bias, float eps, size_t count,
                    float* y) {
  const double size = static_cast<double>(count);
  __m512d sum = _mm512_setzero_pd();
  for (size_t i = 0; i < count; i += 8) {
    sum = _mm512_add_pd(sum, load_doubles(x + i, static_cast<__mmask8>(lane_mask(count - i))));
  }
  const __m512d mean = _mm512_set1_pd(_mm512_reduce_add_pd(sum) / size);
  sum = _mm512_setzero_pd();
  for (size_t i = 0; i < count; i += 8) {
    const __mmask8 mask = static_cast<__mmask8>(lane_mask(count - i));
    const __m512d deviation = _mm512_sub_pd(load_doubles(x + i, mask), mean);
    sum = _mm512_mask3_fmadd_pd(deviation, deviation, sum, mask);
  }
  const __m128d variance = _mm_set_sd(_mm512_reduce_add_pd(sum) / size + eps);
  const __m512d factor = _mm512_set1_pd(1 / _mm_cvtsd_f64(_mm_sqrt_sd(variance, variance)));
  for (size_t i = 0; i < count; i += 8) {
    const __mmask8 mask = static_cast<__mmask8>(lane_mask(count - i));
    const __m512d normed = _mm512_mul_pd(_mm512_sub_pd(load_doubles(x + i, mask), mean), factor);
    const __m512d result =
        _mm512_fmadd_pd(normed, load_doubles(gain + i, mask), load_doubles(bias + i, mask));
    _mm256_mask_storeu_ps(y + i, mask, _mm512_cvtpd_ps(result));
  }
}

// vmaxps returns its second operand for NaN and for two zeros, as x < 0 ? 0 : x does.
__m512 relu16(__m512 v) { return _mm512_max_ps(_mm512_setzero_ps(), v); }

__m512 silu16(__m512 v) {
  const __m512 e = exp16(_mm512_sub_ps(_mm512_setzero_ps(), v));
  return _mm512_div_ps(v, _mm512_add_ps(_mm512_set1_ps(1), e));
}

// x/2 (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3).
__m512 gelu_tanh16(__m512 v) {
  const __m512 factor = _mm512_fmadd_ps(_mm512_mul_ps(v, v), _mm512_set1_ps(-0.071354816f),
                                        _mm512_set1_ps(-1.5957691f));
  const __m512 e = exp16(_mm512_mul_ps(v, factor));
  return _mm512_div_ps(v, _mm512_add_ps(_mm512_set1_ps(1), e));
}

// erfc(z) = (a1 t + ... + a5 t^5) e^(-z^2), t = 1 / (1 + p z): Abramowitz and Stegun 7.1.26,
// absolute error 1.5e-7. The value for +-x is x (1 - erfc / 2) or x erfc / 2.
__m512 gelu_erf16(__m512 v) {
  const __m512 z = _mm512_mul_ps(_mm512_abs_ps(v), _mm512_set1_ps(0.70710678f));
  const __m512 one = _mm512_set1_ps(1);
  const __m512 t = _mm512_div_ps(one, _mm512_fmadd_ps(z, _mm512_set1_ps(0.3275911f), one));
  __m512 p = _mm512_set1_ps(1.061405429f);
  p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-1.453152027f));
  p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(1.421413741f));
  p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-0.284496736f));
  p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.254829592f));
  p = _mm512_mul_ps(p, _mm512_mul_ps(t, _mm512_set1_ps(0.5f)));
  const __m512 tail = _mm512_mul_ps(p, exp16(_mm512_fnmadd_ps(z, z, _mm512_setzero_ps())));
  const __mmask16 is_negative = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ);
  return _mm512_mul_ps(v, _mm512_mask_mov_ps(_mm512_sub_ps(one, tail), is_negative, tail));
}

template <typename Function>
void map(float* x, size_t count, Function function) {
  for (size_t i = 0; i < count; i += 16) {
    store(x + i, function(load(x + i, count - i)), count - i);
  }
}

void relu_f32(float* x, size_t count) { map(x, count, relu16); }
void gelu_erf_f32(float* x, size_t count) { map(x, count, gelu_erf16); }
void gelu_tanh_f32(float* x, size_t count) { map(x, count, gelu_tanh16); }
void silu_f32(float* x, size_t count) { map(x, count, silu16); }

float dot_f32(const float* a, const float* b, size_t count) {
  __m512 sums[4];
#pragma GCC unroll 4
  for (int u = 0; u < 4; ++u) sums[u] = _mm512_setzero_ps();
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      sums[u] = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16 * u), _mm512_loadu_ps(b + i + 16 * u),
                                sums[u]);
    }
  }
  for (; i < count; i += 16) {
    sums[0] = _mm512_fmadd_ps(load(a + i, count - i), load(b + i, count - i), sums[0]);
  }
  return _mm512_reduce_add_ps(
      _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
}

void axpy_f32(float factor, const float* x, size_t count, float* y) {
  const __m512 factor16 = _mm512_set1_ps(factor);
  for (size_t i = 0; i < count; i += 16) {
    const __m512 sum = _mm512_fmadd_ps(factor16, load(x + i, count - i), load(y + i, count - i));
    store(y + i, sum, count - i);
  }
}

float exp_sum_f32(const float* x, size_t count, float factor, float* largest) {
  const __m512 factor16 = _mm512_set1_ps(factor), lowest = _mm512_set1_ps(-__builtin_inff());
  __m512 max = lowest;
  for (size_t i = 0; i < count; i += 16) {
    const __m512 v = _mm512_mul_ps(load(x + i, count - i), factor16);
    // vmaxps returns its second operand when the first is NaN.
    max = _mm512_mask_max_ps(max, lane_mask(count - i), v, max);
  }
  *largest = _mm512_reduce_max_ps(max);
  const __m512 largest16 = _mm512_set1_ps(*largest);
  __m512 sum = _mm512_setzero_ps();
  for (size_t i = 0; i < count; i += 16) {
    const __m512 v = load(x + i, count - i);
    const __mmask16 counts = _mm512_mask_cmp_ps_mask(lane_mask(count - i), v, lowest, _CMP_GT_OQ);
    const __m512 e = exp16(_mm512_sub_ps(_mm512_mul_ps(v, factor16), largest16));
    sum = _mm512_mask_add_ps(sum, counts, sum, e);
  }
  return _mm512_reduce_add_ps(sum);
}

// ---- Attention ----------------------------------------------------------------------------------

__m256 fold(__m512 v) {
  return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
}

// The dot products of `query` with four keys.
__m128 dot4(const float* query, const float* const (&keys)[4], size_t head_dim) {
  __m512 sums[4];
#pragma GCC unroll 4
  for (int u = 0; u < 4; ++u) sums[u] = _mm512_setzero_ps();
  for (size_t d = 0; d < head_dim; d += 16) {
    const __m512 q = load(query + d, head_dim - d);
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      sums[u] = _mm512_fmadd_ps(q, load(keys[u] + d, head_dim - d), sums[u]);
    }
  }
  const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(fold(sums[0]), fold(sums[1])),
                                      _mm256_hadd_ps(fold(sums[2]), fold(sums[3])));
  return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

// out[d] (+)= sum_t weights[t] values[t][d] for the first `width` numbers, kVectors * 16 at most;
// four keys at a time, each with its own sums.
template <int kVectors>
void add_values(const float* weights, const float* values, size_t stride, size_t count,
                bool is_first, float* out, size_t width) {
  __m512 sums[kVectors][4];
  __mmask16 masks[kVectors];
#pragma GCC unroll 4
  for (int u = 0; u < kVectors; ++u) {
    masks[u] = lane_mask(width - 16 * static_cast<size_t>(u));
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) sums[u][j] = _mm512_setzero_ps();
  }
  size_t t = 0;
  for (; t + 4 <= count; t += 4, values += 4 * stride) {
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; ++j) {
      const __m512 w = _mm512_set1_ps(weights[t + j]);
#pragma GCC unroll 4
      for (int u = 0; u < kVectors; ++u) {
        const __m512 v = _mm512_maskz_loadu_ps(masks[u], values + j * stride + 16 * u);
        sums[u][j] = _mm512_fmadd_ps(w, v, sums[u][j]);
      }
    }
  }
  for (; t < count; ++t, values += stride) {
    const __m512 w = _mm512_set1_ps(weights[t]);
#pragma GCC unroll 4
    for (int u = 0; u < kVectors; ++u) {
      const __m512 v = _mm512_maskz_loadu_ps(masks[u], values + 16 * u);
      sums[u][0] = _mm512_fmadd_ps(w, v, sums[u][0]);
    }
  }
#pragma GCC unroll 4
  for (int u = 0; u < kVectors; ++u) {
    const __m512 sum =
        _mm512_add_ps(_mm512_add_ps(sums[u][0], sums[u][1]), _mm512_add_ps(sums[u][2], sums[u][3]));
    const __m512 before =
        is_first ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(masks[u], out + 16 * u);
    _mm512_mask_storeu_ps(out + 16 * u, masks[u], _mm512_add_ps(before, sum));
  }
}

// Keys are summed in blocks of this many, and the blocks then: errors of long sums do not pile up.
constexpr size_t kBlockKeys = 128;

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
    _mm_mask_storeu_ps(weights + t, static_cast<__mmask8>(lane_mask(count - t)), scores);
  }
  __m512 largest = _mm512_set1_ps(weights[0]);
  for (size_t t = 0; t < count; t += 16) {
    largest =
        _mm512_mask_max_ps(largest, lane_mask(count - t), largest, load(weights + t, count - t));
  }
  largest = _mm512_set1_ps(_mm512_reduce_max_ps(largest));
  __m512 factor = _mm512_mask_mov_ps(_mm512_set1_ps(1), 1, _mm512_set1_ps(first_weight));
  __m512 total = _mm512_setzero_ps();
  for (size_t t = 0; t < count; t += 16) {
    const __m512 e = exp16(_mm512_sub_ps(load(weights + t, count - t), largest));
    const __m512 w = _mm512_maskz_mul_ps(lane_mask(count - t), e, factor);
    factor = _mm512_set1_ps(1);
    total = _mm512_add_ps(total, w);
    store(weights + t, w, count - t);
  }
  const __m512 inverse = _mm512_set1_ps(1 / _mm512_reduce_add_ps(total));
  for (size_t t = 0; t < count; t += 16) {
    store(weights + t, _mm512_mul_ps(load(weights + t, count - t), inverse), count - t);
  }
  for (size_t t = 0; t < count; t += kBlockKeys) {
    const size_t block = count - t < kBlockKeys ? count - t : kBlockKeys;
    for (size_t d = 0; d < head_dim; d += 64) {
      const float* v = values + t * stride + d;
      const size_t width = head_dim - d;
      if (width > 48) {
        add_values<4>(weights + t, v, stride, block, t == 0, out + d, width);
      } else if (width > 32) {
        add_values<3>(weights + t, v, stride, block, t == 0, out + d, width);
      } else if (width > 16) {
        add_values<2>(weights + t, v, stride, block, t == 0, out + d, width);
      } else {
        add_values<1>(weights + t, v, stride, block, t == 0, out + d, width);
      }
    }
  }
}

// The block kernel keeps sixteen queries side by side in a vector: their products with the keys are
// a matrix product, their softmaxes need no sums across lanes.
constexpr size_t kQueries = 16;

// tile[d][i] = scale * query i's number d, zero for the queries from query_count on.
void pack_queries(const float* queries, size_t query_stride, size_t query_count, size_t head_dim,
                  float scale, float* tile) {
  const __mmask16 lanes = lane_mask(query_count);
  const __m512i offsets =
      _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32(static_cast<int32_t>(query_stride)));
  for (size_t d = 0; d < head_dim; ++d) {
    const __m512 column =
        _mm512_mask_i32gather_ps(_mm512_setzero_ps(), lanes, offsets, queries + d, sizeof(float));
    _mm512_store_ps(tile + d * kQueries, _mm512_mul_ps(column, _mm512_set1_ps(scale)));
  }
}

// The queries that see key t: all before `common`, then one fewer a key.
__mmask16 visible_lanes(size_t t, size_t common) {
  return t < common ? __mmask16(0xffff) : static_cast<__mmask16>(0xffffu << (t + 1 - common));
}

// scores [count][16] become e^(score - largest), key 0's times first_weight, hidden ones 0; the
// result is 1 / their sums over the keys.
__m512 exponentials(float* scores, size_t count, size_t common, float first_weight) {
  __m512 largest = _mm512_load_ps(scores), second = largest;
  size_t t = 1;
  for (; t + 2 <= common; t += 2) {
    largest = _mm512_max_ps(largest, _mm512_load_ps(scores + t * kQueries));
    second = _mm512_max_ps(second, _mm512_load_ps(scores + (t + 1) * kQueries));
  }
  for (; t < count; ++t) {
    largest = _mm512_mask_max_ps(largest, visible_lanes(t, common), largest,
                                 _mm512_load_ps(scores + t * kQueries));
  }
  largest = _mm512_max_ps(largest, second);
  __m512 total = _mm512_setzero_ps();
  for (size_t block = 0; block < count; block += kBlockKeys) {
    const size_t end = count - block < kBlockKeys ? count : block + kBlockKeys;
    __m512 sum = _mm512_setzero_ps();
    for (t = block; t < end; ++t) {
      __m512 e = exp16(_mm512_sub_ps(_mm512_load_ps(scores + t * kQueries), largest));
      e = _mm512_maskz_mov_ps(visible_lanes(t, common), e);
      if (t == 0) e = _mm512_mul_ps(e, _mm512_set1_ps(first_weight));
      _mm512_store_ps(scores + t * kQueries, e);
      sum = _mm512_add_ps(sum, e);
    }
    total = _mm512_add_ps(total, sum);
  }
  return _mm512_div_ps(_mm512_set1_ps(1), total);
}

// out[i][d] (+)= sum_t weights[t][i] values[t][d] for kRows queries and the first `width` numbers,
// kVectors * 16 at most; at the end times inverse[i], if not null.
template <int kRows, int kVectors>
void add_weighted(const float* weights, const float* values, size_t stride, size_t count,
                  bool is_first, const float* inverse, float* out, size_t out_stride,
                  size_t width) {
  __m512 sums[kRows][kVectors];
  __mmask16 masks[kVectors];
#pragma GCC unroll 4
  for (int u = 0; u < kVectors; ++u) {
    masks[u] = lane_mask(width - 16 * static_cast<size_t>(u));
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) sums[i][u] = _mm512_setzero_ps();
  }
  for (size_t t = 0; t < count; ++t, weights += kQueries, values += stride) {
    __m512 v[kVectors];
#pragma GCC unroll 4
    for (int u = 0; u < kVectors; ++u) v[u] = _mm512_maskz_loadu_ps(masks[u], values + 16 * u);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m512 w = _mm512_set1_ps(weights[i]);
#pragma GCC unroll 4
      for (int u = 0; u < kVectors; ++u) sums[i][u] = _mm512_fmadd_ps(w, v[u], sums[i][u]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i, out += out_stride) {
#pragma GCC unroll 4
    for (int u = 0; u < kVectors; ++u) {
      __m512 sum = sums[i][u];
      if (!is_first) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(masks[u], out + 16 * u));
      if (inverse != nullptr) sum = _mm512_mul_ps(sum, _mm512_set1_ps(inverse[i]));
      _mm512_mask_storeu_ps(out + 16 * u, masks[u], sum);
    }
  }
}

template <int kRows>
void add_weighted_rows(const float* weights, const float* values, size_t stride, size_t count,
                       bool is_first, const float* inverse, float* out, size_t out_stride,
                       size_t head_dim) {
  for (size_t d = 0; d < head_dim; d += 32) {
    if (head_dim - d > 16) {
      add_weighted<kRows, 2>(weights, values + d, stride, count, is_first, inverse, out + d,
                             out_stride, head_dim - d);
    } else {
      add_weighted<kRows, 1>(weights, values + d, stride, count, is_first, inverse, out + d,
                             out_stride, head_dim - d);
    }
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
  const size_t common = step == 0 ? count : count - query_count + 1;
  _mm512_storeu_ps(inverse, exponentials(scores, count, common, first_weight));
  for (size_t t = 0; t < count; t += kBlockKeys) {
    const size_t block = count - t < kBlockKeys ? count - t : kBlockKeys;
    const bool is_last = t + block == count;
    const float* weights = scores + t * kQueries;
    const float* v = values + t * stride;
    size_t i = 0;
    for (; i + 8 <= query_count; i += 8) {
      add_weighted_rows<8>(weights + i, v, stride, block, t == 0, is_last ? inverse + i : nullptr,
                           out + i * out_stride, out_stride, head_dim);
    }
    for (; i + 4 <= query_count; i += 4) {
      add_weighted_rows<4>(weights + i, v, stride, block, t == 0, is_last ? inverse + i : nullptr,
                           out + i * out_stride, out_stride, head_dim);
    }
    for (; i < query_count; ++i) {
      add_weighted_rows<1>(weights + i, v, stride, block, t == 0, is_last ? inverse + i : nullptr,
                           out + i * out_stride, out_stride, head_dim);
    }
  }
}

}  // namespace

void init_avx512vnni(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_AVX512VNNI
