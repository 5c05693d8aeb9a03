// SPDX-License-Identifier: Apache-2.0
//
// LayerNorm, and sums of exponentials.
#ifndef PINTLE_KERNELS_FLOAT_NORMS_H_
#define PINTLE_KERNELS_FLOAT_NORMS_H_

#include "float_vectors.h"

namespace pintle {
namespace {

// In float, as exact as in double unless the squares leave its range: x is taken relative to x[0], and
// if that is far from the mean, so is the deviation large, at least |x[0] - mean| / sqrt(count).
// False: they do, and nothing was written.
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
  const Vector mean = broadcast(reduce_sum(sum) / size);

  last = keep(some, sub(last, mean));
  sum = mul(last, last);
  for (size_t i = 0; i < whole; i += kLanes) {
    const Vector v = sub(sub(load(x + i), first), mean);
    sum = multiply_add(sum, v, v);
  }
  const float variance = reduce_sum(sum) / size + eps;
  if (!(variance > 1e-20f && variance < 1e30f)) return false;

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

// What no network that works comes to, in plain double, for the reason that kernels_scalar.cpp gives.
void layer_norm_f32(const float* x, const float* gain, const float* bias, float eps, size_t count,
                    float* y) {
  if (layer_norm_in_range(x, gain, bias, eps, count, y)) return;
  const double size = static_cast<double>(count);
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += static_cast<double>(x[i]);
  const double mean = sum / size;
  sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double deviation = static_cast<double>(x[i]) - mean;
    sum += deviation * deviation;
  }
  const double factor = 1 / __builtin_sqrt(sum / size + static_cast<double>(eps));
  for (size_t i = 0; i < count; ++i) {
    const double normed = (static_cast<double>(x[i]) - mean) * factor;
    y[i] = static_cast<float>(normed * static_cast<double>(gain[i]) + static_cast<double>(bias[i]));
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
