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
#include <wasm_simd128.h>

namespace pintle {
namespace {

// ---- Vectors of four ----------------------------------------------------------------------------

// The first `count` floats (four if there are more) of p; the other lanes are zero.
v128_t load(const float* p, size_t count) {
  if (count >= 4) return wasm_v128_load(p);
  float lanes[4] = {0, 0, 0, 0};
  for (size_t i = 0; i < count; ++i) lanes[i] = p[i];
  return wasm_v128_load(lanes);
}

void store(float* p, v128_t v, size_t count) {
  if (count >= 4) return wasm_v128_store(p, v);
  float lanes[4];
  wasm_v128_store(lanes, v);
  for (size_t i = 0; i < count; ++i) p[i] = lanes[i];
}

// All ones in the first `count` lanes.
v128_t lane_mask(size_t count) {
  const int32_t lanes = count < 4 ? static_cast<int32_t>(count) : 4;
  return wasm_i32x4_lt(wasm_i32x4_const(0, 1, 2, 3), wasm_i32x4_splat(lanes));
}

v128_t multiply_add(v128_t sum, v128_t a, v128_t b) {
  return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b));
}

v128_t multiply_by(v128_t v, float factor) { return wasm_f32x4_mul(v, wasm_f32x4_splat(factor)); }

v128_t multiply_add_f64(v128_t sum, v128_t a, v128_t b) {
  return wasm_f64x2_add(sum, wasm_f64x2_mul(a, b));
}

float lane_sum(v128_t v) {
  v = wasm_f32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1);
}

double lane_sum_f64(v128_t v) {
  return wasm_f64x2_extract_lane(v, 0) + wasm_f64x2_extract_lane(v, 1);
}

float largest_lane(v128_t v) {
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(v, 0);
}

// a0 + a1, a2 + a3, b0 + b1, b2 + b3.
v128_t pair_sums(v128_t a, v128_t b) {
  return wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
}

v128_t pair_sums_f32(v128_t a, v128_t b) {
  return wasm_f32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
}

// Four half floats. Their bits, moved up, are a float that is 2^112 times too small, subnormal ones
// included; infinities and NaN, then 2^16 and above, get their exponent back, and NaN is quiet as in
// kernels_scalar.cpp.
v128_t load_half4(const uint16_t* p) {
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

// e^v: v = n ln 2 + r with |r| <= ln 2 / 2, and a minimax polynomial in r (relative error 3e-9
// before rounding; about 2 ulp in all). Below -87.3 it stays at e^-87.3 = 1.2e-38; above 88.4 it is
// infinite. pmin and pmax keep a NaN in v. Adding 1.5 * 2^23 rounds to an integer and leaves it in
// the low bits of the sum, in one instruction where a conversion takes several.
v128_t exp4(v128_t v) {
  v = wasm_f32x4_pmin(wasm_f32x4_pmax(v, wasm_f32x4_const_splat(-87.3f)),
                      wasm_f32x4_const_splat(88.8f));
  const v128_t shift = wasm_f32x4_const_splat(0x1.8p23f);
  const v128_t shifted = multiply_add(shift, v, wasm_f32x4_const_splat(1.44269504f));
  const v128_t n = wasm_f32x4_sub(shifted, shift);
  v128_t r = multiply_add(v, n, wasm_f32x4_const_splat(-0x1.62e4p-1f));  // ln 2 in two parts
  r = multiply_add(r, n, wasm_f32x4_const_splat(-0x1.7f7d1cp-20f));
  v128_t p = wasm_f32x4_const_splat(0x1.6a2350p-10f);
  p = multiply_add(wasm_f32x4_const_splat(0x1.123a6cp-7f), p, r);
  p = multiply_add(wasm_f32x4_const_splat(0x1.5558f4p-5f), p, r);
  p = multiply_add(wasm_f32x4_const_splat(0x1.555490p-3f), p, r);
  p = multiply_add(wasm_f32x4_const_splat(0x1.fffffcp-2f), p, r);
  p = multiply_add(wasm_f32x4_const_splat(1), p, r);
  p = multiply_add(wasm_f32x4_const_splat(1), p, r);
  const v128_t power =
      wasm_i32x4_add(wasm_i32x4_shl(shifted, 23), wasm_i32x4_const_splat(127 << 23));
  return wasm_f32x4_mul(p, power);
}

// ---- Matrix-vector products ---------------------------------------------------------------------

struct Floats16 {
  v128_t v[4];
};

Floats16 load16(const float* p) {
  return {
      {wasm_v128_load(p), wasm_v128_load(p + 4), wasm_v128_load(p + 8), wasm_v128_load(p + 12)}};
}
Floats16 load16(const uint16_t* p) {
  return {{load_half4(p), load_half4(p + 4), load_half4(p + 8), load_half4(p + 12)}};
}

void store16(float* p, const Floats16& x) {
  for (int q = 0; q < 4; ++q) wasm_v128_store(p + 4 * q, x.v[q]);
}

// Even and odd columns have sums of their own: eight chains hide the latency of the additions.
template <typename Weight>
void matvec_float(const Weight* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  for (size_t p = 0; p < panel_count; ++p, y += kPanelRows) {
    v128_t even[4], odd[4];
    for (int u = 0; u < 4; ++u) even[u] = odd[u] = wasm_f32x4_const_splat(0);
    size_t k = 0;
    for (; k + 2 <= cols; k += 2, panels += 2 * kPanelRows) {
      const v128_t x0 = wasm_v128_load32_splat(x + k), x1 = wasm_v128_load32_splat(x + k + 1);
      const Floats16 w0 = load16(panels), w1 = load16(panels + kPanelRows);
      for (int u = 0; u < 4; ++u) {
        even[u] = multiply_add(even[u], w0.v[u], x0);
        odd[u] = multiply_add(odd[u], w1.v[u], x1);
      }
    }
    if (k < cols) {
      const Floats16 w = load16(panels);
      panels += kPanelRows;
      for (int u = 0; u < 4; ++u) {
        even[u] = multiply_add(even[u], w.v[u], wasm_v128_load32_splat(x + k));
      }
    }
    for (int u = 0; u < 4; ++u) wasm_v128_store(y + 4 * u, wasm_f32x4_add(even[u], odd[u]));
  }
}

void matvec_f32(const float* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

void matvec_f16(const uint16_t* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

// Exact: weights widened to 16 bits, products summed in 32, two columns of a row a lane.
__attribute__((always_inline)) inline Floats16 panel_s8(const int8_t* w, const float* row_scales,
                                                        size_t cols, const int16_t* x,
                                                        float x_scale) {
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
    const v128_t scale = multiply_by(wasm_v128_load(row_scales + 4 * q), x_scale);
    y.v[q] = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sum), scale);
  }
  return y;
}

void matvec_s8(const int8_t* panels, const float* row_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  for (size_t p = 0; p < panel_count; ++p) {
    store16(y + p * kPanelRows, panel_s8(panels + p * cols * kPanelRows,
                                         row_scales + p * kPanelRows, cols, x, x_scale));
  }
}

constexpr size_t kOffsetCols = 1024;

// Per group: 8 sum(x), what the nibbles' + 8 adds.
struct Offsets {
  int32_t values[kOffsetCols / kGroupCols];
};

void sum_groups(const int16_t* x, size_t cols, Offsets* offsets) {
  for (size_t g = 0; g < cols / kGroupCols; ++g) {
    v128_t sum = wasm_i32x4_const_splat(0);
    for (size_t i = g * kGroupCols; i < (g + 1) * kGroupCols; i += 8) {
      sum = wasm_i32x4_add(sum, wasm_i32x4_extadd_pairwise_i16x8(wasm_v128_load(x + i)));
    }
    sum = pair_sums(sum, sum);
    offsets->values[g] = 8 * (wasm_i32x4_extract_lane(sum, 0) + wasm_i32x4_extract_lane(sum, 1));
  }
}

// The dot products of one group of columns for the 16 rows; `block` points to their bytes. A byte is
// loaded as 16 bits, so that its two nibbles are two masks or shifts away from being operands.
__attribute__((always_inline)) inline void dot_group(const uint8_t* block, const int16_t* x,
                                                     int32_t offset, v128_t (&dots)[4]) {
  v128_t sums[8];
  for (int i = 0; i < 8; ++i) sums[i] = wasm_i32x4_const_splat(0);
  for (size_t b = 0; b < kGroupCols / 8; ++b, block += 64) {
    const v128_t x_first = wasm_v128_load64_splat(x + 8 * b);
    const v128_t x_second = wasm_v128_load64_splat(x + 8 * b + 4);
    for (int i = 0; i < 8; ++i) {  // two rows each
      const v128_t bytes = wasm_u16x8_load8x8(block + 8 * i);
      const v128_t low = wasm_v128_and(bytes, wasm_i16x8_const_splat(15));
      const v128_t products =
          wasm_i32x4_add(wasm_i32x4_dot_i16x8(low, x_first),
                         wasm_i32x4_dot_i16x8(wasm_u16x8_shr(bytes, 4), x_second));
      sums[i] = wasm_i32x4_add(sums[i], products);
    }
  }
  for (int q = 0; q < 4; ++q) {
    dots[q] = wasm_i32x4_sub(pair_sums(sums[2 * q], sums[2 * q + 1]), wasm_i32x4_splat(offset));
  }
}

// Adds the columns [start, end) of a panel to `sums`, in f32 group by group. block, scales: of its
// column 0; x, offsets: of column `start`.
__attribute__((always_inline)) inline void add_groups(const uint8_t* block, const uint16_t* scales,
                                                      size_t start, size_t end, const int16_t* x,
                                                      const Offsets& offsets, Floats16* sums) {
  for (size_t k = start; k < end; k += kGroupCols) {
    v128_t dots[4];
    dot_group(block + k / 2 * kPanelRows, x + (k - start), offsets.values[(k - start) / kGroupCols],
              dots);
    const Floats16 scale = load16(scales + k / kGroupCols * kPanelRows);
    for (int q = 0; q < 4; ++q) {
      sums->v[q] = multiply_add(sums->v[q], wasm_f32x4_convert_i32x4(dots[q]), scale.v[q]);
    }
  }
}

void multiply(float factor, Floats16* x) {
  for (int q = 0; q < 4; ++q) x->v[q] = multiply_by(x->v[q], factor);
}

const Floats16 kZeros = {};

void matvec_s4(const uint8_t* panels, const uint16_t* group_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  Offsets offsets;
  for (size_t start = 0; start < cols; start += kOffsetCols) {
    const size_t end = cols - start < kOffsetCols ? cols : start + kOffsetCols;
    sum_groups(x + start, end - start, &offsets);
    for (size_t p = 0; p < panel_count; ++p) {
      float* out = y + p * kPanelRows;
      Floats16 sums = start == 0 ? kZeros : load16(out);
      add_groups(panels + p * (cols / 2) * kPanelRows,
                 group_scales + p * (cols / kGroupCols) * kPanelRows, start, end, x + start,
                 offsets, &sums);
      if (end == cols) multiply(x_scale, &sums);
      store16(out, sums);
    }
  }
}

// ---- The catalogue scan -------------------------------------------------------------------------

// Bit r: score r is above the threshold, NaN on either side included.
uint32_t mask_above(const Floats16& scores, float threshold) {
  v128_t is_below[4];
  for (int q = 0; q < 4; ++q) {
    is_below[q] = wasm_f32x4_le(scores.v[q], wasm_f32x4_splat(threshold));
  }
  const v128_t bytes = wasm_i8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(is_below[0], is_below[1]),
                                               wasm_i16x8_narrow_i32x4(is_below[2], is_below[3]));
  return static_cast<uint32_t>(wasm_i8x16_bitmask(bytes)) ^ 0xffffu;
}

void add_bias(const float* bias, Floats16* scores) {
  for (int q = 0; q < 4; ++q)
    scores->v[q] = wasm_f32x4_add(scores->v[q], wasm_v128_load(bias + 4 * q));
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
    return panel_s8(w, row_scales + p * kPanelRows, cols, x, x_scale);
  });
}

size_t scan_s4(const uint8_t* panels, const uint16_t* group_scales, const float* bias,
               size_t panel_count, size_t cols, const int16_t* x, float x_scale, float threshold,
               ScanHits* hits) {
  const size_t panel_bytes = cols / 2 * kPanelRows, panel_scales = cols / kGroupCols * kPanelRows;
  if (cols > kOffsetCols) {  // rare: x is summed anew for every panel
    return scan(bias, panel_count, threshold, hits, [&](size_t p) {
      float y[kPanelRows] = {};
      matvec_s4(panels + p * panel_bytes, group_scales + p * panel_scales, 1, cols, x, x_scale, y);
      return load16(y);
    });
  }
  Offsets offsets;
  sum_groups(x, cols, &offsets);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    Floats16 sums = kZeros;
    add_groups(panels + p * panel_bytes, group_scales + p * panel_scales, 0, cols, x, offsets,
               &sums);
    multiply(x_scale, &sums);
    return sums;
  });
}

float quantize_s16(const float* x, size_t count, int32_t max_value, int16_t* q) {
  v128_t largest4 = wasm_f32x4_const_splat(0);
  for (size_t i = 0; i < count; i += 4) {  // pmax takes its second operand if larger, never NaN
    largest4 = wasm_f32x4_pmax(largest4, wasm_f32x4_abs(load(x + i, count - i)));
  }
  const float largest = largest_lane(largest4);
  const float limit = static_cast<float>(max_value);
  if (largest == 0 || largest > 0x1.fffffep127f) {
    for (size_t i = 0; i < count; ++i) q[i] = 0;
    return 0;
  }
  const float factor = limit / largest;
  for (size_t i = 0; i < count; i += 4) {
    const v128_t v = multiply_by(load(x + i, count - i), factor);
    const v128_t clamped =
        wasm_f32x4_pmin(wasm_f32x4_pmax(v, wasm_f32x4_splat(-limit)), wasm_f32x4_splat(limit));
    // NaN: 0.
    const v128_t rounded = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(clamped));
    const v128_t narrow = wasm_i16x8_narrow_i32x4(rounded, rounded);
    if (count - i >= 4) {
      wasm_v128_store64_lane(q + i, narrow, 0);
    } else {
      int16_t tail[8];
      wasm_v128_store(tail, narrow);
      for (size_t j = 0; j < count - i; ++j) q[i + j] = tail[j];
    }
  }
  return largest / limit;
}

// ---- Matrix products ----------------------------------------------------------------------------

void unpack_panel_f16(const uint16_t* panel, size_t cols, float* tile) {
  for (size_t i = 0; i < cols * kPanelRows; i += 4)
    wasm_v128_store(tile + i, load_half4(panel + i));
}

void unpack_panel_s8(const int8_t* panel, const float* row_scales, size_t cols, float* tile) {
  for (size_t q = 0; q < 4; ++q) {
    const v128_t scale = wasm_v128_load(row_scales + 4 * q);
    for (size_t k = 0; k < cols; ++k) {
      // A row's four bytes fill a lane; byte k % 4 goes to the top and comes down with its sign.
      const v128_t rows = wasm_v128_load(panel + k / 4 * 64 + q * 16);
      const v128_t top = wasm_i32x4_shl(rows, 24 - 8 * static_cast<uint32_t>(k % 4));
      const v128_t w = wasm_f32x4_convert_i32x4(wasm_i32x4_shr(top, 24));
      wasm_v128_store(tile + k * kPanelRows + 4 * q, wasm_f32x4_mul(w, scale));
    }
  }
}

void unpack_panel_s4(const uint8_t* panel, const uint16_t* group_scales, size_t cols, float* tile) {
  for (size_t q = 0; q < 4; ++q) {
    v128_t scale = wasm_f32x4_const_splat(0);
    for (size_t k = 0; k < cols; ++k) {
      if (k % kGroupCols == 0) {
        scale = load_half4(group_scales + k / kGroupCols * kPanelRows + 4 * q);
      }
      const v128_t rows = wasm_v128_load(panel + k / 8 * 64 + q * 16);
      const v128_t low = wasm_u32x4_shr(rows, static_cast<uint32_t>(8 * (k % 4) + (k % 8 & 4)));
      const v128_t stored = wasm_v128_and(low, wasm_i32x4_const_splat(15));
      const v128_t w = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(stored, wasm_i32x4_const_splat(8)));
      wasm_v128_store(tile + k * kPanelRows + 4 * q, wasm_f32x4_mul(w, scale));
    }
  }
}

// kRows rows of c by 16 columns, all sums in registers. Every path sums in the same order, so a
// row's bits do not depend on m.
template <int kRows>
void gemm_rows(const float* a, size_t a_stride, size_t cols, const float* tile, const float* bias,
               float* c, size_t c_stride, size_t n) {
  v128_t sums[kRows][4];
  for (int i = 0; i < kRows; ++i) {
    for (int u = 0; u < 4; ++u) sums[i][u] = wasm_f32x4_const_splat(0);
  }
  for (size_t k = 0; k < cols; ++k, tile += kPanelRows) {
    const Floats16 t = load16(tile);
    for (int i = 0; i < kRows; ++i) {
      const v128_t factor = wasm_v128_load32_splat(a + static_cast<size_t>(i) * a_stride + k);
      for (int u = 0; u < 4; ++u) sums[i][u] = multiply_add(sums[i][u], t.v[u], factor);
    }
  }
  float rows[kRows][kPanelRows];
  for (int i = 0; i < kRows; ++i) {
    for (int u = 0; u < 4; ++u) {
      const v128_t b = bias != nullptr ? wasm_v128_load(bias + 4 * u) : wasm_f32x4_const_splat(0);
      wasm_v128_store(rows[i] + 4 * u, wasm_f32x4_add(sums[i][u], b));
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
  v128_t low, high;
};

Doubles4 load_doubles(const float* p, size_t count) {
  const v128_t v = load(p, count);
  const v128_t high = wasm_i32x4_shuffle(v, v, 2, 3, 2, 3);
  return {wasm_f64x2_promote_low_f32x4(v), wasm_f64x2_promote_low_f32x4(high)};
}

// In double, for the reason that kernels_scalar.cpp gives.
void layer_norm_f32(const float* x, const float* gain, const float* bias, float eps, size_t count,
                    float* y) {
  const double size = static_cast<double>(count);
  v128_t sum_low = wasm_f64x2_const_splat(0), sum_high = wasm_f64x2_const_splat(0);
  for (size_t i = 0; i < count; i += 4) {
    const Doubles4 v = load_doubles(x + i, count - i);
    sum_low = wasm_f64x2_add(sum_low, v.low);
    sum_high = wasm_f64x2_add(sum_high, v.high);
  }
  const v128_t mean = wasm_f64x2_splat(lane_sum_f64(wasm_f64x2_add(sum_low, sum_high)) / size);
  sum_low = sum_high = wasm_f64x2_const_splat(0);
  for (size_t i = 0; i < count; i += 4) {
    const Doubles4 v = load_doubles(x + i, count - i);
    v128_t low = wasm_f64x2_sub(v.low, mean), high = wasm_f64x2_sub(v.high, mean);
    if (count - i < 4) {  // at most lanes 0 ... 2 hold numbers
      if (count - i < 2) low = wasm_f64x2_replace_lane(low, 1, 0);
      if (count - i < 3) high = wasm_f64x2_replace_lane(high, 0, 0);
      high = wasm_f64x2_replace_lane(high, 1, 0);
    }
    sum_low = multiply_add_f64(sum_low, low, low);
    sum_high = multiply_add_f64(sum_high, high, high);
  }
  const double variance = lane_sum_f64(wasm_f64x2_add(sum_low, sum_high)) / size;
  const v128_t factor =
      wasm_f64x2_div(wasm_f64x2_const_splat(1), wasm_f64x2_sqrt(wasm_f64x2_splat(variance + eps)));
  for (size_t i = 0; i < count; i += 4) {
    const Doubles4 v = load_doubles(x + i, count - i), g = load_doubles(gain + i, count - i),
                   b = load_doubles(bias + i, count - i);
    const v128_t low =
        multiply_add_f64(b.low, wasm_f64x2_mul(wasm_f64x2_sub(v.low, mean), factor), g.low);
    const v128_t high =
        multiply_add_f64(b.high, wasm_f64x2_mul(wasm_f64x2_sub(v.high, mean), factor), g.high);
    const v128_t normal = wasm_i32x4_shuffle(wasm_f32x4_demote_f64x2_zero(low),
                                             wasm_f32x4_demote_f64x2_zero(high), 0, 1, 4, 5);
    store(y + i, normal, count - i);
  }
}

// Not f32x4.max: it would turn -0 into 0.
v128_t relu4(v128_t v) { return wasm_v128_andnot(v, wasm_f32x4_lt(v, wasm_f32x4_const_splat(0))); }

v128_t silu4(v128_t v) {
  return wasm_f32x4_div(v, wasm_f32x4_add(wasm_f32x4_const_splat(1), exp4(wasm_f32x4_neg(v))));
}

// x/2 (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3).
v128_t gelu_tanh4(v128_t v) {
  const v128_t factor = multiply_add(wasm_f32x4_const_splat(-1.5957691f), wasm_f32x4_mul(v, v),
                                     wasm_f32x4_const_splat(-0.071354816f));
  return wasm_f32x4_div(v,
                        wasm_f32x4_add(wasm_f32x4_const_splat(1), exp4(wasm_f32x4_mul(v, factor))));
}

// erfc(z) = (a1 t + ... + a5 t^5) e^(-z^2), t = 1 / (1 + p z): Abramowitz and Stegun 7.1.26,
// absolute error 1.5e-7. The value for +-x is x (1 - erfc / 2) or x erfc / 2.
v128_t gelu_erf4(v128_t v) {
  const v128_t z = wasm_f32x4_mul(wasm_f32x4_abs(v), wasm_f32x4_const_splat(0.70710678f));
  const v128_t one = wasm_f32x4_const_splat(1);
  const v128_t t = wasm_f32x4_div(one, multiply_add(one, z, wasm_f32x4_const_splat(0.3275911f)));
  v128_t p = wasm_f32x4_const_splat(1.061405429f);
  p = multiply_add(wasm_f32x4_const_splat(-1.453152027f), p, t);
  p = multiply_add(wasm_f32x4_const_splat(1.421413741f), p, t);
  p = multiply_add(wasm_f32x4_const_splat(-0.284496736f), p, t);
  p = multiply_add(wasm_f32x4_const_splat(0.254829592f), p, t);
  p = wasm_f32x4_mul(p, wasm_f32x4_mul(t, wasm_f32x4_const_splat(0.5f)));
  const v128_t tail = wasm_f32x4_mul(p, exp4(wasm_f32x4_neg(wasm_f32x4_mul(z, z))));
  return wasm_f32x4_mul(v, wasm_v128_bitselect(tail, wasm_f32x4_sub(one, tail),
                                               wasm_f32x4_lt(v, wasm_f32x4_const_splat(0))));
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
  v128_t sums[4];
  for (int u = 0; u < 4; ++u) sums[u] = wasm_f32x4_const_splat(0);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int u = 0; u < 4; ++u) {
      sums[u] = multiply_add(sums[u], wasm_v128_load(a + i + 4 * u), wasm_v128_load(b + i + 4 * u));
    }
  }
  for (; i < count; i += 4) {
    sums[0] = multiply_add(sums[0], load(a + i, count - i), load(b + i, count - i));
  }
  return lane_sum(
      wasm_f32x4_add(wasm_f32x4_add(sums[0], sums[1]), wasm_f32x4_add(sums[2], sums[3])));
}

void axpy_f32(float factor, const float* x, size_t count, float* y) {
  for (size_t i = 0; i < count; i += 4) {
    store(y + i,
          multiply_add(load(y + i, count - i), load(x + i, count - i), wasm_f32x4_splat(factor)),
          count - i);
  }
}

float exp_sum_f32(const float* x, size_t count, float factor, float* largest) {
  const v128_t lowest = wasm_f32x4_splat(-__builtin_inff());
  v128_t max = lowest;
  for (size_t i = 0; i < count; i += 4) {
    const v128_t v = multiply_by(load(x + i, count - i), factor);
    const v128_t is_larger =
        wasm_v128_and(wasm_f32x4_gt(v, max), lane_mask(count - i));  // not for NaN
    max = wasm_v128_bitselect(v, max, is_larger);
  }
  *largest = largest_lane(max);
  const v128_t largest4 = wasm_f32x4_splat(*largest);
  v128_t sum = wasm_f32x4_const_splat(0);
  for (size_t i = 0; i < count; i += 4) {
    const v128_t v = load(x + i, count - i);
    const v128_t counts = wasm_v128_and(wasm_f32x4_gt(v, lowest), lane_mask(count - i));
    const v128_t e = exp4(wasm_f32x4_sub(multiply_by(v, factor), largest4));
    sum = wasm_f32x4_add(sum, wasm_v128_bitselect(e, wasm_f32x4_const_splat(0), counts));
  }
  return lane_sum(sum);
}

// ---- Attention ----------------------------------------------------------------------------------

// The dot products of `query` with four keys.
v128_t dot4(const float* query, const float* const (&keys)[4], size_t head_dim) {
  v128_t sums[4];
  for (int u = 0; u < 4; ++u) sums[u] = wasm_f32x4_const_splat(0);
  for (size_t d = 0; d < head_dim; d += 4) {
    const v128_t q = load(query + d, head_dim - d);
    for (int u = 0; u < 4; ++u) sums[u] = multiply_add(sums[u], q, load(keys[u] + d, head_dim - d));
  }
  return pair_sums_f32(pair_sums_f32(sums[0], sums[1]), pair_sums_f32(sums[2], sums[3]));
}

// out[d] (+)= sum_t weights[t] values[t][d], kVectors * 4 numbers wide.
template <int kVectors>
void add_values(const float* weights, const float* values, size_t stride, size_t count,
                bool is_first, float* out) {
  v128_t sums[kVectors];
  for (int u = 0; u < kVectors; ++u) sums[u] = wasm_f32x4_const_splat(0);
  for (size_t t = 0; t < count; ++t, values += stride) {
    const v128_t w = wasm_v128_load32_splat(weights + t);
    for (int u = 0; u < kVectors; ++u)
      sums[u] = multiply_add(sums[u], w, wasm_v128_load(values + 4 * u));
  }
  for (int u = 0; u < kVectors; ++u) {
    const v128_t before = is_first ? wasm_f32x4_const_splat(0) : wasm_v128_load(out + 4 * u);
    wasm_v128_store(out + 4 * u, wasm_f32x4_add(before, sums[u]));
  }
}

void add_values_tail(const float* weights, const float* values, size_t stride, size_t count,
                     bool is_first, float* out, size_t width) {
  v128_t sum = wasm_f32x4_const_splat(0);
  for (size_t t = 0; t < count; ++t, values += stride) {
    sum = multiply_add(sum, load(values, width), wasm_f32x4_splat(weights[t]));
  }
  store(out, wasm_f32x4_add(is_first ? wasm_f32x4_const_splat(0) : load(out, width), sum), width);
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
    store(weights + t, multiply_by(dot4(query, rows, head_dim), scale), count - t);
  }
  v128_t largest = wasm_f32x4_splat(weights[0]);
  for (size_t t = 0; t < count; t += 4) {
    const v128_t score = load(weights + t, count - t);
    largest = wasm_v128_bitselect(wasm_f32x4_pmax(largest, score), largest, lane_mask(count - t));
  }
  largest = wasm_f32x4_splat(largest_lane(largest));
  v128_t factor = wasm_f32x4_make(first_weight, 1, 1, 1);
  v128_t total = wasm_f32x4_const_splat(0);
  for (size_t t = 0; t < count; t += 4) {
    const v128_t e = exp4(wasm_f32x4_sub(load(weights + t, count - t), largest));
    const v128_t w = wasm_v128_bitselect(wasm_f32x4_mul(e, factor), wasm_f32x4_const_splat(0),
                                         lane_mask(count - t));
    factor = wasm_f32x4_const_splat(1);
    total = wasm_f32x4_add(total, w);
    store(weights + t, w, count - t);
  }
  const float inverse = 1 / lane_sum(total);
  for (size_t t = 0; t < count; t += 4) {
    store(weights + t, multiply_by(load(weights + t, count - t), inverse), count - t);
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
      v128_t rows[4];
      for (size_t i = 0; i < 4; ++i) {
        rows[i] = first + i < query_count
                      ? load(queries + (first + i) * query_stride + d, head_dim - d)
                      : wasm_f32x4_const_splat(0);
        rows[i] = multiply_by(rows[i], scale);
      }
      const v128_t low01 = wasm_i32x4_shuffle(rows[0], rows[1], 0, 4, 1, 5);
      const v128_t low23 = wasm_i32x4_shuffle(rows[2], rows[3], 0, 4, 1, 5);
      const v128_t high01 = wasm_i32x4_shuffle(rows[0], rows[1], 2, 6, 3, 7);
      const v128_t high23 = wasm_i32x4_shuffle(rows[2], rows[3], 2, 6, 3, 7);
      const v128_t columns[4] = {wasm_i32x4_shuffle(low01, low23, 0, 1, 4, 5),
                                 wasm_i32x4_shuffle(low01, low23, 2, 3, 6, 7),
                                 wasm_i32x4_shuffle(high01, high23, 0, 1, 4, 5),
                                 wasm_i32x4_shuffle(high01, high23, 2, 3, 6, 7)};
      wasm_v128_store(tile + d * kQueries + first, columns[0]);
      wasm_v128_store(tile + (d + 1) * kQueries + first, columns[1]);
      wasm_v128_store(tile + (d + 2) * kQueries + first, columns[2]);
      wasm_v128_store(tile + (d + 3) * kQueries + first, columns[3]);
    }
  }
}

// Which of the queries from `first` on see key t: all before `common`, then one fewer a key.
v128_t visible_lanes(size_t t, size_t common, size_t first) {
  const size_t hidden = t < common ? 0 : t + 1 - common;
  const size_t before = hidden > first ? hidden - first : 0;
  return wasm_u32x4_ge(wasm_i32x4_const(0, 1, 2, 3),
                       wasm_i32x4_splat(static_cast<int32_t>(before)));
}

// scores [count][16] become e^(score - largest), key 0's times first_weight, hidden ones 0;
// inverse[i] = 1 / their sum over the keys.
void exponentials(float* scores, size_t count, size_t common, float first_weight, float* inverse) {
  for (size_t first = 0; first < kQueries; first += 4) {
    float* column = scores + first;
    v128_t largest = wasm_v128_load(column);
    for (size_t t = 1; t < count; ++t) {
      const v128_t score = wasm_v128_load(column + t * kQueries);
      const v128_t larger = wasm_f32x4_pmax(largest, score);
      largest = t < common ? larger
                           : wasm_v128_bitselect(larger, largest, visible_lanes(t, common, first));
    }
    v128_t total = wasm_f32x4_const_splat(0);
    for (size_t block = 0; block < count; block += kBlockKeys) {
      const size_t end = count - block < kBlockKeys ? count : block + kBlockKeys;
      v128_t sum = wasm_f32x4_const_splat(0);
      for (size_t t = block; t < end; ++t) {
        v128_t e = exp4(wasm_f32x4_sub(wasm_v128_load(column + t * kQueries), largest));
        if (t == 0) e = multiply_by(e, first_weight);
        if (t >= common)
          e = wasm_v128_bitselect(e, wasm_f32x4_const_splat(0), visible_lanes(t, common, first));
        wasm_v128_store(column + t * kQueries, e);
        sum = wasm_f32x4_add(sum, e);
      }
      total = wasm_f32x4_add(total, sum);
    }
    wasm_v128_store(inverse + first, wasm_f32x4_div(wasm_f32x4_const_splat(1), total));
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
  v128_t sums[4][kWide];
  for (int i = 0; i < 4; ++i) {
    for (int u = 0; u < kWide; ++u) sums[i][u] = wasm_f32x4_const_splat(0);
  }
  for (size_t t = 0; t < count; ++t, weights += kQueries, values += stride) {
    const v128_t w0 = wasm_v128_load32_splat(weights), w1 = wasm_v128_load32_splat(weights + 1);
    const v128_t w2 = wasm_v128_load32_splat(weights + 2), w3 = wasm_v128_load32_splat(weights + 3);
    for (int u = 0; u < kWide; ++u) {
      const v128_t v = kVectors == 0 ? load(values, width) : wasm_v128_load(values + 4 * u);
      sums[0][u] = multiply_add(sums[0][u], v, w0);
      sums[1][u] = multiply_add(sums[1][u], v, w1);
      sums[2][u] = multiply_add(sums[2][u], v, w2);
      sums[3][u] = multiply_add(sums[3][u], v, w3);
    }
  }
  for (size_t i = 0; i < 4; ++i, out += out_stride) {
    if (i >= rows) return;
    for (int u = 0; u < kWide; ++u) {
      const size_t left = kVectors == 0 ? width : 4;
      v128_t sum = sums[i][u];
      if (!is_first) sum = wasm_f32x4_add(sum, load(out + 4 * u, left));
      if (inverse != nullptr) sum = multiply_by(sum, inverse[i]);
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

void init_wasm(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_TARGET_END
#endif  // PINTLE_HAVE_WASM
