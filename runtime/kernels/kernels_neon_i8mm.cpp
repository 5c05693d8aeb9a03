// SPDX-License-Identifier: Apache-2.0
//
// NEON with SMMLA (Armv8.6 FEAT_I8MM): the int4 products and scans. The int8 ones stay SDOT's, for the reason
// that README.md in this folder gives.
#include "target.h"

#if PINTLE_HAVE_NEON_I8MM
#include "kernels.h"

PINTLE_TARGET_BEGIN(PINTLE_TARGET_I8MM)
#include <arm_neon.h>

namespace pintle {
namespace {

// SMMLA multiplies two rows of eight bytes by two others. The one pair are panel rows, the other
// the two planes of x = 128 high + low, so that one instruction does both planes of two rows. All
// sums are modulo 2^32, and the final one is in range.
constexpr size_t kPlaneCols = 1024;

struct Planes {
  // Per 16 columns: high and low bytes of columns 0-3 and 8-11, then of 4-7 and 12-15.
  int8_t bytes[2 * kPlaneCols];
  // Per group: 2^32 * -8 sum(x), which undoes the nibbles' + 8: as two lanes, nothing for the high
  // plane's sums and that for the low one's.
  int64_t offsets[kPlaneCols / kGroupCols];
};

int8x16_t even_lanes(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s32(vuzp1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
int8x16_t odd_lanes(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s32(vuzp2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}

void split(const int16_t* x, size_t cols, Planes* planes) {
  for (size_t g = 0; g < cols / kGroupCols; ++g) {
    int32x4_t sum = vdupq_n_s32(0);
    for (size_t k = g * kGroupCols; k < (g + 1) * kGroupCols; k += 16) {
      const int16x8_t v0 = vld1q_s16(x + k), v1 = vld1q_s16(x + k + 8);
      const int16x8_t high0 = vshrq_n_s16(vaddq_s16(v0, vdupq_n_s16(64)), 7);
      const int16x8_t high1 = vshrq_n_s16(vaddq_s16(v1, vdupq_n_s16(64)), 7);
      const int8x16_t high = vcombine_s8(vmovn_s16(high0), vmovn_s16(high1));
      const int8x16_t low = vcombine_s8(vmovn_s16(vsubq_s16(v0, vshlq_n_s16(high0, 7))),
                                        vmovn_s16(vsubq_s16(v1, vshlq_n_s16(high1, 7))));
      vst1q_s8(planes->bytes + 2 * k, even_lanes(high, low));
      vst1q_s8(planes->bytes + 2 * k + 16, odd_lanes(high, low));
      sum = vpadalq_s16(vpadalq_s16(sum, v0), v1);
    }
    planes->offsets[g] = int64_t{-8 * vaddvq_s32(sum)} * (int64_t{1} << 32);
  }
}

// Adds the products of two rows with 16 columns; `bytes` holds a row's four bytes of one block and
// its four of the next.
__attribute__((always_inline)) inline int32x4_t add_rows(int32x4_t sum, uint32x4_t bytes,
                                                         int8x16_t x_first, int8x16_t x_second) {
  const uint8x16_t b = vreinterpretq_u8_u32(bytes);
  sum = vmmlaq_s32(sum, vreinterpretq_s8_u8(vandq_u8(b, vdupq_n_u8(15))), x_first);
  return vmmlaq_s32(sum, vreinterpretq_s8_u8(vshrq_n_u8(b, 4)), x_second);
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

// Adds `width` columns of a panel to `totals`, in f32 group by group. Inlined: only then do the sums
// stay in registers.
template <bool kIsScan>
__attribute__((always_inline)) inline void add_groups(const uint8_t* w, const uint16_t* scales,
                                                      size_t width, const Planes& planes,
                                                      Floats16* totals) {
  constexpr int32_t kPlaneShifts[4] = {7, 0, 7, 0};
  const int32x4_t plane_shifts = vld1q_s32(kPlaneShifts);
  for (size_t k = 0; k < width; k += kGroupCols, w += 256, scales += kPanelRows) {
    if (kIsScan) prefetch<4>(w);
    int32x4_t sums[8];  // of two rows each: high, low, high, low
    const int32x4_t offset = vreinterpretq_s32_s64(vld1q_dup_s64(planes.offsets + k / kGroupCols));
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) sums[i] = offset;
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; ++half) {
      const int8_t* x = planes.bytes + 2 * k + 32 * half;
      const int8x16_t x_first = vld1q_s8(x), x_second = vld1q_s8(x + 16);
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
        const uint8_t* block = w + 128 * half + 16 * q;
        // Zipped before the nibbles are parted, so that one zip serves 16 columns.
        const uint32x4_t b0 = vreinterpretq_u32_u8(vld1q_u8(block));
        const uint32x4_t b1 = vreinterpretq_u32_u8(vld1q_u8(block + 64));
        sums[2 * q] = add_rows(sums[2 * q], vzip1q_u32(b0, b1), x_first, x_second);
        sums[2 * q + 1] = add_rows(sums[2 * q + 1], vzip2q_u32(b0, b1), x_first, x_second);
      }
    }
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const int32x4_t dot = vpaddq_s32(vshlq_s32(sums[2 * q], plane_shifts),
                                       vshlq_s32(sums[2 * q + 1], plane_shifts));
      const float32x4_t scale = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(scales + 4 * q)));
      totals->v[q] = vaddq_f32(totals->v[q], vmulq_f32(vcvtq_f32_s32(dot), scale));
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
    const size_t width = cols - start < kPlaneCols ? cols - start : kPlaneCols;
    split(x + start, width, &planes);
    for (size_t p = 0; p < panel_count; ++p) {
      float* out = y + p * kPanelRows;
      Floats16 totals = start == 0 ? kZeros : load16(out);
      add_groups<false>(panels + (p * cols + start) / 2 * kPanelRows,
                        group_scales + (p * cols + start) / kGroupCols * kPanelRows, width, planes,
                        &totals);
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
  split(x, cols, &planes);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    const uint8_t* w = panels + p * panel_bytes;
    Floats16 totals = kZeros;
    add_groups<true>(w, group_scales + p * panel_scales, cols, planes, &totals);
    multiply(x_scale, &totals);
    return totals;
  });
}

}  // namespace

void init_neon_i8mm(KernelTable* table) {
  table->matvec_s4 = matvec_s4;
  table->scan_s4 = scan_s4;
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_NEON_I8MM
