// SPDX-License-Identifier: Apache-2.0
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "check.h"

namespace pintle::check {
namespace {

using Kernel = void (*)(float*, size_t);

double exact_gelu_erf(double x) { return x * 0.5 * std::erfc(-x * 0.7071067811865476); }
double exact_gelu_tanh(double x) {
  const double u = 0.7978845608028654 * (x + 0.044715 * x * x * x);
  return x / (1 + std::exp(-2 * u));
}
double exact_silu(double x) { return x / (1 + std::exp(-x)); }

void expect_near(Context& context, float x, float y, double exact, size_t count) {
  if (std::isnan(x)) {
    context.expect(std::isnan(y), "count %zu: NaN became %g", count, y);
    return;
  }
  const double bound = 2e-6 * std::fmax(1, std::fabs(x));
  context.expect(std::fabs(y - exact) <= bound, "count %zu: of %.9g is %.9g, not %.9g", count, x, y,
                 exact);
}

void run_case(Context& context, Kernel kernel, double (*exact)(double), const Buffer<float>& x) {
  const std::vector<float> before(x.data(), x.data() + x.size());
  kernel(x.data(), x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    expect_near(context, before[i], x[i], exact(before[i]), x.size());
  }
  context.expect(x.are_canaries_intact(), "count %zu: wrote outside x", x.size());
}

void check_activation(Context& context, Kernel kernel, double (*exact)(double)) {
  for (size_t count = 1; count <= 300; count = count < 40 ? count + 1 : count * 2) {
    for (const Fill fill : kFills) {
      for (const double extreme : {12.0, 100.0, double{FLT_MAX}}) {
        Buffer<float> x(count, count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned);
        fill_floats(context.random, fill, {-extreme, extreme, 2}, x);
        run_case(context, kernel, exact, x);
      }
    }
  }
  // Every 65,521st float, NaN and subnormals among them; not the infinities.
  Buffer<float> sweep(65536);
  for (size_t i = 0; i < sweep.size(); ++i) {
    const uint32_t bits = static_cast<uint32_t>(i * 65521);
    std::memcpy(&sweep[i], &bits, sizeof bits);
    if (std::isinf(sweep[i])) sweep[i] = NAN;
  }
  run_case(context, kernel, exact, sweep);
  Buffer<float> x(256);
  fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, x);
  context.bench("256", 256, [&] { kernel(x.data(), x.size()); });
}

}  // namespace

void check_relu_f32(Context& context) {
  for (size_t count = 1; count <= 300; count = count < 40 ? count + 1 : count * 2) {
    for (const Fill fill : kFills) {
      Buffer<float> x(count, count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned);
      fill_floats(context.random, fill, {-FLT_MAX, FLT_MAX, 1}, x);
      if (fill == Fill::kUniform) x[count / 2] = NAN;
      if (fill == Fill::kZero) x[count / 2] = -0.0f;
      std::vector<float> expected(x.data(), x.data() + count);
      if (context.is_scalar) {
        for (float& value : expected) {
          if (value < 0) value = 0;
        }
      } else {
        context.scalar.relu_f32(expected.data(), count);
      }
      context.kernels.relu_f32(x.data(), count);
      for (size_t i = 0; i < count; ++i) {
        context.expect(same_bits(x[i], expected[i]), "count %zu %s: x[%zu] is %g, not %g", count,
                       fill_name(fill), i, x[i], expected[i]);
      }
      context.expect(x.are_canaries_intact(), "count %zu: wrote outside x", count);
    }
  }
  Buffer<float> x(256);
  fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, x);
  context.bench("256", 256, [&] { context.kernels.relu_f32(x.data(), x.size()); });
}

void check_gelu_erf_f32(Context& context) {
  check_activation(context, context.kernels.gelu_erf_f32, exact_gelu_erf);
}

void check_gelu_tanh_f32(Context& context) {
  check_activation(context, context.kernels.gelu_tanh_f32, exact_gelu_tanh);
}

void check_silu_f32(Context& context) {
  check_activation(context, context.kernels.silu_f32, exact_silu);
}

}  // namespace pintle::check
