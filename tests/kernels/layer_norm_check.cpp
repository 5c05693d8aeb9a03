// SPDX-License-Identifier: Apache-2.0
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "check.h"

namespace pintle::check {
namespace {

// first: added to x[0] alone, which kernels take the others relative to.
void check_case(Context& context, size_t count, Fill fill, const Domain& domain, double offset,
                float eps, double first = 0) {
  const Place place = count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
  Buffer<float> x(count, place), gain(count, place), bias(count, place), y(count, place);
  fill_floats(context.random, fill, domain, x);
  for (size_t i = 0; i < count; ++i) x[i] = static_cast<float>(x[i] + offset);
  x[0] = static_cast<float>(x[0] + first);
  fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, gain);
  fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, bias);
  gain.make_read_only();
  bias.make_read_only();
  double mean = 0, variance = 0, largest = 0;
  const double size = static_cast<double>(count);
  for (size_t i = 0; i < count; ++i) mean += x[i];
  mean /= size;
  for (size_t i = 0; i < count; ++i) variance += (x[i] - mean) * (x[i] - mean) / size;
  std::vector<double> exact(count);
  for (size_t i = 0; i < count; ++i) {
    exact[i] = gain[i] * ((x[i] - mean) / std::sqrt(variance + eps)) + bias[i];
    largest = std::fmax(largest, std::fabs(exact[i]));
  }
  context.kernels.layer_norm_f32(x.data(), gain.data(), bias.data(), eps, count, y.data());
  for (size_t i = 0; i < count; ++i) {
    context.expect(std::fabs(y[i] - exact[i]) <= 1e-5 * largest,
                   "count %zu %s offset %g first %g eps %g: y[%zu] is %g, not %g", count,
                   fill_name(fill), offset, first, eps, i, y[i], exact[i]);
  }
  context.kernels.layer_norm_f32(x.data(), gain.data(), bias.data(), eps, count, x.data());
  context.expect(std::memcmp(x.data(), y.data(), count * sizeof(float)) == 0,
                 "count %zu: in place gives other bits", count);
  context.expect(x.are_canaries_intact() && y.are_canaries_intact(), "count %zu: wrote outside y",
                 count);
}

}  // namespace

void check_layer_norm_f32(Context& context) {
  for (const size_t count :
       {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 25, 31, 50, 64, 100, 256, 1000, 4000}) {
    for (const Fill fill : kFills) {
      for (const float eps : {1e-12f, 1e-8f, 1e-5f}) {
        check_case(context, count, fill, {-FLT_MAX, FLT_MAX, 1}, 0, eps);
        check_case(context, count, fill, {-4, 4, 1}, 1e3, eps);
        check_case(context, count, fill, {-4, 4, 1}, -1e6, eps);
        for (const double first : {16.0, 50.0, 300.0, -1e6}) {
          check_case(context, count, fill, {-4, 4, 1}, 1e3, eps, first);
        }
        // Squares that float does not hold well: too small, too large.
        check_case(context, count, fill, {-1e-11, 1e-11, 1e-12}, 0, 1e-24f);
        check_case(context, count, fill, {-1e16, 1e16, 1e15}, 0, eps);
      }
    }
  }
  for (const size_t count : {size_t{64}, size_t{256}}) {
    Buffer<float> x(count), gain(count), bias(count), y(count);
    fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, x);
    fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, gain);
    fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, bias);
    char label[64];
    std::snprintf(label, sizeof label, "%zu", count);
    context.bench(label, static_cast<double>(count), [&] {
      context.kernels.layer_norm_f32(x.data(), gain.data(), bias.data(), 1e-5f, count, y.data());
    });
  }
}

}  // namespace pintle::check
