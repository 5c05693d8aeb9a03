// SPDX-License-Identifier: Apache-2.0
//
// What every aarch64 CPU has.
#include "target.h"

#if PINTLE_HAVE_NEON
#include "kernels.h"

PINTLE_BASELINE_BEGIN
#include "vectors_neon.h"

// Over the vectors:
#include "float_activations.h"
#include "float_attention.h"
#include "float_norms.h"
#include "float_products.h"
#include "integer_scan.h"

namespace pintle {
namespace {

// Four bytes of `p`, repeated.
int8x16_t broadcast4(const int8_t* p) {
  int32_t value;
  __builtin_memcpy(&value, p, sizeof value);
  return vreinterpretq_s8_s32(vdupq_n_s32(value));
}

// ---- Integer products ----------------------------------------------------------------------------

// Exact: weights widened to 16 bits, products summed in 32; a row's four columns lie in one vector.
template <bool kIsScan>
PINTLE_INLINE Floats16 panel_s8(const int8_t* w, const float* row_scales, size_t cols,
                                const int16_t* x, float x_scale) {
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

// s4 splits x = 128 high + low with low in [-64, 63]: products of bytes then sum up in 16 bits, 8
// of at most 15 * 128 each.
constexpr size_t kPlaneCols = 1024;

struct Planes {
  int8_t high[kPlaneCols];
  int8_t low[kPlaneCols];
  int32_t offset[kPlaneCols / kGroupCols];  // per group: 8 sum(x), what the nibbles' + 8 adds
};

void split_s4(const int16_t* x, size_t cols, Planes* planes) {
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

PINTLE_INLINE Floats16 dot_group(const uint8_t* w, const Planes& planes, size_t k) {
  const int8_t* high = planes.high + k;
  const int8_t* low = planes.low + k;
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
      const uint8x16_t bytes = vld1q_u8(w + (b * 4 + static_cast<size_t>(q)) * 16);
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
  const int32x4_t offset = vdupq_n_s32(planes.offset[k / kGroupCols]);
  Floats16 dots;
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    const int32x4_t sum = vaddq_s32(vshlq_n_s32(row_sums(by_high.low[q], by_high.high[q]), 7),
                                    row_sums(by_low.low[q], by_low.high[q]));
    dots.v[q] = vcvtq_f32_s32(vsubq_s32(sum, offset));
  }
  return dots;
}

// ---- Between floats and integers ----------------------------------------------------------------

PINTLE_INLINE void store_s16(int16_t* q, Vector v, float limit, size_t count) {
  const Vector clamped = min(max(v, broadcast(-limit)), broadcast(limit));
  const int16x4_t rounded = vmovn_s32(vcvtnq_s32_f32(clamped));  // NaN: 0
  if (count == kLanes) {
    vst1_s16(q, rounded);
  } else {
    int16_t tail[kLanes];
    vst1_s16(tail, rounded);
    for (size_t j = 0; j < count; ++j) q[j] = tail[j];
  }
}

// A row's four bytes fill a lane; byte i goes to the top and comes down with its sign.
inline Vector byte_of(const int8_t* rows, size_t i) {
  const int32x4_t shift = vdupq_n_s32(24 - 8 * static_cast<int32_t>(i));
  const int32x4_t top = vshlq_s32(vreinterpretq_s32_s8(vld1q_s8(rows)), shift);
  return vcvtq_f32_s32(vshrq_n_s32(top, 24));
}

inline Vector nibble_of(const uint8_t* rows, size_t shift) {
  const uint32x4_t moved =
      vshlq_u32(vreinterpretq_u32_u8(vld1q_u8(rows)), vdupq_n_s32(-static_cast<int32_t>(shift)));
  const int32x4_t stored = vreinterpretq_s32_u32(vandq_u32(moved, vdupq_n_u32(15)));
  return vcvtq_f32_s32(vsubq_s32(stored, vdupq_n_s32(8)));
}

}  // namespace
}  // namespace pintle

// Over these:
#include "integer_s4.h"
#include "integer_s8.h"
#include "integer_values.h"

namespace pintle {

void init_neon(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_BASELINE_END
#endif  // PINTLE_HAVE_NEON
