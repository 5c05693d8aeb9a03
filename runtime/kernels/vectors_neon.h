// SPDX-License-Identifier: Apache-2.0
//
// vectors.h on what every aarch64 CPU has.
#ifndef PINTLE_KERNELS_VECTORS_NEON_H_
#define PINTLE_KERNELS_VECTORS_NEON_H_

#include <arm_neon.h>

#include "vectors.h"

namespace pintle {
namespace {

using Vector = float32x4_t;
using Mask = uint32x4_t;
constexpr size_t kLanes = 4;

constexpr int kMatvecColumns = 2;  // of four vectors each: eight chains hide the FMA's latency
constexpr int kGemmColumns = 4;
using GemmRows = Counts<4, 3, 2, 1>;
constexpr size_t kBlockKeys = 32;
constexpr int kValueKeys = 1;
using ValueWidths = Widths<WholeWidth<8>, WholeWidth<4>, WholeWidth<1>, RaggedWidth<1>>;
using BlockWidths = Widths<WholeWidth<4>, WholeWidth<1>, RaggedWidth<1>>;
using QueryRows = Counts<4>;

inline Vector zero() { return vdupq_n_f32(0); }
inline Vector broadcast(float v) { return vdupq_n_f32(v); }
inline Vector load(const float* p) { return vld1q_f32(p); }
inline Vector load_half(const uint16_t* p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
inline void store(float* p, Vector v) { vst1q_f32(p, v); }

struct Part {
  size_t count;
};
inline Part part(size_t count) { return {count}; }
inline Vector load(const float* p, Part part) {
  float lanes[4] = {0, 0, 0, 0};
  for (size_t i = 0; i < part.count; ++i) lanes[i] = p[i];
  return vld1q_f32(lanes);
}
inline void store(float* p, Vector v, Part part) {
  float lanes[4];
  vst1q_f32(lanes, v);
  for (size_t i = 0; i < part.count; ++i) p[i] = lanes[i];
}

inline Vector select(Mask mask, Vector a, Vector b) { return vbslq_f32(mask, a, b); }
inline Vector keep(Mask mask, Vector a) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a), mask));
}
inline Mask lanes_from(size_t n) {
  const uint32_t lanes[4] = {0, 1, 2, 3};
  return vcgeq_u32(vld1q_u32(lanes), vdupq_n_u32(static_cast<uint32_t>(n)));
}
inline Vector select(Part part, Vector a, Vector b) { return select(lanes_from(part.count), b, a); }
inline Vector keep(Part part, Vector a) { return select(part, a, zero()); }
inline Mask greater(Vector a, Vector b) { return vcgtq_f32(a, b); }
inline Vector select_negative(Vector v, Vector a, Vector b) { return select(vcltzq_f32(v), a, b); }

inline Vector add(Vector a, Vector b) { return vaddq_f32(a, b); }
inline Vector sub(Vector a, Vector b) { return vsubq_f32(a, b); }
inline Vector mul(Vector a, Vector b) { return vmulq_f32(a, b); }
inline Vector div(Vector a, Vector b) { return vdivq_f32(a, b); }
inline Vector abs(Vector v) { return vabsq_f32(v); }
inline Vector multiply_add(Vector sum, Vector a, Vector b) { return vfmaq_f32(sum, a, b); }
inline Vector multiply_sub(Vector sum, Vector a, Vector b) { return vfmsq_f32(sum, a, b); }
inline Vector max(Vector a, Vector b) { return vmaxq_f32(a, b); }
inline Vector min(Vector a, Vector b) { return vminq_f32(a, b); }
inline Vector larger(Vector a, Vector b) { return select(greater(a, b), a, b); }

inline float reduce_sum(Vector v) { return vaddvq_f32(v); }
inline float reduce_max(Vector v) { return vmaxvq_f32(v); }

struct Exponent {
  Vector n;
};
inline Exponent nearest(Vector v) { return {vrndnq_f32(v)}; }
inline Vector times_power(Vector v, Exponent exponent) {
  const int32x4_t biased = vaddq_s32(vcvtq_s32_f32(exponent.n), vdupq_n_s32(127));
  return mul(v, vreinterpretq_f32_s32(vshlq_n_s32(biased, 23)));
}

template <int kCount>
auto load_factors(const float* p) {
  if constexpr (kCount == 1) {
    return vld1_dup_f32(p);
  } else if constexpr (kCount == 2) {
    return vld1_f32(p);
  } else {
    return vld1q_f32(p);
  }
}
template <int kLane>
Vector multiply_add_lane(Vector sum, Vector v, float32x2_t factors) {
  return vfmaq_lane_f32(sum, v, factors, kLane);
}
template <int kLane>
Vector multiply_add_lane(Vector sum, Vector v, float32x4_t factors) {
  return vfmaq_laneq_f32(sum, v, factors, kLane);
}

inline void transpose(Vector (&rows)[kLanes]) {
  const float32x4x2_t low = vzipq_f32(rows[0], rows[2]), high = vzipq_f32(rows[1], rows[3]);
  const float32x4x2_t first = vzipq_f32(low.val[0], high.val[0]);
  const float32x4x2_t second = vzipq_f32(low.val[1], high.val[1]);
  rows[0] = first.val[0], rows[1] = first.val[1];
  rows[2] = second.val[0], rows[3] = second.val[1];
}

inline void store_sums(float* p, const Vector (&v)[4], float scale, size_t count) {
  const Vector sums =
      vmulq_n_f32(vpaddq_f32(vpaddq_f32(v[0], v[1]), vpaddq_f32(v[2], v[3])), scale);
  if (count == 4) {
    store(p, sums);
  } else {
    store(p, sums, part(count));
  }
}

struct Floats16 {
  Vector v[4];
};
inline uint32_t mask_above(const Floats16& scores, float threshold) {
  const Vector limit = broadcast(threshold);
  const uint32_t bits[4] = {1, 2, 4, 8};
  uint32x4_t mask = vdupq_n_u32(0);
  PINTLE_UNROLL
  for (int q = 0; q < 4; ++q) {
    const uint32x4_t bit = vshlq_u32(vld1q_u32(bits), vdupq_n_s32(4 * q));
    mask = vorrq_u32(mask, vbicq_u32(bit, vcleq_f32(scores.v[q], limit)));
  }
  return vaddvq_u32(mask);
}

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_VECTORS_NEON_H_
