// SPDX-License-Identifier: Apache-2.0
//
// NEON with SDOT (Armv8.2 FEAT_DotProd): the integer matrix-vector products and scans.
#include "target.h"

#if PINTLE_HAVE_NEON_DOTPROD
#include "kernels.h"

PINTLE_TARGET_BEGIN(PINTLE_TARGET_DOTPROD)
#include "vectors_neon.h"

// Over the vectors:
#include "integer_scan.h"

namespace pintle {
namespace {

// SDOT sums four products of bytes in 32 bits, and a vector of a panel holds four columns of four
// rows. x = 128 high + low comes in two planes of bytes. All sums are modulo 2^32, and the final
// one is in range.
constexpr size_t kPlaneCols = 1024;

struct Planes {
  int8_t high[kPlaneCols];
  int8_t low[kPlaneCols];
  int32_t offsets[kPlaneCols / kGroupCols];  // s4, per group: 8 sum(x), what the nibbles' + 8 adds
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

// Adds `width` columns of a panel to the sums.
template <bool kIsScan>
PINTLE_INLINE void add_s8_panel(const int8_t* w, size_t width, const Planes& planes, Sums* sums) {
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

size_t scan_s8(const int8_t* panels, const float* row_scales, const float* bias, size_t panel_count,
               size_t cols, const int16_t* x, float x_scale, float threshold, ScanHits* hits) {
  const size_t panel_bytes = cols * kPanelRows;
  if (cols > kPlaneCols) {
    return scan_wide(bias, panel_count, threshold, hits, [&](size_t p, float* y) {
      matvec_s8(panels + p * panel_bytes, row_scales + p * kPanelRows, 1, cols, x, x_scale, y);
    });
  }
  Planes planes;
  for (size_t k = 0; k < cols; k += 4) split4(x, k, &planes);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    Sums sums;
    clear(&sums);
    add_s8_panel<true>(panels + p * panel_bytes, cols, planes, &sums);
    Floats16 y;
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      y.v[q] = scaled(combine(sums, q), row_scales + p * kPanelRows + 4 * q, x_scale);
    }
    return y;
  });
}

void split_s4(const int16_t* x, size_t cols, Planes* planes) {
  for (size_t g = 0; g < cols / kGroupCols; ++g) {
    int32x4_t x_sum = vdupq_n_s32(0);
    for (size_t k = g * kGroupCols; k < (g + 1) * kGroupCols; k += 4) {
      x_sum = vaddq_s32(x_sum, split4(x, k, planes));
    }
    planes->offsets[g] = 8 * vaddvq_s32(x_sum);
  }
}

PINTLE_INLINE Floats16 dot_group(const uint8_t* w, const Planes& planes, size_t k) {
  Sums sums;
  clear(&sums);
  const int8x16_t high0 = vld1q_s8(planes.high + k), high1 = vld1q_s8(planes.high + k + 16);
  const int8x16_t low0 = vld1q_s8(planes.low + k), low1 = vld1q_s8(planes.low + k + 16);
  add_s4_columns<0>(w, high0, low0, &sums);
  add_s4_columns<2>(w + 64, high0, low0, &sums);
  add_s4_columns<0>(w + 128, high1, low1, &sums);
  add_s4_columns<2>(w + 192, high1, low1, &sums);
  const int32x4_t offset = vdupq_n_s32(planes.offsets[k / kGroupCols]);
  Floats16 dots;
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) dots.v[q] = vcvtq_f32_s32(vsubq_s32(combine(sums, q), offset));
  return dots;
}

}  // namespace
}  // namespace pintle

// Over these:
#include "integer_s4.h"

namespace pintle {

void init_neon_dotprod(KernelTable* table) {
  table->matvec_s8 = matvec_s8;
  table->matvec_s4 = matvec_s4;
  table->scan_s8 = scan_s8;
  table->scan_s4 = scan_s4;
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_NEON_DOTPROD
