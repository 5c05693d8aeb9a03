// SPDX-License-Identifier: Apache-2.0
//
// LayerNorm, and sums of exponentials.
#ifndef PINTLE_KERNELS_FLOAT_NORMS_H_
#define PINTLE_KERNELS_FLOAT_NORMS_H_

#include "float_vectors.h"

namespace pintle {
namespace {

// In float, and as good as in double: x is taken relative to x[0], and if that is far from the mean, so is
// the deviation large, at least |x[0] - mean| / sqrt(count). False, and nothing was written, where it is
// not: the squares leave float's range, or x[0] is more than 16 deviations away, as only one of more than 256
// numbers can be.
bool layer_norm_in_range(const float* x, const float* gain, const float* bias, float eps,
                         size_t count, float* y) {
  const size_t whole = count / kLanes * kLanes, rest = count - whole;
  const Vector first = broadcast(x[0]);
  const Part some = part(rest);
  Vector last = zero();
  if (rest > 0) last = keep(some, sub(load(x + whole, some), first));
  const float size = static_cast<float>(count);

  Vector sum = last;
  for (size_t i = 0; i < whole; i += kLanes) sum = add(sum, sub(load(x + i), first));
  const float distance = reduce_sum(sum) / size;
  const Vector mean = broadcast(distance);

  last = keep(some, sub(last, mean));
  sum = mul(last, last);
  for (size_t i = 0; i < whole; i += kLanes) {
    const Vector v = sub(sub(load(x + i), first), mean);
    sum = multiply_add(sum, v, v);
  }
  const float variance = reduce_sum(sum) / size + eps;
  if (!(variance > 1e-20f && variance < 1e30f && distance * distance <= 256 * variance))
    return false;

  const Vector factor = broadcast(1 / __builtin_sqrtf(variance));
  for (size_t i = 0; i < whole; i += kLanes) {
    const Vector v = mul(sub(sub(load(x + i), first), mean), factor);
    store(y + i, multiply_add(load(bias + i), v, load(gain + i)));
  }
  if (rest > 0) {
    store(y + whole,
          multiply_add(load(bias + whole, some), mul(last, factor), load(gain + whole, some)),
          some);
  }
  return true;
}

// Eight sums side by side, which the compiler makes vectors of.
template <typename Term>
PINTLE_INLINE double sum_of_doubles(size_t count, const Term& term) {
  double sums[8] = {};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    PINTLE_UNROLL
    for (size_t j = 0; j < 8; ++j) sums[j] += term(i + j);
  }
  for (; i < count; ++i) sums[0] += term(i);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// What no network that works comes to is in double, for the reason that kernels_scalar.cpp gives.
void layer_norm_f32(const float* x, const float* gain, const float* bias, float eps, size_t count,
                    float* y) {
  if (layer_norm_in_range(x, gain, bias, eps, count, y)) return;
  const double size = static_cast<double>(count);
  const double mean = sum_of_doubles(count, [&](size_t i) { return double{x[i]}; }) / size;
  const auto deviation = [&](size_t i) { return double{x[i]} - mean; };
  const double squares =
      sum_of_doubles(count, [&](size_t i) { return deviation(i) * deviation(i); });
  const double factor = 1 / __builtin_sqrt(squares / size + double{eps});
  for (size_t i = 0; i < count; ++i) {
    y[i] = static_cast<float>(deviation(i) * factor * double{gain[i]} + double{bias[i]});
  }
}

float exp_sum_f32(const float* x, size_t count, float factor, float* largest) {
  const Vector factors = broadcast(factor), lowest = broadcast(-__builtin_inff());
  Vector most = lowest;
  each_vector(count, [&](size_t i, auto lanes) {  // never takes a NaN
    most = select(lanes, larger(mul(load(x + i, lanes), factors), most), most);
  });
  *largest = reduce_max(most);
  most = broadcast(*largest);
  Vector sum = zero();
  each_vector(count, [&](size_t i, auto lanes) {
    const Vector v = load(x + i, lanes);
    const Vector e = exp(sub(mul(v, factors), most));
    sum = add(sum, keep(lanes, keep(greater(v, lowest), e)));
  });
  return reduce_sum(sum);
}

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_FLOAT_NORMS_H_
