// SPDX-License-Identifier: Apache-2.0
//
// vectors.h on AVX-512 F and DQ. A panel's 16 rows are the 16 lanes of a register, and masked moves cost no
// more than plain ones.
#ifndef PINTLE_KERNELS_VECTORS_AVX512_H_
#define PINTLE_KERNELS_VECTORS_AVX512_H_

#include <immintrin.h>

#include "vectors.h"

namespace pintle {
namespace {

using Vector = __m512;
using Mask = __mmask16;
constexpr size_t kLanes = 16;

constexpr int kMatvecColumns = 8;
constexpr int kGemmColumns = 1;
using GemmRows = Counts<12, 8, 4, 3, 2, 1>;
constexpr size_t kBlockKeys = 128;
constexpr int kValueKeys = 4;
using ValueWidths = Widths<RaggedWidth<4>, RaggedWidth<3>, RaggedWidth<2>, RaggedWidth<1>>;
using BlockWidths = Widths<RaggedWidth<2>, RaggedWidth<1>>;
using QueryRows = Counts<8, 4, 1>;

inline Vector zero() { return _mm512_setzero_ps(); }
inline Vector broadcast(float v) { return _mm512_set1_ps(v); }
inline Vector load(const float* p) { return _mm512_loadu_ps(p); }
inline Vector load_half(const uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }

inline __mmask16 lane_mask(size_t count) {
  return count >= 16 ? __mmask16(0xffff) : static_cast<__mmask16>((1u << count) - 1);
}

struct Part {
  __mmask16 mask;
};
inline Part part(size_t count) { return {lane_mask(count)}; }
inline Vector load(const float* p, Part part) { return _mm512_maskz_loadu_ps(part.mask, p); }
inline void store(float* p, Vector v, Part part) { _mm512_mask_storeu_ps(p, part.mask, v); }

inline Vector select(Mask mask, Vector a, Vector b) { return _mm512_mask_mov_ps(b, mask, a); }
inline Vector keep(Mask mask, Vector a) { return _mm512_maskz_mov_ps(mask, a); }
inline Vector select(Part part, Vector a, Vector b) { return select(part.mask, a, b); }
inline Vector keep(Part part, Vector a) { return keep(part.mask, a); }
inline Mask lanes_from(size_t n) { return static_cast<__mmask16>(0xffffu << n); }
inline Mask greater(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
inline Vector select_negative(Vector v, Vector a, Vector b) {
  return select(_mm512_movepi32_mask(_mm512_castps_si512(v)), a, b);
}

inline Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
inline Vector sub(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
inline Vector mul(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
inline Vector div(Vector a, Vector b) { return _mm512_div_ps(a, b); }
inline Vector abs(Vector v) { return _mm512_abs_ps(v); }
inline Vector multiply_add(Vector sum, Vector a, Vector b) { return _mm512_fmadd_ps(a, b, sum); }
inline Vector multiply_sub(Vector sum, Vector a, Vector b) { return _mm512_fnmadd_ps(a, b, sum); }
// vmaxps returns its second operand for NaN and for two zeros.
inline Vector max(Vector a, Vector b) { return _mm512_max_ps(a, b); }
inline Vector min(Vector a, Vector b) { return _mm512_min_ps(a, b); }
inline Vector larger(Vector a, Vector b) { return _mm512_max_ps(a, b); }

inline float reduce_sum(Vector v) { return _mm512_reduce_add_ps(v); }
inline float reduce_max(Vector v) { return _mm512_reduce_max_ps(v); }

struct Exponent {
  Vector n;
};
inline Exponent nearest(Vector v) {
  return {_mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Vector times_power(Vector v, Exponent exponent) { return _mm512_scalef_ps(v, exponent.n); }

template <int kCount>
const float* load_factors(const float* p) {
  return p;
}
template <int kLane>
Vector multiply_add_lane(Vector sum, Vector v, const float* factors) {
  return multiply_add(sum, broadcast(factors[kLane]), v);
}

// In four steps of 16: within pairs of rows, then of pairs, of fours and of eights.
inline void transpose(Vector (&rows)[kLanes]) {
  Vector pairs[16], quads[16];
  PINTLE_UNROLL
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  PINTLE_UNROLL
  for (int i = 0; i < 16; i += 4) {
    quads[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    quads[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    quads[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    quads[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  // quads[4 q + c]: of rows 4 q to 4 q + 3, columns c, c + 4, c + 8 and c + 12, a quarter each.
  PINTLE_UNROLL
  for (int c = 0; c < 4; ++c) {
    const Vector low0 = _mm512_shuffle_f32x4(quads[c], quads[c + 4], 0x44);
    const Vector high0 = _mm512_shuffle_f32x4(quads[c], quads[c + 4], 0xee);
    const Vector low1 = _mm512_shuffle_f32x4(quads[c + 8], quads[c + 12], 0x44);
    const Vector high1 = _mm512_shuffle_f32x4(quads[c + 8], quads[c + 12], 0xee);
    rows[c] = _mm512_shuffle_f32x4(low0, low1, 0x88);
    rows[c + 4] = _mm512_shuffle_f32x4(low0, low1, 0xdd);
    rows[c + 8] = _mm512_shuffle_f32x4(high0, high1, 0x88);
    rows[c + 12] = _mm512_shuffle_f32x4(high0, high1, 0xdd);
  }
}

inline __m256 fold(Vector v) {
  return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
}
inline void store_sums(float* p, const Vector (&v)[4], float scale, size_t count) {
  const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(fold(v[0]), fold(v[1])),
                                      _mm256_hadd_ps(fold(v[2]), fold(v[3])));
  const __m128 sums = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
  _mm_mask_storeu_ps(p, static_cast<__mmask8>(lane_mask(count)),
                     _mm_mul_ps(sums, _mm_set1_ps(scale)));
}

struct Floats16 {
  Vector v[1];
};
inline uint32_t mask_above(const Floats16& scores, float threshold) {
  return _mm512_cmp_ps_mask(scores.v[0], broadcast(threshold), _CMP_NLE_UQ);
}

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_VECTORS_AVX512_H_
