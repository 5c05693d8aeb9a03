// SPDX-License-Identifier: Apache-2.0
//
// dot_f32 and axpy_f32.
#include <cmath>

#include "check.h"

namespace pintle::check {

void check_dot_f32(Context& context) {
  for (size_t count = 1; count <= 1100; count = count < 70 ? count + 1 : count * 2) {
    for (const Fill fill : kFills) {
      const Place place = count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
      Buffer<float> a(count, place), b(count, place);
      fill_floats(context.random, fill, {-1e15, 1e15, 1}, a);
      fill_floats(context.random, fill, {-1e15, 1e15, 1}, b);
      a.make_read_only();
      b.make_read_only();
      double exact = 0, sum = 0;
      for (size_t i = 0; i < count; ++i) {
        exact += static_cast<double>(a[i]) * b[i];
        sum += std::fabs(static_cast<double>(a[i]) * b[i]);
      }
      const float dot = context.kernels.dot_f32(a.data(), b.data(), count);
      const double bound = static_cast<double>(count) * (0x1p-23 * sum + 0x1p-149);
      context.expect(std::fabs(dot - exact) <= bound, "count %zu %s: %g, not %g", count,
                     fill_name(fill), dot, exact);
    }
  }
  Buffer<float> a(64), b(64);
  fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, a);
  fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, b);
  volatile float sink = 0;
  context.bench("64", 128, [&] { sink = context.kernels.dot_f32(a.data(), b.data(), 64); });
}

void check_axpy_f32(Context& context) {
  for (size_t count = 1; count <= 600; count = count < 40 ? count + 1 : count * 2) {
    for (const Fill fill : kFills) {
      const Place place = count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
      Buffer<float> x(count, place), y(count, place);
      fill_floats(context.random, fill, {-1e15, 1e15, 1}, x);
      fill_floats(context.random, fill, {-1e15, 1e15, 1}, y);
      x.make_read_only();
      const std::vector<float> before(y.data(), y.data() + count);
      const float factor = static_cast<float>(context.random.normal());
      context.kernels.axpy_f32(factor, x.data(), count, y.data());
      for (size_t i = 0; i < count; ++i) {
        const double product = static_cast<double>(factor) * x[i];
        const double bound = 0x1p-23 * (std::fabs(before[i]) + std::fabs(product)) + 0x1p-149;
        context.expect(std::fabs(y[i] - (before[i] + product)) <= bound,
                       "count %zu %s: y[%zu] is %g, not %g", count, fill_name(fill), i, y[i],
                       before[i] + product);
      }
      context.expect(y.are_canaries_intact(), "count %zu: wrote outside y", count);
    }
  }
  Buffer<float> x(64), y(64);
  fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, x);
  fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, y);
  context.bench("64", 128, [&] { context.kernels.axpy_f32(1e-9f, x.data(), 64, y.data()); });
}

}  // namespace pintle::check
