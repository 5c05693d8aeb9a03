// SPDX-License-Identifier: Apache-2.0
//
// Float products with panels and vectors.
#ifndef PINTLE_KERNELS_FLOAT_PRODUCTS_H_
#define PINTLE_KERNELS_FLOAT_PRODUCTS_H_

#include "float_vectors.h"

namespace pintle::internal {
namespace {

// ---- A panel by one vector ------------------------------------------------------------------------

// Adds the columns from kColumn on of a step, each to sums of its own.
template <int kColumn, int kColumns, typename Weight, typename Factors>
PINTLE_INLINE void add_columns(const Weight* w, Factors factors,
                               Vector (&sums)[kPanelVectors][kColumns]) {
  const Floats16 column = load16(w + kColumn * kPanelRows);
  PINTLE_UNROLL
  for (int u = 0; u < kPanelVectors; ++u) {
    sums[u][kColumn] = multiply_add_lane<kColumn>(sums[u][kColumn], column.v[u], factors);
  }
  if constexpr (kColumn + 1 < kColumns) add_columns<kColumn + 1>(w, factors, sums);
}

// kMatvecColumns columns at a time, each with its own sums, hide the latency of the multiply-add.
template <typename Weight>
void matvec_float(const Weight* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  constexpr int kColumns = kMatvecColumns;
  const size_t whole = cols / kColumns * kColumns;
  for (size_t p = 0; p < panel_count; ++p, y += kPanelRows) {
    Vector sums[kPanelVectors][kColumns];
    PINTLE_UNROLL
    for (int u = 0; u < kPanelVectors; ++u) {
      PINTLE_UNROLL
      for (int i = 0; i < kColumns; ++i) sums[u][i] = zero();
    }
    for (size_t k = 0; k < whole; k += kColumns, panels += kColumns * kPanelRows) {
      add_columns<0>(panels, load_factors<kColumns>(x + k), sums);
    }
    for (size_t k = whole; k < cols; ++k, panels += kPanelRows) {
      const Floats16 column = load16(panels);
      const auto factor = load_factors<1>(x + k);
      PINTLE_UNROLL
      for (int u = 0; u < kPanelVectors; ++u) {
        sums[u][0] = multiply_add_lane<0>(sums[u][0], column.v[u], factor);
      }
    }
    PINTLE_UNROLL
    for (int u = 0; u < kPanelVectors; ++u) store(y + u * kLanes, sum_of(sums[u]));
  }
}

void matvec_f32(const float* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

void matvec_f16(const uint16_t* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  matvec_float(panels, panel_count, cols, x, y);
}

// ---- A panel by many rows -------------------------------------------------------------------------

void unpack_panel_f16(const uint16_t* panel, size_t cols, float* tile) {
  for (size_t i = 0; i < cols * kPanelRows; i += kPanelRows) store16(tile + i, load16(panel + i));
}

// Adds the columns from kColumn on of a step of kColumns. Must be inlined: only then do the sums stay in
// registers.
template <int kColumn, int kColumns, int kRows, typename Factors>
PINTLE_INLINE void add_products(const float* tile, const Factors (&factors)[kRows],
                                Floats16 (&sums)[kRows]) {
  const Floats16 column = load16(tile + kColumn * kPanelRows);
  PINTLE_UNROLL
  for (int i = 0; i < kRows; ++i) {
    PINTLE_UNROLL
    for (int u = 0; u < kPanelVectors; ++u) {
      sums[i].v[u] = multiply_add_lane<kColumn>(sums[i].v[u], column.v[u], factors[i]);
    }
  }
  if constexpr (kColumn + 1 < kColumns) add_products<kColumn + 1, kColumns>(tile, factors, sums);
}

template <int kColumns, int kRows>
PINTLE_INLINE void add_step(const float* a, size_t a_stride, const float* tile,
                            Floats16 (&sums)[kRows]) {
  decltype(load_factors<kColumns>(a)) factors[kRows];
  PINTLE_UNROLL
  for (int i = 0; i < kRows; ++i) {
    factors[i] = load_factors<kColumns>(a + static_cast<size_t>(i) * a_stride);
  }
  add_products<0, kColumns>(tile, factors, sums);
}

// kRows rows of c by 16 columns, all sums in registers. Every path sums in the same order, so a
// row's bits do not depend on m.
template <int kRows>
void gemm_rows(const float* a, size_t a_stride, size_t cols, const float* tile, const float* bias,
               float* c, size_t c_stride, size_t n) {
  Floats16 sums[kRows];
  PINTLE_UNROLL
  for (int i = 0; i < kRows; ++i) {
    PINTLE_UNROLL
    for (int u = 0; u < kPanelVectors; ++u) sums[i].v[u] = zero();
  }
  const size_t whole = cols / kGemmColumns * kGemmColumns;
  for (size_t k = 0; k < whole; k += kGemmColumns) {
    add_step<kGemmColumns>(a + k, a_stride, tile + k * kPanelRows, sums);
  }
  for (size_t k = whole; k < cols; ++k) {
    add_step<1>(a + k, a_stride, tile + k * kPanelRows, sums);
  }
  PINTLE_UNROLL
  for (int u = 0; u < kPanelVectors; ++u) {
    const Vector b = bias != nullptr ? load(bias + u * kLanes) : zero();
    PINTLE_UNROLL
    for (int i = 0; i < kRows; ++i) sums[i].v[u] = add(sums[i].v[u], b);
  }
  if (n == kPanelRows) {
    PINTLE_UNROLL
    for (int i = 0; i < kRows; ++i, c += c_stride) store16(c, sums[i]);
  } else if constexpr (kPanelVectors == 1) {
    PINTLE_UNROLL
    for (int i = 0; i < kRows; ++i, c += c_stride) store(c, sums[i].v[0], part(n));
  } else {
    float rows[kRows][kPanelRows];
    PINTLE_UNROLL
    for (int i = 0; i < kRows; ++i) store16(rows[i], sums[i]);
    for (int i = 0; i < kRows; ++i, c += c_stride) {
      for (size_t r = 0; r < n; ++r) c[r] = rows[i][r];
    }
  }
}

template <int kRows, int... kFewer>
PINTLE_INLINE void gemm_by_rows(Counts<kRows, kFewer...>, const float* a, size_t a_stride, size_t m,
                                size_t cols, const float* tile, const float* bias, float* c,
                                size_t c_stride, size_t n) {
  for (; m >= kRows; m -= kRows, a += kRows * a_stride, c += kRows * c_stride) {
    gemm_rows<kRows>(a, a_stride, cols, tile, bias, c, c_stride, n);
  }
  if (m == 0) return;
  if constexpr (sizeof...(kFewer) > 0) {
    gemm_by_rows(Counts<kFewer...>(), a, a_stride, m, cols, tile, bias, c, c_stride, n);
  }
}

void gemm_tile_f32(const float* a, size_t a_stride, size_t m, size_t cols, const float* tile,
                   const float* bias, float* c, size_t c_stride, size_t n) {
  gemm_by_rows(GemmRows(), a, a_stride, m, cols, tile, bias, c, c_stride, n);
}

// ---- Vectors --------------------------------------------------------------------------------------

float dot_f32(const float* a, const float* b, size_t count) {
  Vector sums[4];
  PINTLE_UNROLL
  for (int u = 0; u < 4; ++u) sums[u] = zero();
  const size_t most = count / (4 * kLanes) * (4 * kLanes);
  for (size_t i = 0; i < most; i += 4 * kLanes) {
    PINTLE_UNROLL
    for (int u = 0; u < 4; ++u) {
      sums[u] = multiply_add(sums[u], load(a + i + u * kLanes), load(b + i + u * kLanes));
    }
  }
  if (most < count) {
    each_vector(count - most, [&](size_t i, auto lanes) {
      sums[0] = multiply_add(sums[0], load(a + most + i, lanes), load(b + most + i, lanes));
    });
  }
  return reduce_sum(sum_of(sums));
}

void axpy_f32(float factor, const float* x, size_t count, float* y) {
  const Vector factors = broadcast(factor);
  each_vector(count, [&](size_t i, auto lanes) {
    store(y + i, multiply_add(load(y + i, lanes), factors, load(x + i, lanes)), lanes);
  });
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

}  // namespace
}  // namespace pintle::internal

#endif  // PINTLE_KERNELS_FLOAT_PRODUCTS_H_
