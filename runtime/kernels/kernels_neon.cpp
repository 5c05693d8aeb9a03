// SPDX-License-Identifier: Apache-2.0
//
// What every aarch64 CPU has.
#include "target.h"

#if PINTLE_HAVE_NEON
#include "kernels.h"
#include "vectors_neon.h"

// Over the vectors:
#include "float_activations.h"
#include "float_attention.h"
#include "float_norms.h"
#include "float_products.h"

PINTLE_BASELINE_BEGIN
#include <arm_neon.h>

namespace pintle {
namespace {

// Four bytes of `p`, repeated.
int8x16_t broadcast4(const int8_t* p) {
  int32_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return vreinterpretq_s8_s32(vdupq_n_s32(value));
}

// ---- Matrix-vector products ---------------------------------------------------------------------

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
      const float32x4_t scale = load_half(scales + k / kGroupCols * kPanelRows + 4 * q);
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
      const float32x4_t scale = load_half(group_scales + k / kGroupCols * kPanelRows + 4 * q);
      const uint32x4_t rows = vreinterpretq_u32_u8(vld1q_u8(panel + k / 8 * 64 + q * 16));
      const int32_t shift = 8 * static_cast<int32_t>(k % 4) + static_cast<int32_t>(k % 8 & 4);
      const uint32x4_t stored = vandq_u32(vshlq_u32(rows, vdupq_n_s32(-shift)), vdupq_n_u32(15));
      const int32x4_t w = vsubq_s32(vreinterpretq_s32_u32(stored), vdupq_n_s32(8));
      vst1q_f32(tile + k * kPanelRows + 4 * q, vmulq_f32(vcvtq_f32_s32(w), scale));
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
