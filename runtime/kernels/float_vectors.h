// SPDX-License-Identifier: Apache-2.0
//
// What the float kernels of every ISA share, made of the primitives of the vectors_<isa>.h before it.
#ifndef PINTLE_KERNELS_FLOAT_VECTORS_H_
#define PINTLE_KERNELS_FLOAT_VECTORS_H_

#include "vectors.h"

namespace pintle {
namespace {

inline Vector load(const float* p, Whole) { return load(p); }
inline void store(float* p, Vector v, Whole) { store(p, v); }
inline Vector select(Whole, Vector a, Vector) { return a; }
inline Vector keep(Whole, Vector a) { return a; }

// The first `count` floats (kLanes if there are more) of p; the other lanes are zero.
inline Vector load(const float* p, size_t count) {
  return count >= kLanes ? load(p) : load(p, part(count));
}

// Calls function(i, lanes) for every vector of `count` numbers: whole ones, then what is left.
template <typename Function>
PINTLE_INLINE void each_vector(size_t count, const Function& function) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) function(i, Whole());
  if (i < count) function(i, part(count - i));
}

// Neighbours first, then their sums.
template <int kCount>
Vector sum_of(const Vector (&v)[kCount]) {
  if constexpr (kCount == 1) {
    return v[0];
  } else {
    Vector pairs[kCount / 2];
    PINTLE_UNROLL
    for (int i = 0; i < kCount / 2; ++i) pairs[i] = add(v[2 * i], v[2 * i + 1]);
    return sum_of(pairs);
  }
}

// e^v: v = n ln 2 + r with |r| <= ln 2 / 2, and a minimax polynomial in r (relative error 3e-9
// before rounding; about 2 ulp in all). Below -87.3 it stays at e^-87.3 = 1.2e-38; above 88.8 it is
// infinite, from 88.4 on where the ISA makes 2^128 of bits.
PINTLE_INLINE Vector exp(Vector v) {
  v = min(max(v, broadcast(-87.3f)), broadcast(88.8f));
  const Exponent exponent = nearest(mul(v, broadcast(1.44269504f)));
  Vector r = multiply_sub(v, exponent.n, broadcast(0x1.62e4p-1f));  // ln 2 in two parts
  r = multiply_sub(r, exponent.n, broadcast(0x1.7f7d1cp-20f));
  Vector p = broadcast(0x1.6a2350p-10f);
  p = multiply_add(broadcast(0x1.123a6cp-7f), p, r);
  p = multiply_add(broadcast(0x1.5558f4p-5f), p, r);
  p = multiply_add(broadcast(0x1.555490p-3f), p, r);
  p = multiply_add(broadcast(0x1.fffffcp-2f), p, r);
  p = multiply_add(broadcast(1), p, r);
  p = multiply_add(broadcast(1), p, r);
  return times_power(p, exponent);
}

// ---- Sixteen floats: the same column of a panel's rows --------------------------------------------

constexpr int kPanelVectors = static_cast<int>(kPanelRows / kLanes);

inline Floats16 load16(const float* p) {
  Floats16 floats;
  PINTLE_UNROLL
  for (int u = 0; u < kPanelVectors; ++u) floats.v[u] = load(p + u * kLanes);
  return floats;
}
inline Floats16 load16(const uint16_t* p) {
  Floats16 floats;
  PINTLE_UNROLL
  for (int u = 0; u < kPanelVectors; ++u) floats.v[u] = load_half(p + u * kLanes);
  return floats;
}

inline void store16(float* p, const Floats16& floats) {
  PINTLE_UNROLL
  for (int u = 0; u < kPanelVectors; ++u) store(p + u * kLanes, floats.v[u]);
}

inline void add_bias(const float* bias, Floats16* scores) {
  const Floats16 b = load16(bias);
  PINTLE_UNROLL
  for (int u = 0; u < kPanelVectors; ++u) scores->v[u] = add(scores->v[u], b.v[u]);
}

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_FLOAT_VECTORS_H_
