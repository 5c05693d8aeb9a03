// SPDX-License-Identifier: Apache-2.0
//
// vectors.h on WebAssembly's fixed-width SIMD, which has no fused multiplication.
#ifndef PINTLE_KERNELS_VECTORS_WASM_H_
#define PINTLE_KERNELS_VECTORS_WASM_H_

#include <wasm_simd128.h>

#include "vectors.h"

namespace pintle {
namespace {

using Vector = v128_t;
using Mask = v128_t;
constexpr size_t kLanes = 4;

constexpr int kMatvecColumns = 2;  // of four vectors each: eight chains hide the additions' latency
constexpr int kGemmColumns = 1;
using GemmRows = Counts<4, 3, 2, 1>;
constexpr size_t kBlockKeys = 32;
constexpr int kValueKeys = 1;
using ValueWidths = Widths<WholeWidth<8>, WholeWidth<4>, WholeWidth<1>, RaggedWidth<1>>;
using BlockWidths = Widths<WholeWidth<4>, WholeWidth<1>, RaggedWidth<1>>;
using QueryRows = Counts<4>;

inline Vector zero() { return wasm_f32x4_const_splat(0); }
inline Vector broadcast(float v) { return wasm_f32x4_splat(v); }
inline Vector load(const float* p) { return wasm_v128_load(p); }
// Four half floats. Their bits, moved up, are a float that is 2^112 times too small, subnormal ones
// included; infinities and NaN, then 2^16 and above, get their exponent back, and NaN is quiet as in
// kernels_scalar.cpp.
inline Vector load_half(const uint16_t* p) {
  v128_t half = wasm_u32x4_load16x4(p);
  // Else LLVM moves the masks to before the widening, which then takes several instructions.
  __asm__("" : "+r"(half));
  const v128_t bits = wasm_v128_and(wasm_i32x4_shl(half, 13), wasm_i32x4_const_splat(0x0fffe000));
  const v128_t finite = wasm_f32x4_mul(bits, wasm_f32x4_const_splat(0x1p112f));
  const v128_t is_special = wasm_f32x4_ge(finite, wasm_f32x4_const_splat(0x1p16f));
  const v128_t is_nan = wasm_f32x4_gt(finite, wasm_f32x4_const_splat(0x1p16f));
  const v128_t special = wasm_v128_or(wasm_v128_and(is_special, wasm_i32x4_const_splat(0x7f800000)),
                                      wasm_v128_and(is_nan, wasm_i32x4_const_splat(0x400000)));
  const v128_t sign = wasm_i32x4_shl(wasm_u32x4_shr(half, 15), 31);
  return wasm_v128_or(wasm_v128_or(finite, special), sign);
}
inline void store(float* p, Vector v) { wasm_v128_store(p, v); }

struct Part {
  size_t count;
};
inline Part part(size_t count) { return {count}; }
inline Vector load(const float* p, Part part) {
  float lanes[4] = {0, 0, 0, 0};
  for (size_t i = 0; i < part.count; ++i) lanes[i] = p[i];
  return wasm_v128_load(lanes);
}
inline void store(float* p, Vector v, Part part) {
  float lanes[4];
  wasm_v128_store(lanes, v);
  for (size_t i = 0; i < part.count; ++i) p[i] = lanes[i];
}

inline Vector select(Mask mask, Vector a, Vector b) { return wasm_v128_bitselect(a, b, mask); }
inline Vector keep(Mask mask, Vector a) { return wasm_v128_and(a, mask); }
inline Mask lanes_from(size_t n) {
  return wasm_u32x4_ge(wasm_i32x4_const(0, 1, 2, 3), wasm_i32x4_splat(static_cast<int32_t>(n)));
}
inline Vector select(Part part, Vector a, Vector b) { return select(lanes_from(part.count), b, a); }
inline Vector keep(Part part, Vector a) { return wasm_v128_andnot(a, lanes_from(part.count)); }
inline Mask greater(Vector a, Vector b) { return wasm_f32x4_gt(a, b); }
inline Vector select_negative(Vector v, Vector a, Vector b) {
  return select(wasm_f32x4_lt(v, zero()), a, b);
}

inline Vector add(Vector a, Vector b) { return wasm_f32x4_add(a, b); }
inline Vector sub(Vector a, Vector b) { return wasm_f32x4_sub(a, b); }
inline Vector mul(Vector a, Vector b) { return wasm_f32x4_mul(a, b); }
inline Vector div(Vector a, Vector b) { return wasm_f32x4_div(a, b); }
inline Vector abs(Vector v) { return wasm_f32x4_abs(v); }
inline Vector multiply_add(Vector sum, Vector a, Vector b) { return add(sum, mul(a, b)); }
inline Vector multiply_sub(Vector sum, Vector a, Vector b) { return sub(sum, mul(a, b)); }
// pmax(a, b) is a < b ? b : a; max would take several instructions, and turn -0 into 0.
inline Vector max(Vector a, Vector b) { return wasm_f32x4_pmax(a, b); }
inline Vector min(Vector a, Vector b) { return wasm_f32x4_pmin(a, b); }
inline Vector larger(Vector a, Vector b) { return wasm_f32x4_pmax(b, a); }

inline float reduce_sum(Vector v) {
  v = add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1);
}
inline float reduce_max(Vector v) {
  v = max(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  v = max(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(v, 0);
}

// Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the sum, in one instruction
// where a conversion takes several.
struct Exponent {
  Vector n, shifted;
};
inline Exponent nearest(Vector v) {
  const Vector shift = wasm_f32x4_const_splat(0x1.8p23f), shifted = add(shift, v);
  return {sub(shifted, shift), shifted};
}
inline Vector times_power(Vector v, Exponent exponent) {
  const v128_t power =
      wasm_i32x4_add(wasm_i32x4_shl(exponent.shifted, 23), wasm_i32x4_const_splat(127 << 23));
  return mul(v, power);
}

template <int kCount>
const float* load_factors(const float* p) {
  return p;
}
template <int kLane>
Vector multiply_add_lane(Vector sum, Vector v, const float* factors) {
  return multiply_add(sum, v, wasm_v128_load32_splat(factors + kLane));
}

inline void transpose(Vector (&rows)[kLanes]) {
  const v128_t low01 = wasm_i32x4_shuffle(rows[0], rows[1], 0, 4, 1, 5);
  const v128_t low23 = wasm_i32x4_shuffle(rows[2], rows[3], 0, 4, 1, 5);
  const v128_t high01 = wasm_i32x4_shuffle(rows[0], rows[1], 2, 6, 3, 7);
  const v128_t high23 = wasm_i32x4_shuffle(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = wasm_i32x4_shuffle(low01, low23, 0, 1, 4, 5);
  rows[1] = wasm_i32x4_shuffle(low01, low23, 2, 3, 6, 7);
  rows[2] = wasm_i32x4_shuffle(high01, high23, 0, 1, 4, 5);
  rows[3] = wasm_i32x4_shuffle(high01, high23, 2, 3, 6, 7);
}

// a0 + a1, a2 + a3, b0 + b1, b2 + b3.
inline Vector add_pairs(Vector a, Vector b) {
  return add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
}
inline void store_sums(float* p, const Vector (&v)[4], float scale, size_t count) {
  const Vector sums =
      mul(add_pairs(add_pairs(v[0], v[1]), add_pairs(v[2], v[3])), broadcast(scale));
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
  v128_t is_below[4];
  for (int q = 0; q < 4; ++q) is_below[q] = wasm_f32x4_le(scores.v[q], broadcast(threshold));
  const v128_t bytes = wasm_i8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(is_below[0], is_below[1]),
                                               wasm_i16x8_narrow_i32x4(is_below[2], is_below[3]));
  return static_cast<uint32_t>(wasm_i8x16_bitmask(bytes)) ^ 0xffffu;
}

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_VECTORS_WASM_H_
