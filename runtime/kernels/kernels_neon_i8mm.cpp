// SPDX-License-Identifier: Apache-2.0
//
// NEON with SMMLA (Armv8.6 FEAT_I8MM): the int4 products and scans. The int8 ones stay SDOT's, for the reason
// that README.md in this folder gives.
#include "target.h"

#if PINTLE_HAVE_NEON_I8MM
#include "kernels.h"

PINTLE_TARGET_BEGIN(PINTLE_TARGET_I8MM)
#include "vectors_neon.h"

// Over the vectors:
#include "integer_scan.h"

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

void split_s4(const int16_t* x, size_t cols, Planes* planes) {
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

PINTLE_INLINE Floats16 dot_group(const uint8_t* w, const Planes& planes, size_t k) {
  constexpr int32_t kPlaneShifts[4] = {7, 0, 7, 0};
  const int32x4_t plane_shifts = vld1q_s32(kPlaneShifts);
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
  Floats16 dots;
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    dots.v[q] = vcvtq_f32_s32(
        vpaddq_s32(vshlq_s32(sums[2 * q], plane_shifts), vshlq_s32(sums[2 * q + 1], plane_shifts)));
  }
  return dots;
}

}  // namespace
}  // namespace pintle

// Over these:
#include "integer_s4.h"

namespace pintle {

void init_neon_i8mm(KernelTable* table) {
  table->matvec_s4 = matvec_s4;
  table->scan_s4 = scan_s4;
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_NEON_I8MM
