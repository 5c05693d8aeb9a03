// SPDX-License-Identifier: Apache-2.0
//
// WebAssembly's fixed-width SIMD, which every engine of today has; nothing of the relaxed one, whose
// results depend on the engine. It has no fused multiplication and no products of bytes, but 16-bit
// products summed in pairs, and it widens bytes as it loads them. Engines do not unroll: what should
// stay in registers is in loops that the compiler unrolls at -O3.
#include "target.h"

#if PINTLE_HAVE_WASM
#include "kernels.h"

PINTLE_TARGET_BEGIN("simd128")
#include "vectors_wasm.h"

// Over the vectors:
#include "float_activations.h"
#include "float_attention.h"
#include "float_norms.h"
#include "float_products.h"
#include "integer_scan.h"

namespace pintle {
namespace {

// a0 + a1, a2 + a3, b0 + b1, b2 + b3.
v128_t pair_sums(v128_t a, v128_t b) {
  return wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
}

// ---- Integer products ----------------------------------------------------------------------------

// Exact: weights widened to 16 bits, products summed in 32, two columns of a row a lane.
template <bool kIsScan>
PINTLE_INLINE Floats16 panel_s8(const int8_t* w, const float* row_scales, size_t cols,
                                const int16_t* x, float x_scale) {
  v128_t sums[8];
  for (int i = 0; i < 8; ++i) sums[i] = wasm_i32x4_const_splat(0);
  for (size_t k = 0; k < cols; k += 4, w += 4 * kPanelRows) {
    const v128_t x4_twice = wasm_v128_load64_splat(x + k);
    for (int i = 0; i < 8; ++i) {  // two rows each
      const v128_t products = wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(w + 8 * i), x4_twice);
      sums[i] = wasm_i32x4_add(sums[i], products);
    }
  }
  Floats16 y;
  for (int q = 0; q < 4; ++q) {
    const v128_t sum = pair_sums(sums[2 * q], sums[2 * q + 1]);
    const v128_t scale = mul(load(row_scales + 4 * q), broadcast(x_scale));
    y.v[q] = mul(wasm_f32x4_convert_i32x4(sum), scale);
  }
  return y;
}

constexpr size_t kPlaneCols = 1024;

// x needs no planes: 16 bits are multiplied as they are.
struct Planes {
  const int16_t* x;
  int32_t offset[kPlaneCols / kGroupCols];  // per group: 8 sum(x), what the nibbles' + 8 adds
};

void split_s4(const int16_t* x, size_t cols, Planes* planes) {
  planes->x = x;
  for (size_t g = 0; g < cols / kGroupCols; ++g) {
    v128_t sum = wasm_i32x4_const_splat(0);
    for (size_t i = g * kGroupCols; i < (g + 1) * kGroupCols; i += 8) {
      sum = wasm_i32x4_add(sum, wasm_i32x4_extadd_pairwise_i16x8(wasm_v128_load(x + i)));
    }
    sum = pair_sums(sum, sum);
    planes->offset[g] = 8 * (wasm_i32x4_extract_lane(sum, 0) + wasm_i32x4_extract_lane(sum, 1));
  }
}

// A byte is loaded as 16 bits, so that its two nibbles are two masks or shifts away from being operands.
PINTLE_INLINE Floats16 dot_group(const uint8_t* w, const Planes& planes, size_t k) {
  const int16_t* x = planes.x + k;
  v128_t sums[8];
  for (int i = 0; i < 8; ++i) sums[i] = wasm_i32x4_const_splat(0);
  for (size_t b = 0; b < kGroupCols / 8; ++b, w += 64) {
    const v128_t x_first = wasm_v128_load64_splat(x + 8 * b);
    const v128_t x_second = wasm_v128_load64_splat(x + 8 * b + 4);
    for (int i = 0; i < 8; ++i) {  // two rows each
      const v128_t bytes = wasm_u16x8_load8x8(w + 8 * i);
      const v128_t low = wasm_v128_and(bytes, wasm_i16x8_const_splat(15));
      const v128_t products =
          wasm_i32x4_add(wasm_i32x4_dot_i16x8(low, x_first),
                         wasm_i32x4_dot_i16x8(wasm_u16x8_shr(bytes, 4), x_second));
      sums[i] = wasm_i32x4_add(sums[i], products);
    }
  }
  const v128_t offset = wasm_i32x4_splat(planes.offset[k / kGroupCols]);
  Floats16 dots;
  for (int q = 0; q < 4; ++q) {
    const v128_t sum = pair_sums(sums[2 * q], sums[2 * q + 1]);
    dots.v[q] = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(sum, offset));
  }
  return dots;
}

// ---- Between floats and integers ----------------------------------------------------------------

PINTLE_INLINE void store_s16(int16_t* q, Vector v, float limit, size_t count) {
  // pmin and pmax keep a NaN in v, which the conversion makes 0.
  const v128_t clamped = wasm_f32x4_pmin(wasm_f32x4_pmax(v, broadcast(-limit)), broadcast(limit));
  const v128_t rounded = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(clamped));
  const v128_t narrow = wasm_i16x8_narrow_i32x4(rounded, rounded);
  if (count == kLanes) {
    wasm_v128_store64_lane(q, narrow, 0);
  } else {
    int16_t tail[8];
    wasm_v128_store(tail, narrow);
    for (size_t j = 0; j < count; ++j) q[j] = tail[j];
  }
}

// A row's four bytes fill a lane; byte i goes to the top and comes down with its sign.
inline Vector byte_of(const int8_t* rows, size_t i) {
  const v128_t top = wasm_i32x4_shl(wasm_v128_load(rows), 24 - 8 * static_cast<uint32_t>(i));
  return wasm_f32x4_convert_i32x4(wasm_i32x4_shr(top, 24));
}

inline Vector nibble_of(const uint8_t* rows, size_t shift) {
  const v128_t moved = wasm_u32x4_shr(wasm_v128_load(rows), static_cast<uint32_t>(shift));
  const v128_t stored = wasm_v128_and(moved, wasm_i32x4_const_splat(15));
  return wasm_f32x4_convert_i32x4(wasm_i32x4_sub(stored, wasm_i32x4_const_splat(8)));
}

}  // namespace
}  // namespace pintle

// Over these:
#include "integer_s4.h"
#include "integer_s8.h"
#include "integer_values.h"

namespace pintle {

void init_wasm(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_WASM
