// SPDX-License-Identifier: Apache-2.0
//
// NEON with SDOT (Armv8.2 FEAT_DotProd): the integer matrix-vector products and scans.
#include "target.h"

#if PINTLE_HAVE_NEON_DOTPROD
#include "kernels.h"

PINTLE_TARGET_BEGIN(PINTLE_TARGET_DOTPROD)
#include <arm_neon.h>

namespace pintle {
namespace {

// SDOT sums four products of bytes in 32 bits, and a vector of a panel holds four columns of four
// rows. x = 128 high + low comes in two planes of bytes. All sums are modulo 2^32, and the final
// one is in range.
constexpr size_t kPlaneCols = 1024;

struct Planes {
  int8_t high[kPlaneCols];
  int8_t low[kPlaneCols];
};

// Splits four columns; returns their sum in four parts.
int32x4_t split4(const int16_t* x, size_t k, Planes* planes) {
  const int16x4_t v = vld1_s16(x + k);
  const int16x4_t high = vshr_n_s16(vadd_s16(v, vdup_n_s16(64)), 7);
  const int16x4_t low = vsub_s16(v, vshl_n_s16(high, 7));
  const int8x8_t bytes = vmovn_s16(vcombine_s16(high, low));
  vst1_lane_s32(reinterpret_cast<int32_t*>(planes->high + k), vreinterpret_s32_s8(bytes), 0);
  vst1_lane_s32(reinterpret_cast<int32_t*>(planes->low + k), vreinterpret_s32_s8(bytes), 1);
  return vmovl_s16(v);
}

struct Sums {
  int32x4_t high[4], low[4];  // of rows 0-3, 4-7, 8-11, 12-15
};

void clear(Sums* sums) {
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) sums->high[q] = sums->low[q] = vdupq_n_s32(0);
}

int32x4_t combine(const Sums& sums, int q) {
  return vaddq_s32(vshlq_n_s32(sums.high[q], 7), sums.low[q]);
}

// The helpers below must be inlined: only then do the sums stay in registers.

// Adds four columns of the 16 rows: `w` is their 64 bytes, `lane` where x's bytes are.
template <int kLane>
__attribute__((always_inline)) inline void add_columns(const int8x16_t (&w)[4], int8x16_t x_high,
                                                       int8x16_t x_low, Sums* sums) {
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    sums->high[q] = vdotq_laneq_s32(sums->high[q], w[q], x_high, kLane);
    sums->low[q] = vdotq_laneq_s32(sums->low[q], w[q], x_low, kLane);
  }
}

template <int kLane>
__attribute__((always_inline)) inline void add_s8_columns(const int8_t* w, int8x16_t x_high,
                                                          int8x16_t x_low, Sums* sums) {
  const int8x16_t rows[4] = {vld1q_s8(w), vld1q_s8(w + 16), vld1q_s8(w + 32), vld1q_s8(w + 48)};
  add_columns<kLane>(rows, x_high, x_low, sums);
}

// Eight columns: the low nibbles are the first four.
template <int kLane>
__attribute__((always_inline)) inline void add_s4_columns(const uint8_t* w, int8x16_t x_high,
                                                          int8x16_t x_low, Sums* sums) {
  int8x16_t first[4], second[4];
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    const uint8x16_t bytes = vld1q_u8(w + 16 * q);
    first[q] = vreinterpretq_s8_u8(vandq_u8(bytes, vdupq_n_u8(15)));
    second[q] = vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4));
  }
  add_columns<kLane>(first, x_high, x_low, sums);
  add_columns<kLane + 1>(second, x_high, x_low, sums);
}

int8x16_t broadcast4(const int8_t* p) {
  return vreinterpretq_s8_s32(vld1q_dup_s32(reinterpret_cast<const int32_t*>(p)));
}

struct Floats16 {
  float32x4_t v[4];
};

Floats16 load16(const float* p) {
  return {{vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
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

// Adds `width` columns of a panel to the sums.
template <bool kIsScan>
__attribute__((always_inline)) inline void add_s8_panel(const int8_t* w, size_t width,
                                                        const Planes& planes, Sums* sums) {
  size_t k = 0;
  for (; k + 16 <= width; k += 16, w += 256) {
    if (kIsScan) prefetch<4>(w);
    const int8x16_t high = vld1q_s8(planes.high + k), low = vld1q_s8(planes.low + k);
    add_s8_columns<0>(w, high, low, sums);
    add_s8_columns<1>(w + 64, high, low, sums);
    add_s8_columns<2>(w + 128, high, low, sums);
    add_s8_columns<3>(w + 192, high, low, sums);
  }
  for (; k < width; k += 4, w += 64) {
    if (kIsScan) prefetch<1>(w);
    add_s8_columns<0>(w, broadcast4(planes.high + k), broadcast4(planes.low + k), sums);
  }
}

float32x4_t scaled(int32x4_t sum, const float* row_scales, float x_scale) {
  return vmulq_f32(vcvtq_f32_s32(sum), vmulq_f32(vld1q_f32(row_scales), vdupq_n_f32(x_scale)));
}

void matvec_s8(const int8_t* panels, const float* row_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  Planes planes;
  for (size_t start = 0; start < cols; start += kPlaneCols) {
    const size_t width = cols - start < kPlaneCols ? cols - start : kPlaneCols;
    for (size_t k = 0; k < width; k += 4) split4(x + start, k, &planes);
    for (size_t p = 0; p < panel_count; ++p) {
      float* out = y + p * kPanelRows;
      Sums sums;
      clear(&sums);
      add_s8_panel<false>(panels + (p * cols + start) * kPanelRows, width, planes, &sums);
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
        // The integer sums of the columns before `start` wait in y.
        int32x4_t sum = combine(sums, q);
        if (start != 0) sum = vaddq_s32(sum, vreinterpretq_s32_f32(vld1q_f32(out + 4 * q)));
        if (start + width < cols) {
          vst1q_f32(out + 4 * q, vreinterpretq_f32_s32(sum));
        } else {
          vst1q_f32(out + 4 * q, scaled(sum, row_scales + p * kPanelRows + 4 * q, x_scale));
        }
      }
    }
  }
}

// The planes of `width` columns, and per group 8 sum(x), what the nibbles' + 8 adds.
void split_s4(const int16_t* x, size_t width, Planes* planes, int32_t* offsets) {
  for (size_t g = 0; g < width / kGroupCols; ++g) {
    int32x4_t x_sum = vdupq_n_s32(0);
    for (size_t k = g * kGroupCols; k < (g + 1) * kGroupCols; k += 4) {
      x_sum = vaddq_s32(x_sum, split4(x, k, planes));
    }
    offsets[g] = 8 * vaddvq_s32(x_sum);
  }
}

// Adds `width` columns of a panel to `totals`, in f32 group by group.
template <bool kIsScan>
__attribute__((always_inline)) inline void add_groups(const uint8_t* w, const uint16_t* scales,
                                                      size_t width, const Planes& planes,
                                                      const int32_t* offsets, Floats16* totals) {
  for (size_t k = 0; k < width; k += kGroupCols, w += 256, scales += kPanelRows) {
    if (kIsScan) prefetch<4>(w);
    Sums sums;
    clear(&sums);
    const int8x16_t high0 = vld1q_s8(planes.high + k), high1 = vld1q_s8(planes.high + k + 16);
    const int8x16_t low0 = vld1q_s8(planes.low + k), low1 = vld1q_s8(planes.low + k + 16);
    add_s4_columns<0>(w, high0, low0, &sums);
    add_s4_columns<2>(w + 64, high0, low0, &sums);
    add_s4_columns<0>(w + 128, high1, low1, &sums);
    add_s4_columns<2>(w + 192, high1, low1, &sums);
    const int32x4_t offset = vdupq_n_s32(offsets[k / kGroupCols]);
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const float32x4_t dot = vcvtq_f32_s32(vsubq_s32(combine(sums, q), offset));
      const float32x4_t scale = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(scales + 4 * q)));
      totals->v[q] = vaddq_f32(totals->v[q], vmulq_f32(dot, scale));
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
  int32_t offsets[kPlaneCols / kGroupCols];
  for (size_t start = 0; start < cols; start += kPlaneCols) {
    const size_t width = cols - start < kPlaneCols ? cols - start : kPlaneCols;
    split_s4(x + start, width, &planes, offsets);
    for (size_t p = 0; p < panel_count; ++p) {
      float* out = y + p * kPanelRows;
      Floats16 totals = start == 0 ? kZeros : load16(out);
      add_groups<false>(panels + (p * cols + start) / 2 * kPanelRows,
                        group_scales + (p * cols + start) / kGroupCols * kPanelRows, width, planes,
                        offsets, &totals);
      if (start + width == cols) multiply(x_scale, &totals);
      store16(out, totals);
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
  const size_t panel_bytes = cols * kPanelRows;
  if (cols > kPlaneCols) {  // rare: x is split anew for every panel
    return scan(bias, panel_count, threshold, hits, [&](size_t p) {
      float y[kPanelRows] = {};
      matvec_s8(panels + p * panel_bytes, row_scales + p * kPanelRows, 1, cols, x, x_scale, y);
      return load16(y);
    });
  }
  Planes planes;
  for (size_t k = 0; k < cols; k += 4) split4(x, k, &planes);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    const int8_t* w = panels + p * panel_bytes;
    Sums sums;
    clear(&sums);
    add_s8_panel<true>(w, cols, planes, &sums);
    Floats16 y;
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      y.v[q] = scaled(combine(sums, q), row_scales + p * kPanelRows + 4 * q, x_scale);
    }
    return y;
  });
}

size_t scan_s4(const uint8_t* panels, const uint16_t* group_scales, const float* bias,
               size_t panel_count, size_t cols, const int16_t* x, float x_scale, float threshold,
               ScanHits* hits) {
  const size_t panel_bytes = cols / 2 * kPanelRows, panel_scales = cols / kGroupCols * kPanelRows;
  if (cols > kPlaneCols) {
    return scan(bias, panel_count, threshold, hits, [&](size_t p) {
      float y[kPanelRows] = {};
      matvec_s4(panels + p * panel_bytes, group_scales + p * panel_scales, 1, cols, x, x_scale, y);
      return load16(y);
    });
  }
  Planes planes;
  int32_t offsets[kPlaneCols / kGroupCols];
  split_s4(x, cols, &planes, offsets);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    const uint8_t* w = panels + p * panel_bytes;
    Floats16 totals = kZeros;
    add_groups<true>(w, group_scales + p * panel_scales, cols, planes, offsets, &totals);
    multiply(x_scale, &totals);
    return totals;
  });
}

}  // namespace

void init_neon_dotprod(KernelTable* table) {
  table->matvec_s8 = matvec_s8;
  table->matvec_s4 = matvec_s4;
  table->scan_s8 = scan_s8;
  table->scan_s4 = scan_s4;
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_NEON_DOTPROD
