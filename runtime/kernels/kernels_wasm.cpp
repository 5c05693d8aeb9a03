// SPDX-License-Identifier: Apache-2.0
//
// WebAssembly's fixed-width SIMD, which every engine of today has; nothing of the relaxed one, whose
// results depend on the engine. It has no fused multiplication and no products of bytes, but 16-bit
// products summed in pairs, and it widens bytes as it loads them. Engines do not unroll: what should
// stay in registers is in loops that the compiler unrolls at -O3.
#include "target.h"

#if PINTLE_HAVE_WASM
#include "kernels.h"
#include "vectors_wasm.h"

// Over the vectors:
#include "float_activations.h"
#include "float_attention.h"
#include "float_norms.h"
#include "float_products.h"

PINTLE_TARGET_BEGIN("simd128")
#include <wasm_simd128.h>

namespace pintle {
namespace {

v128_t multiply_by(v128_t v, float factor) { return wasm_f32x4_mul(v, wasm_f32x4_splat(factor)); }

// a0 + a1, a2 + a3, b0 + b1, b2 + b3.
v128_t pair_sums(v128_t a, v128_t b) {
  return wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
}

// ---- Matrix-vector products ---------------------------------------------------------------------

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
  const float largest = reduce_max(largest4);
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
        scale = load_half(group_scales + k / kGroupCols * kPanelRows + 4 * q);
      }
      const v128_t rows = wasm_v128_load(panel + k / 8 * 64 + q * 16);
      const v128_t low = wasm_u32x4_shr(rows, static_cast<uint32_t>(8 * (k % 4) + (k % 8 & 4)));
      const v128_t stored = wasm_v128_and(low, wasm_i32x4_const_splat(15));
      const v128_t w = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(stored, wasm_i32x4_const_splat(8)));
      wasm_v128_store(tile + k * kPanelRows + 4 * q, wasm_f32x4_mul(w, scale));
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
