// SPDX-License-Identifier: Apache-2.0
//
// What every aarch64 CPU has.
#include "target.h"

#if PINTLE_HAVE_NEON
#include "kernels.h"

PINTLE_BASELINE_BEGIN
#include <arm_neon.h>

namespace pintle {
namespace {

// ---- Vectors of four ----------------------------------------------------------------------------

// The first `count` floats (four if there are more) of p; the other lanes are zero.
float32x4_t load(const float* p, size_t count) {
  if (count >= 4) return vld1q_f32(p);
  float lanes[4] = {0, 0, 0, 0};
  for (size_t i = 0; i < count; ++i) lanes[i] = p[i];
  return vld1q_f32(lanes);
}

void store(float* p, float32x4_t v, size_t count) {
  if (count >= 4) return vst1q_f32(p, v);
  float lanes[4];
  vst1q_f32(lanes, v);
  for (size_t i = 0; i < count; ++i) p[i] = lanes[i];
}

// All ones in the first `count` lanes.
uint32x4_t lane_mask(size_t count) {
  const uint32_t lanes[4] = {0, 1, 2, 3};
  return vcltq_u32(vld1q_u32(lanes), vdupq_n_u32(count < 4 ? static_cast<uint32_t>(count) : 4));
}

float32x4_t load_half4(const uint16_t* p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

// Four bytes of `p`, repeated.
int8x16_t broadcast4(const int8_t* p) {
  int32_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return vreinterpretq_s8_s32(vdupq_n_s32(value));
}

// e^v: v = n ln 2 + r with |r| <= ln 2 / 2, and a minimax polynomial in r (relative error 3e-9
// before rounding; about 1.5 ulp in all). Below -87.3 it stays at e^-87.3 = 1.2e-38; above 88.4 it
// is infinite.
float32x4_t exp4(float32x4_t v) {
  v = vminq_f32(vmaxq_f32(v, vdupq_n_f32(-87.3f)), vdupq_n_f32(88.8f));
  const float32x4_t n = vrndnq_f32(vmulq_f32(v, vdupq_n_f32(1.44269504f)));
  float32x4_t r = vfmsq_f32(v, n, vdupq_n_f32(0x1.62e4p-1f));  // ln 2 in two parts
  r = vfmsq_f32(r, n, vdupq_n_f32(0x1.7f7d1cp-20f));
  float32x4_t p = vdupq_n_f32(0x1.6a2350p-10f);
  p = vfmaq_f32(vdupq_n_f32(0x1.123a6cp-7f), p, r);
  p = vfmaq_f32(vdupq_n_f32(0x1.5558f4p-5f), p, r);
  p = vfmaq_f32(vdupq_n_f32(0x1.555490p-3f), p, r);
  p = vfmaq_f32(vdupq_n_f32(0x1.fffffcp-2f), p, r);
  p = vfmaq_f32(vdupq_n_f32(1), p, r);
  p = vfmaq_f32(vdupq_n_f32(1), p, r);
  const int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
  return vmulq_f32(p, vreinterpretq_f32_s32(power));
}

// ---- Matrix-vector products ---------------------------------------------------------------------

struct Floats16 {
  float32x4_t v[4];
};

Floats16 load16(const float* p) {
  return {{vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
}
Floats16 load16(const uint16_t* p) {
  return {{load_half4(p), load_half4(p + 4), load_half4(p + 8), load_half4(p + 12)}};
}

// Even and odd columns have sums of their own: eight chains hide the latency of the FMA.
template <typename Weight>
void matvec_float(const Weight* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  for (size_t p = 0; p < panel_count; ++p, y += kPanelRows) {
    float32x4_t even[4], odd[4];
#pragma GCC unroll 8
    for (int u = 0; u < 4; ++u) even[u] = odd[u] = vdupq_n_f32(0);
    size_t k = 0;
    for (; k + 2 <= cols; k += 2, panels += 2 * kPanelRows) {
      const float32x2_t factors = vld1_f32(x + k);
      const Floats16 w0 = load16(panels), w1 = load16(panels + kPanelRows);
#pragma GCC unroll 8
      for (int u = 0; u < 4; ++u) {
        even[u] = vfmaq_lane_f32(even[u], w0.v[u], factors, 0);
        odd[u] = vfmaq_lane_f32(odd[u], w1.v[u], factors, 1);
      }
    }
    if (k < cols) {
      const Floats16 w = load16(panels);
      panels += kPanelRows;
#pragma GCC unroll 8
      for (int u = 0; u < 4; ++u) even[u] = vfmaq_n_f32(even[u], w.v[u], x[k]);
    }
#pragma GCC unroll 8
    for (int u = 0; u < 4; ++u) vst1q_f32(y + 4 * u, vaddq_f32(even[u], odd[u]));
  }
}

void matvec_f32(const float* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

void matvec_f16(const uint16_t* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

void store16(float* p, const Floats16& x) {
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) vst1q_f32(p + 4 * q, x.v[q]);
}

// How far ahead scans prefetch: the hardware's prefetchers stop at every page's end.
constexpr size_t kScanAheadBytes = 4096;

// Asks for `kLines` cache lines further on, past the tensor's end too: nothing is read. Part of the
// products' loops, as a loop of its own would take four instructions a line. Inlined, as GCC takes a
// function that only prefetches for one without effect and leaves out calls to it.
template <uintptr_t kLines>
__attribute__((always_inline)) inline void prefetch(const void* p) {
  const uintptr_t ahead = reinterpret_cast<uintptr_t>(p) + kScanAheadBytes;
#pragma GCC unroll 4
  for (uintptr_t line = 0; line < kLines; ++line) {
    __builtin_prefetch(reinterpret_cast<const void*>(ahead + 64 * line));
  }
}

// Exact: weights widened to 16 bits, products summed in 32; a row's four columns lie in one vector.
template <bool kIsScan>
__attribute__((always_inline)) inline Floats16 panel_s8(const int8_t* w, const float* row_scales,
                                                        size_t cols, const int16_t* x,
                                                        float x_scale) {
  int32x4_t sums[16];
#pragma GCC unroll 16
  for (int r = 0; r < 16; ++r) sums[r] = vdupq_n_s32(0);
  for (size_t k = 0; k < cols; k += 4, w += 4 * kPanelRows) {
    if (kIsScan) prefetch<1>(w);
    const int16x4_t x4 = vld1_s16(x + k);
    const int16x8_t x4_twice = vcombine_s16(x4, x4);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const int8x16_t bytes = vld1q_s8(w + 16 * q);
      const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
      sums[4 * q] = vmlal_s16(sums[4 * q], vget_low_s16(low), x4);
      sums[4 * q + 1] = vmlal_high_s16(sums[4 * q + 1], low, x4_twice);
      sums[4 * q + 2] = vmlal_s16(sums[4 * q + 2], vget_low_s16(high), x4);
      sums[4 * q + 3] = vmlal_high_s16(sums[4 * q + 3], high, x4_twice);
    }
  }
  Floats16 y;
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    const int32x4_t sum = vpaddq_s32(vpaddq_s32(sums[4 * q], sums[4 * q + 1]),
                                     vpaddq_s32(sums[4 * q + 2], sums[4 * q + 3]));
    const float32x4_t scale = vmulq_f32(vld1q_f32(row_scales + 4 * q), vdupq_n_f32(x_scale));
    y.v[q] = vmulq_f32(vcvtq_f32_s32(sum), scale);
  }
  return y;
}

void matvec_s8(const int8_t* panels, const float* row_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  for (size_t p = 0; p < panel_count; ++p) {
    store16(y + p * kPanelRows, panel_s8<false>(panels + p * cols * kPanelRows,
                                                row_scales + p * kPanelRows, cols, x, x_scale));
  }
}

// s4 splits x = 128 high + low with low in [-64, 63]: products of bytes then sum up in 16 bits, 8
// of at most 15 * 128 each.
constexpr size_t kPlaneCols = 1024;

struct Planes {
  int8_t high[kPlaneCols];
  int8_t low[kPlaneCols];
  int32_t offset[kPlaneCols / kGroupCols];  // per group: 8 sum(x), what the nibbles' + 8 adds
};

void split(const int16_t* x, size_t cols, Planes* planes) {
  for (size_t g = 0; g < cols / kGroupCols; ++g) {
    int32x4_t sum = vdupq_n_s32(0);
    for (size_t i = g * kGroupCols; i < (g + 1) * kGroupCols; i += 8) {
      const int16x8_t v = vld1q_s16(x + i);
      sum = vpadalq_s16(sum, v);
      const int16x8_t high = vshrq_n_s16(vaddq_s16(v, vdupq_n_s16(64)), 7);
      vst1_s8(planes->high + i, vmovn_s16(high));
      vst1_s8(planes->low + i, vmovn_s16(vsubq_s16(v, vshlq_n_s16(high, 7))));
    }
    planes->offset[g] = 8 * vaddvq_s32(sum);
  }
}

// Per four rows: two vectors of two rows by four columns.
struct GroupSums {
  int16x8_t low[4], high[4];
};

int16x8_t add_products(int16x8_t sum, int8x8_t first, int8x8_t second, int8x16_t x_first,
                       int8x16_t x_second) {
  sum = vmlal_s8(sum, first, vget_low_s8(x_first));
  return vmlal_s8(sum, second, vget_low_s8(x_second));
}

int32x4_t row_sums(int16x8_t low, int16x8_t high) {
  return vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
}

// The dot products of one group of columns for the 16 rows; `block` points to their bytes. Inlined:
// else the results would go through memory.
__attribute__((always_inline)) inline void dot_group(const uint8_t* block, const int8_t* high,
                                                     const int8_t* low, int32_t offset,
                                                     int32x4_t (&dots)[4]) {
  GroupSums by_high, by_low;
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    by_high.low[q] = by_high.high[q] = by_low.low[q] = by_low.high[q] = vdupq_n_s16(0);
  }
  for (size_t b = 0; b < kGroupCols / 8; ++b) {
    const int8x16_t high0 = broadcast4(high + 8 * b), high1 = broadcast4(high + 8 * b + 4);
    const int8x16_t low0 = broadcast4(low + 8 * b), low1 = broadcast4(low + 8 * b + 4);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const uint8x16_t bytes = vld1q_u8(block + (b * 4 + static_cast<size_t>(q)) * 16);
      const int8x16_t first = vreinterpretq_s8_u8(vandq_u8(bytes, vdupq_n_u8(15)));
      const int8x16_t second = vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4));
      const int8x8_t first_low = vget_low_s8(first), first_high = vget_high_s8(first);
      const int8x8_t second_low = vget_low_s8(second), second_high = vget_high_s8(second);
      by_high.low[q] = add_products(by_high.low[q], first_low, second_low, high0, high1);
      by_high.high[q] = add_products(by_high.high[q], first_high, second_high, high0, high1);
      by_low.low[q] = add_products(by_low.low[q], first_low, second_low, low0, low1);
      by_low.high[q] = add_products(by_low.high[q], first_high, second_high, low0, low1);
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    const int32x4_t sum = vaddq_s32(vshlq_n_s32(row_sums(by_high.low[q], by_high.high[q]), 7),
                                    row_sums(by_low.low[q], by_low.high[q]));
    dots[q] = vsubq_s32(sum, vdupq_n_s32(offset));
  }
}

// Adds the columns [start, end) of a panel to `sums`, in f32 group by group. block, scales: of its
// column 0.
template <bool kIsScan>
__attribute__((always_inline)) inline void add_groups(const uint8_t* block, const uint16_t* scales,
                                                      size_t start, size_t end,
                                                      const Planes& planes, Floats16* sums) {
  for (size_t k = start; k < end; k += kGroupCols) {
    if (kIsScan) prefetch<4>(block + k / 2 * kPanelRows);
    int32x4_t dots[4];
    dot_group(block + k / 2 * kPanelRows, planes.high + (k - start), planes.low + (k - start),
              planes.offset[(k - start) / kGroupCols], dots);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const float32x4_t scale = load_half4(scales + k / kGroupCols * kPanelRows + 4 * q);
      sums->v[q] = vaddq_f32(sums->v[q], vmulq_f32(vcvtq_f32_s32(dots[q]), scale));
    }
  }
}

void multiply(float factor, Floats16* x) {
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) x->v[q] = vmulq_f32(vdupq_n_f32(factor), x->v[q]);
}

const Floats16 kZeros = {};

void matvec_s4(const uint8_t* panels, const uint16_t* group_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  Planes planes;
  for (size_t start = 0; start < cols; start += kPlaneCols) {
    const size_t end = cols - start < kPlaneCols ? cols : start + kPlaneCols;
    split(x + start, end - start, &planes);
    for (size_t p = 0; p < panel_count; ++p) {
      float* out = y + p * kPanelRows;
      Floats16 sums = start == 0 ? kZeros : load16(out);
      add_groups<false>(panels + p * (cols / 2) * kPanelRows,
                        group_scales + p * (cols / kGroupCols) * kPanelRows, start, end, planes,
                        &sums);
      if (end == cols) multiply(x_scale, &sums);
      store16(out, sums);
    }
  }
}

// ---- The catalogue scan -------------------------------------------------------------------------

// Bit r: score r is above the threshold, NaN on either side included.
uint32_t mask_above(const Floats16& scores, float threshold) {
  const float32x4_t threshold4 = vdupq_n_f32(threshold);
  const uint32_t bits[4] = {1, 2, 4, 8};
  uint32x4_t mask = vdupq_n_u32(0);
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    const uint32x4_t bit = vshlq_u32(vld1q_u32(bits), vdupq_n_s32(4 * q));
    mask = vorrq_u32(mask, vbicq_u32(bit, vcleq_f32(scores.v[q], threshold4)));
  }
  return vaddvq_u32(mask);
}

void add_bias(const float* bias, Floats16* scores) {
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) scores->v[q] = vaddq_f32(scores->v[q], vld1q_f32(bias + 4 * q));
}

void above_f32(float* scores, const float* bias, size_t panel_count, float threshold,
               uint16_t* masks) {
  for (size_t p = 0; p < panel_count; ++p, scores += kPanelRows) {
    Floats16 v = load16(scores);
    if (bias != nullptr) {
      add_bias(bias + p * kPanelRows, &v);
      store16(scores, v);
    }
    masks[p] = static_cast<uint16_t>(mask_above(v, threshold));
  }
}

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
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    const int8_t* w = panels + p * cols * kPanelRows;
    return panel_s8<true>(w, row_scales + p * kPanelRows, cols, x, x_scale);
  });
}

size_t scan_s4(const uint8_t* panels, const uint16_t* group_scales, const float* bias,
               size_t panel_count, size_t cols, const int16_t* x, float x_scale, float threshold,
               ScanHits* hits) {
  const size_t panel_bytes = cols / 2 * kPanelRows, panel_scales = cols / kGroupCols * kPanelRows;
  if (cols > kPlaneCols) {  // rare: x is split anew for every panel
    return scan(bias, panel_count, threshold, hits, [&](size_t p) {
      float y[kPanelRows] = {};
      matvec_s4(panels + p * panel_bytes, group_scales + p * panel_scales, 1, cols, x, x_scale, y);
      return load16(y);
    });
  }
  Planes planes;
  split(x, cols, &planes);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    const uint8_t* w = panels + p * panel_bytes;
    Floats16 sums = kZeros;
    add_groups<true>(w, group_scales + p * panel_scales, 0, cols, planes, &sums);
    multiply(x_scale, &sums);
    return sums;
  });
}

float quantize_s16(const float* x, size_t count, int32_t max_value, int16_t* q) {
  float32x4_t largest4 = vdupq_n_f32(0);
  for (size_t i = 0; i < count; i += 4) {
    const float32x4_t magnitude = vabsq_f32(load(x + i, count - i));
    largest4 = vbslq_f32(vcgtq_f32(magnitude, largest4), magnitude, largest4);  // false for NaN
  }
  const float largest = vmaxvq_f32(largest4);
  const float limit = static_cast<float>(max_value);
  if (largest == 0 || largest > 0x1.fffffep127f) {
    for (size_t i = 0; i < count; ++i) q[i] = 0;
    return 0;
  }
  const float32x4_t factor = vdupq_n_f32(limit / largest);
  for (size_t i = 0; i < count; i += 4) {
    const float32x4_t v = vmulq_f32(load(x + i, count - i), factor);
    const float32x4_t clamped = vminq_f32(vmaxq_f32(v, vdupq_n_f32(-limit)), vdupq_n_f32(limit));
    const int16x4_t rounded = vmovn_s32(vcvtnq_s32_f32(clamped));  // NaN: 0
    if (count - i >= 4) {
      vst1_s16(q + i, rounded);
    } else {
      int16_t tail[4];
      vst1_s16(tail, rounded);
      for (size_t j = 0; j < count - i; ++j) q[i + j] = tail[j];
    }
  }
  return largest / limit;
}

// ---- Matrix products ----------------------------------------------------------------------------

void unpack_panel_f16(const uint16_t* panel, size_t cols, float* tile) {
  for (size_t i = 0; i < cols * kPanelRows; i += 4) vst1q_f32(tile + i, load_half4(panel + i));
}

void unpack_panel_s8(const int8_t* panel, const float* row_scales, size_t cols, float* tile) {
  for (size_t q = 0; q < 4; ++q) {
    const float32x4_t scale = vld1q_f32(row_scales + 4 * q);
    for (size_t k = 0; k < cols; ++k) {
      // A row's four bytes fill a lane; byte k % 4 goes to the top and comes down with its sign.
      const int32x4_t rows = vreinterpretq_s32_s8(vld1q_s8(panel + k / 4 * 64 + q * 16));
      const int32x4_t shift = vdupq_n_s32(24 - 8 * static_cast<int32_t>(k % 4));
      const int32x4_t w = vshrq_n_s32(vshlq_s32(rows, shift), 24);
      vst1q_f32(tile + k * kPanelRows + 4 * q, vmulq_f32(vcvtq_f32_s32(w), scale));
    }
  }
}

void unpack_panel_s4(const uint8_t* panel, const uint16_t* group_scales, size_t cols, float* tile) {
  for (size_t q = 0; q < 4; ++q) {
    for (size_t k = 0; k < cols; ++k) {
      const float32x4_t scale = load_half4(group_scales + k / kGroupCols * kPanelRows + 4 * q);
      const uint32x4_t rows = vreinterpretq_u32_u8(vld1q_u8(panel + k / 8 * 64 + q * 16));
      const int32_t shift = 8 * static_cast<int32_t>(k % 4) + static_cast<int32_t>(k % 8 & 4);
      const uint32x4_t stored = vandq_u32(vshlq_u32(rows, vdupq_n_s32(-shift)), vdupq_n_u32(15));
      const int32x4_t w = vsubq_s32(vreinterpretq_s32_u32(stored), vdupq_n_s32(8));
      vst1q_f32(tile + k * kPanelRows + 4 * q, vmulq_f32(vcvtq_f32_s32(w), scale));
    }
  }
}

// Must be inlined: only then do the sums stay in registers.
template <int kRows>
__attribute__((always_inline)) inline void add_column(const float* tile,
                                                      const float32x4_t (&factors)[kRows], int lane,
                                                      float32x4_t (&sums)[kRows][4]) {
  const Floats16 t = load16(tile);
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      switch (lane) {
        case 0:
          sums[i][u] = vfmaq_laneq_f32(sums[i][u], t.v[u], factors[i], 0);
          break;
        case 1:
          sums[i][u] = vfmaq_laneq_f32(sums[i][u], t.v[u], factors[i], 1);
          break;
        case 2:
          sums[i][u] = vfmaq_laneq_f32(sums[i][u], t.v[u], factors[i], 2);
          break;
        default:
          sums[i][u] = vfmaq_laneq_f32(sums[i][u], t.v[u], factors[i], 3);
          break;
      }
    }
  }
}

// kRows rows of c by 16 columns, all sums in registers. Every path sums in the same order, so a
// row's bits do not depend on m.
template <int kRows>
void gemm_rows(const float* a, size_t a_stride, size_t cols, const float* tile, const float* bias,
               float* c, size_t c_stride, size_t n) {
  float32x4_t sums[kRows][4];
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) sums[i][u] = vdupq_n_f32(0);
  }
  size_t k = 0;
  for (; k + 4 <= cols; k += 4, tile += 4 * kPanelRows) {
    float32x4_t factors[kRows];
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      factors[i] = vld1q_f32(a + static_cast<size_t>(i) * a_stride + k);
    }
    add_column(tile, factors, 0, sums);
    add_column(tile + kPanelRows, factors, 1, sums);
    add_column(tile + 2 * kPanelRows, factors, 2, sums);
    add_column(tile + 3 * kPanelRows, factors, 3, sums);
  }
  for (; k < cols; ++k, tile += kPanelRows) {
    float32x4_t factors[kRows];
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
      factors[i] = vdupq_n_f32(a[static_cast<size_t>(i) * a_stride + k]);
    }
    add_column(tile, factors, 0, sums);
  }
  float rows[kRows][kPanelRows];
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      const float32x4_t b = bias != nullptr ? vld1q_f32(bias + 4 * u) : vdupq_n_f32(0);
      vst1q_f32(rows[i] + 4 * u, vaddq_f32(sums[i][u], b));
    }
  }
  for (int i = 0; i < kRows; ++i, c += c_stride) {
    for (size_t r = 0; r < n; ++r) c[r] = rows[i][r];
  }
}

void gemm_tile_f32(const float* a, size_t a_stride, size_t m, size_t cols, const float* tile,
                   const float* bias, float* c, size_t c_stride, size_t n) {
  for (; m >= 4; m -= 4, a += 4 * a_stride, c += 4 * c_stride) {
    gemm_rows<4>(a, a_stride, cols, tile, bias, c, c_stride, n);
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

struct Doubles4 {
  float64x2_t low, high;
};

Doubles4 load_doubles(const float* p, size_t count) {
  const float32x4_t v = load(p, count);
  return {vcvt_f64_f32(vget_low_f32(v)), vcvt_high_f64_f32(v)};
}

// In double, for the reason that kernels_scalar.cpp gives.
void layer_norm_f32(const float* x, const float* gain, const float* bias, float eps, size_t count,
                    float* y) {
  const double size = static_cast<double>(count);
  float64x2_t sum_low = vdupq_n_f64(0), sum_high = vdupq_n_f64(0);
  for (size_t i = 0; i < count; i += 4) {
    const Doubles4 v = load_doubles(x + i, count - i);
    sum_low = vaddq_f64(sum_low, v.low);
    sum_high = vaddq_f64(sum_high, v.high);
  }
  const float64x2_t mean = vdupq_n_f64(vaddvq_f64(vaddq_f64(sum_low, sum_high)) / size);
  sum_low = sum_high = vdupq_n_f64(0);
  for (size_t i = 0; i < count; i += 4) {
    const Doubles4 v = load_doubles(x + i, count - i);
    float64x2_t low = vsubq_f64(v.low, mean), high = vsubq_f64(v.high, mean);
    if (count - i < 4) {  // at most lanes 0 ... 2 hold numbers
      if (count - i < 2) low = vsetq_lane_f64(0, low, 1);
      if (count - i < 3) high = vsetq_lane_f64(0, high, 0);
      high = vsetq_lane_f64(0, high, 1);
    }
    sum_low = vfmaq_f64(sum_low, low, low);
    sum_high = vfmaq_f64(sum_high, high, high);
  }
  const double variance = vaddvq_f64(vaddq_f64(sum_low, sum_high)) / size;
  const float64x2_t factor = vdivq_f64(vdupq_n_f64(1), vsqrtq_f64(vdupq_n_f64(variance + eps)));
  for (size_t i = 0; i < count; i += 4) {
    const Doubles4 v = load_doubles(x + i, count - i), g = load_doubles(gain + i, count - i),
                   b = load_doubles(bias + i, count - i);
    const float64x2_t low = vfmaq_f64(b.low, vmulq_f64(vsubq_f64(v.low, mean), factor), g.low);
    const float64x2_t high = vfmaq_f64(b.high, vmulq_f64(vsubq_f64(v.high, mean), factor), g.high);
    store(y + i, vcvt_high_f32_f64(vcvt_f32_f64(low), high), count - i);
  }
}

// Not vmaxq_f32: it would turn -0 into 0.
float32x4_t relu4(float32x4_t v) {
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(v), vcltzq_f32(v)));
}

float32x4_t silu4(float32x4_t v) {
  return vdivq_f32(v, vaddq_f32(vdupq_n_f32(1), exp4(vnegq_f32(v))));
}

// x/2 (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3).
float32x4_t gelu_tanh4(float32x4_t v) {
  const float32x4_t factor =
      vfmaq_f32(vdupq_n_f32(-1.5957691f), vmulq_f32(v, v), vdupq_n_f32(-0.071354816f));
  return vdivq_f32(v, vaddq_f32(vdupq_n_f32(1), exp4(vmulq_f32(v, factor))));
}

// erfc(z) = (a1 t + ... + a5 t^5) e^(-z^2), t = 1 / (1 + p z): Abramowitz and Stegun 7.1.26,
// absolute error 1.5e-7. The value for +-x is x (1 - erfc / 2) or x erfc / 2.
float32x4_t gelu_erf4(float32x4_t v) {
  const float32x4_t z = vmulq_f32(vabsq_f32(v), vdupq_n_f32(0.70710678f));
  const float32x4_t one = vdupq_n_f32(1);
  const float32x4_t t = vdivq_f32(one, vfmaq_f32(one, z, vdupq_n_f32(0.3275911f)));
  float32x4_t p = vdupq_n_f32(1.061405429f);
  p = vfmaq_f32(vdupq_n_f32(-1.453152027f), p, t);
  p = vfmaq_f32(vdupq_n_f32(1.421413741f), p, t);
  p = vfmaq_f32(vdupq_n_f32(-0.284496736f), p, t);
  p = vfmaq_f32(vdupq_n_f32(0.254829592f), p, t);
  p = vmulq_f32(p, vmulq_f32(t, vdupq_n_f32(0.5f)));
  const float32x4_t tail = vmulq_f32(p, exp4(vnegq_f32(vmulq_f32(z, z))));
  return vmulq_f32(v, vbslq_f32(vcltzq_f32(v), tail, vsubq_f32(one, tail)));
}

template <typename Function>
void map(float* x, size_t count, Function function) {
  for (size_t i = 0; i < count; i += 4) {
    store(x + i, function(load(x + i, count - i)), count - i);
  }
}

void relu_f32(float* x, size_t count) { map(x, count, relu4); }
void gelu_erf_f32(float* x, size_t count) { map(x, count, gelu_erf4); }
void gelu_tanh_f32(float* x, size_t count) { map(x, count, gelu_tanh4); }
void silu_f32(float* x, size_t count) { map(x, count, silu4); }

float dot_f32(const float* a, const float* b, size_t count) {
  float32x4_t sums[4];
#pragma GCC unroll 4
  for (int u = 0; u < 4; ++u) sums[u] = vdupq_n_f32(0);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      sums[u] = vfmaq_f32(sums[u], vld1q_f32(a + i + 4 * u), vld1q_f32(b + i + 4 * u));
    }
  }
  for (; i < count; i += 4) {
    sums[0] = vfmaq_f32(sums[0], load(a + i, count - i), load(b + i, count - i));
  }
  return vaddvq_f32(vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3])));
}

void axpy_f32(float factor, const float* x, size_t count, float* y) {
  for (size_t i = 0; i < count; i += 4) {
    store(y + i, vfmaq_n_f32(load(y + i, count - i), load(x + i, count - i), factor), count - i);
  }
}

float exp_sum_f32(const float* x, size_t count, float factor, float* largest) {
  const float32x4_t lowest = vdupq_n_f32(-__builtin_inff());
  float32x4_t max = lowest;
  for (size_t i = 0; i < count; i += 4) {
    const float32x4_t v = vmulq_n_f32(load(x + i, count - i), factor);
    const uint32x4_t is_larger = vandq_u32(vcgtq_f32(v, max), lane_mask(count - i));  // not for NaN
    max = vbslq_f32(is_larger, v, max);
  }
  *largest = vmaxvq_f32(max);
  const float32x4_t largest4 = vdupq_n_f32(*largest);
  float32x4_t sum = vdupq_n_f32(0);
  for (size_t i = 0; i < count; i += 4) {
    const float32x4_t v = load(x + i, count - i);
    const uint32x4_t counts = vandq_u32(vcgtq_f32(v, lowest), lane_mask(count - i));
    const float32x4_t e = exp4(vsubq_f32(vmulq_n_f32(v, factor), largest4));
    sum = vaddq_f32(sum, vbslq_f32(counts, e, vdupq_n_f32(0)));
  }
  return vaddvq_f32(sum);
}

// ---- Attention ----------------------------------------------------------------------------------

// The dot products of `query` with four keys.
float32x4_t dot4(const float* query, const float* const (&keys)[4], size_t head_dim) {
  float32x4_t sums[4];
#pragma GCC unroll 4
  for (int u = 0; u < 4; ++u) sums[u] = vdupq_n_f32(0);
  for (size_t d = 0; d < head_dim; d += 4) {
    const float32x4_t q = load(query + d, head_dim - d);
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) sums[u] = vfmaq_f32(sums[u], q, load(keys[u] + d, head_dim - d));
  }
  return vpaddq_f32(vpaddq_f32(sums[0], sums[1]), vpaddq_f32(sums[2], sums[3]));
}

// out[d] (+)= sum_t weights[t] values[t][d], kVectors * 4 numbers wide.
template <int kVectors>
void add_values(const float* weights, const float* values, size_t stride, size_t count,
                bool is_first, float* out) {
  float32x4_t sums[kVectors];
#pragma GCC unroll 8
  for (int u = 0; u < kVectors; ++u) sums[u] = vdupq_n_f32(0);
  for (size_t t = 0; t < count; ++t, values += stride) {
    const float32x4_t w = vld1q_dup_f32(weights + t);
#pragma GCC unroll 8
    for (int u = 0; u < kVectors; ++u) sums[u] = vfmaq_f32(sums[u], w, vld1q_f32(values + 4 * u));
  }
#pragma GCC unroll 8
  for (int u = 0; u < kVectors; ++u) {
    const float32x4_t before = is_first ? vdupq_n_f32(0) : vld1q_f32(out + 4 * u);
    vst1q_f32(out + 4 * u, vaddq_f32(before, sums[u]));
  }
}

void add_values_tail(const float* weights, const float* values, size_t stride, size_t count,
                     bool is_first, float* out, size_t width) {
  float32x4_t sum = vdupq_n_f32(0);
  for (size_t t = 0; t < count; ++t, values += stride) {
    sum = vfmaq_n_f32(sum, load(values, width), weights[t]);
  }
  store(out, vaddq_f32(is_first ? vdupq_n_f32(0) : load(out, width), sum), width);
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
    store(weights + t, vmulq_n_f32(dot4(query, rows, head_dim), scale), count - t);
  }
  float32x4_t largest = vdupq_n_f32(weights[0]);
  for (size_t t = 0; t < count; t += 4) {
    const float32x4_t score = load(weights + t, count - t);
    largest = vbslq_f32(lane_mask(count - t), vmaxq_f32(largest, score), largest);
  }
  largest = vdupq_n_f32(vmaxvq_f32(largest));
  float32x4_t factor = vsetq_lane_f32(first_weight, vdupq_n_f32(1), 0);
  float32x4_t total = vdupq_n_f32(0);
  for (size_t t = 0; t < count; t += 4) {
    const float32x4_t e = exp4(vsubq_f32(load(weights + t, count - t), largest));
    const float32x4_t w = vbslq_f32(lane_mask(count - t), vmulq_f32(e, factor), vdupq_n_f32(0));
    factor = vdupq_n_f32(1);
    total = vaddq_f32(total, w);
    store(weights + t, w, count - t);
  }
  const float inverse = 1 / vaddvq_f32(total);
  for (size_t t = 0; t < count; t += 4) {
    store(weights + t, vmulq_n_f32(load(weights + t, count - t), inverse), count - t);
  }
  for (size_t t = 0; t < count; t += kBlockKeys) {
    const size_t block = count - t < kBlockKeys ? count - t : kBlockKeys;
    const float* v = values + t * stride;
    size_t d = 0;
    for (; d + 32 <= head_dim; d += 32) {
      add_values<8>(weights + t, v + d, stride, block, t == 0, out + d);
    }
    for (; d + 16 <= head_dim; d += 16) {
      add_values<4>(weights + t, v + d, stride, block, t == 0, out + d);
    }
    for (; d + 4 <= head_dim; d += 4) {
      add_values<1>(weights + t, v + d, stride, block, t == 0, out + d);
    }
    if (d < head_dim) {
      add_values_tail(weights + t, v + d, stride, block, t == 0, out + d, head_dim - d);
    }
  }
}

// The block kernel keeps sixteen queries side by side in four vectors: their products with the keys
// are a matrix product, their softmaxes need no sums across lanes.
constexpr size_t kQueries = 16;

// tile[d][i] = scale * query i's number d, zero for the queries from query_count on.
void pack_queries(const float* queries, size_t query_stride, size_t query_count, size_t head_dim,
                  float scale, float* tile) {
  for (size_t first = 0; first < kQueries; first += 4) {
    for (size_t d = 0; d < head_dim; d += 4) {
      float32x4_t rows[4];
#pragma GCC unroll 4
      for (size_t i = 0; i < 4; ++i) {
        rows[i] = first + i < query_count
                      ? load(queries + (first + i) * query_stride + d, head_dim - d)
                      : vdupq_n_f32(0);
        rows[i] = vmulq_n_f32(rows[i], scale);
      }
      const float32x4x2_t low = vzipq_f32(rows[0], rows[2]), high = vzipq_f32(rows[1], rows[3]);
      const float32x4x2_t first_pair = vzipq_f32(low.val[0], high.val[0]);
      const float32x4x2_t second_pair = vzipq_f32(low.val[1], high.val[1]);
      vst1q_f32(tile + d * kQueries + first, first_pair.val[0]);
      vst1q_f32(tile + (d + 1) * kQueries + first, first_pair.val[1]);
      vst1q_f32(tile + (d + 2) * kQueries + first, second_pair.val[0]);
      vst1q_f32(tile + (d + 3) * kQueries + first, second_pair.val[1]);
    }
  }
}

// Which of the queries from `first` on see key t: all before `common`, then one fewer a key.
uint32x4_t visible_lanes(size_t t, size_t common, size_t first) {
  const uint32_t lanes[4] = {0, 1, 2, 3};
  const size_t hidden = t < common ? 0 : t + 1 - common;
  const size_t before = hidden > first ? hidden - first : 0;
  return vcgeq_u32(vld1q_u32(lanes), vdupq_n_u32(static_cast<uint32_t>(before)));
}

// scores [count][16] become e^(score - largest), key 0's times first_weight, hidden ones 0;
// inverse[i] = 1 / their sum over the keys.
void exponentials(float* scores, size_t count, size_t common, float first_weight, float* inverse) {
  for (size_t first = 0; first < kQueries; first += 4) {
    float* column = scores + first;
    float32x4_t largest = vld1q_f32(column);
    for (size_t t = 1; t < count; ++t) {
      const float32x4_t score = vld1q_f32(column + t * kQueries);
      const float32x4_t larger = vmaxq_f32(largest, score);
      largest = t < common ? larger : vbslq_f32(visible_lanes(t, common, first), larger, largest);
    }
    float32x4_t total = vdupq_n_f32(0);
    for (size_t block = 0; block < count; block += kBlockKeys) {
      const size_t end = count - block < kBlockKeys ? count : block + kBlockKeys;
      float32x4_t sum = vdupq_n_f32(0);
      for (size_t t = block; t < end; ++t) {
        float32x4_t e = exp4(vsubq_f32(vld1q_f32(column + t * kQueries), largest));
        if (t == 0) e = vmulq_n_f32(e, first_weight);
        if (t >= common) e = vbslq_f32(visible_lanes(t, common, first), e, vdupq_n_f32(0));
        vst1q_f32(column + t * kQueries, e);
        sum = vaddq_f32(sum, e);
      }
      total = vaddq_f32(total, sum);
    }
    vst1q_f32(inverse + first, vdivq_f32(vdupq_n_f32(1), total));
  }
}

// out[i][d] (+)= sum_t weights[t][i] values[t][d] for the four queries from weights on and
// kVectors * 4 numbers, or `width` < 4 if kVectors is 0; at the end times inverse[i], if not null.
// Rows from `rows` on are not written.
template <int kVectors>
void add_weighted(const float* weights, const float* values, size_t stride, size_t count,
                  bool is_first, const float* inverse, float* out, size_t out_stride, size_t rows,
                  size_t width) {
  constexpr int kWide = kVectors == 0 ? 1 : kVectors;
  float32x4_t sums[4][kWide];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
#pragma GCC unroll 4
    for (int u = 0; u < kWide; ++u) sums[i][u] = vdupq_n_f32(0);
  }
  for (size_t t = 0; t < count; ++t, weights += kQueries, values += stride) {
    const float32x4_t w = vld1q_f32(weights);
#pragma GCC unroll 4
    for (int u = 0; u < kWide; ++u) {
      const float32x4_t v = kVectors == 0 ? load(values, width) : vld1q_f32(values + 4 * u);
      sums[0][u] = vfmaq_laneq_f32(sums[0][u], v, w, 0);
      sums[1][u] = vfmaq_laneq_f32(sums[1][u], v, w, 1);
      sums[2][u] = vfmaq_laneq_f32(sums[2][u], v, w, 2);
      sums[3][u] = vfmaq_laneq_f32(sums[3][u], v, w, 3);
    }
  }
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i, out += out_stride) {
    if (i >= rows) return;
#pragma GCC unroll 4
    for (int u = 0; u < kWide; ++u) {
      const size_t left = kVectors == 0 ? width : 4;
      float32x4_t sum = sums[i][u];
      if (!is_first) sum = vaddq_f32(sum, load(out + 4 * u, left));
      if (inverse != nullptr) sum = vmulq_n_f32(sum, inverse[i]);
      store(out + 4 * u, sum, left);
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
  float inverses[kQueries];
  const size_t common = step == 0 ? count : count - query_count + 1;
  exponentials(scores, count, common, first_weight, inverses);
  for (size_t t = 0; t < count; t += kBlockKeys) {
    const size_t block = count - t < kBlockKeys ? count - t : kBlockKeys;
    for (size_t i = 0; i < query_count; i += 4) {
      const float* weights = scores + t * kQueries + i;
      const float* v = values + t * stride;
      const float* inverse = t + block == count ? inverses + i : nullptr;
      float* rows = out + i * out_stride;
      const size_t left = query_count - i;
      size_t d = 0;
      for (; d + 16 <= head_dim; d += 16) {
        add_weighted<4>(weights, v + d, stride, block, t == 0, inverse, rows + d, out_stride, left,
                        16);
      }
      for (; d + 4 <= head_dim; d += 4) {
        add_weighted<1>(weights, v + d, stride, block, t == 0, inverse, rows + d, out_stride, left,
                        4);
      }
      if (d < head_dim) {
        add_weighted<0>(weights, v + d, stride, block, t == 0, inverse, rows + d, out_stride, left,
                        head_dim - d);
      }
    }
  }
}

}  // namespace

void init_neon(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_BASELINE_END
#endif  // PINTLE_HAVE_NEON
