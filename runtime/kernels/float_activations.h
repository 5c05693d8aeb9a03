// SPDX-License-Identifier: Apache-2.0
//
// Activations, in place.
#ifndef PINTLE_KERNELS_FLOAT_ACTIVATIONS_H_
#define PINTLE_KERNELS_FLOAT_ACTIVATIONS_H_

#include "float_vectors.h"

namespace pintle {
namespace {

template <Vector (*kFunction)(Vector)>
void map(float* x, size_t count) {
  each_vector(count,
              [&](size_t i, auto lanes) { store(x + i, kFunction(load(x + i, lanes)), lanes); });
}

PINTLE_INLINE Vector relu(Vector v) { return larger(zero(), v); }

void relu_f32(float* x, size_t count) { map<relu>(x, count); }

PINTLE_INLINE Vector silu(Vector v) { return div(v, add(broadcast(1), exp(sub(zero(), v)))); }

void silu_f32(float* x, size_t count) { map<silu>(x, count); }

// x/2 (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3).
PINTLE_INLINE Vector gelu_tanh(Vector v) {
  const Vector factor = multiply_add(broadcast(-1.5957691f), mul(v, v), broadcast(-0.071354816f));
  return div(v, add(broadcast(1), exp(mul(v, factor))));
}

void gelu_tanh_f32(float* x, size_t count) { map<gelu_tanh>(x, count); }

// erfc(z) = (a1 t + ... + a5 t^5) e^(-z^2), t = 1 / (1 + p z): Abramowitz and Stegun 7.1.26,
// absolute error 1.5e-7. The value for +-x is x (1 - erfc / 2) or x erfc / 2.
PINTLE_INLINE Vector gelu_erf(Vector v) {
  const Vector one = broadcast(1), z = mul(abs(v), broadcast(0.70710678f));
  const Vector t = div(one, multiply_add(one, z, broadcast(0.3275911f)));
  Vector p = broadcast(1.061405429f);
  p = multiply_add(broadcast(-1.453152027f), p, t);
  p = multiply_add(broadcast(1.421413741f), p, t);
  p = multiply_add(broadcast(-0.284496736f), p, t);
  p = multiply_add(broadcast(0.254829592f), p, t);
  p = mul(p, mul(t, broadcast(0.5f)));
  const Vector tail = mul(p, exp(multiply_sub(zero(), z, z)));
  return mul(v, select_negative(v, tail, sub(one, tail)));
}

void gelu_erf_f32(float* x, size_t count) { map<gelu_erf>(x, count); }

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_FLOAT_ACTIVATIONS_H_
