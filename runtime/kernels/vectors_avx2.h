// SPDX-License-Identifier: Apache-2.0
//
// vectors.h on AVX2, FMA and F16C. Plain moves do what they can: a masked store costs many times more
// on some CPUs.
#ifndef PINTLE_KERNELS_VECTORS_AVX2_H_
#define PINTLE_KERNELS_VECTORS_AVX2_H_

#include <immintrin.h>

#include "vectors.h"

namespace pintle::internal {
namespace {

using Vector = __m256;
using Mask = __m256;
constexpr size_t kLanes = 8;

constexpr int kMatvecColumns = 4;
constexpr int kGemmColumns = 1;
using GemmRows = Counts<6, 5, 4, 3, 2, 1>;  // 12 sums hide the FMA's latency
constexpr size_t kBlockKeys = 32;
constexpr int kValueKeys = 1;
using ValueWidths = Widths<WholeWidth<8>, WholeWidth<4>, RaggedWidth<4>, RaggedWidth<3>,
                           RaggedWidth<2>, RaggedWidth<1>>;
using BlockWidths = Widths<WholeWidth<2>, RaggedWidth<2>, RaggedWidth<1>>;
using QueryRows = Counts<6, 4, 2, 1>;

inline Vector zero() { return _mm256_setzero_ps(); }
inline Vector broadcast(float v) { return _mm256_set1_ps(v); }
inline Vector load(const float* p) { return _mm256_loadu_ps(p); }
inline Vector load_half(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline void store(float* p, Vector v) { _mm256_storeu_ps(p, v); }

inline __m256i lanes_below(int32_t end) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(end), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

struct Part {
  __m256i mask;
};
inline Part part(size_t count) { return {lanes_below(static_cast<int32_t>(count))}; }
inline Vector load(const float* p, Part part) { return _mm256_maskload_ps(p, part.mask); }
inline void store(float* p, Vector v, Part part) { _mm256_maskstore_ps(p, part.mask, v); }

inline Vector select(Mask mask, Vector a, Vector b) { return _mm256_blendv_ps(b, a, mask); }
inline Vector keep(Mask mask, Vector a) { return _mm256_and_ps(a, mask); }
inline Vector select(Part part, Vector a, Vector b) {
  return select(_mm256_castsi256_ps(part.mask), a, b);
}
inline Vector keep(Part part, Vector a) { return keep(_mm256_castsi256_ps(part.mask), a); }
inline Mask lanes_from(size_t n) {
  return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                                _mm256_set1_epi32(static_cast<int32_t>(n) - 1)));
}
inline Mask greater(Vector a, Vector b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
inline Vector select_negative(Vector v, Vector a, Vector b) { return _mm256_blendv_ps(b, a, v); }

inline Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
inline Vector sub(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
inline Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
inline Vector div(Vector a, Vector b) { return _mm256_div_ps(a, b); }
inline Vector abs(Vector v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v); }
inline Vector multiply_add(Vector sum, Vector a, Vector b) { return _mm256_fmadd_ps(a, b, sum); }
inline Vector multiply_sub(Vector sum, Vector a, Vector b) { return _mm256_fnmadd_ps(a, b, sum); }
// vmaxps returns its second operand for NaN and for two zeros.
inline Vector max(Vector a, Vector b) { return _mm256_max_ps(a, b); }
inline Vector min(Vector a, Vector b) { return _mm256_min_ps(a, b); }
inline Vector larger(Vector a, Vector b) { return _mm256_max_ps(a, b); }

inline float reduce_sum(Vector v) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}
inline float reduce_max(Vector v) {
  __m128 max = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  max = _mm_max_ps(max, _mm_movehl_ps(max, max));
  return _mm_cvtss_f32(_mm_max_ss(max, _mm_movehdup_ps(max)));
}

struct Exponent {
  Vector n;
};
inline Exponent nearest(Vector v) {
  return {_mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Vector times_power(Vector v, Exponent exponent) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(exponent.n), _mm256_set1_epi32(127));
  return mul(v, _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23)));
}

template <int kCount>
const float* load_factors(const float* p) {
  return p;
}
template <int kLane>
Vector multiply_add_lane(Vector sum, Vector v, const float* factors) {
  return multiply_add(sum, _mm256_broadcast_ss(factors + kLane), v);
}

inline void transpose(Vector (&rows)[kLanes]) {
  Vector pairs[8], quads[8];
  PINTLE_UNROLL
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
  }
  PINTLE_UNROLL
  for (int i = 0; i < 2; ++i) {
    quads[4 * i] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], 0x44);
    quads[4 * i + 1] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], 0xee);
    quads[4 * i + 2] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], 0x44);
    quads[4 * i + 3] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], 0xee);
  }
  PINTLE_UNROLL
  for (int i = 0; i < 4; ++i) {
    rows[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
    rows[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
  }
}

inline void store_sums(float* p, const Vector (&v)[4], float scale, size_t count) {
  const Vector pairs = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
  const __m128 sums =
      _mm_mul_ps(_mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1)),
                 _mm_set1_ps(scale));
  if (count == 4) {
    _mm_storeu_ps(p, sums);
  } else {
    _mm_maskstore_ps(p, _mm256_castsi256_si128(part(count).mask), sums);
  }
}

struct Floats16 {
  Vector v[2];
};
inline uint32_t mask_above(const Floats16& scores, float threshold) {
  const Vector limit = broadcast(threshold);
  const int low = _mm256_movemask_ps(_mm256_cmp_ps(scores.v[0], limit, _CMP_NLE_UQ));
  const int high = _mm256_movemask_ps(_mm256_cmp_ps(scores.v[1], limit, _CMP_NLE_UQ));
  return static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 8;
}

}  // namespace
}  // namespace pintle::internal

#endif  // PINTLE_KERNELS_VECTORS_AVX2_H_
