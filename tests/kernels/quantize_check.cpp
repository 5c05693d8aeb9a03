// SPDX-License-Identifier: Apache-2.0
#include <cfloat>
#include <cmath>
#include <cstdio>

#include "check.h"

namespace pintle::check {
namespace {

// The contract once more, in double where that rounds to the same float.
float expected_s16(const Buffer<float>& x, int32_t max_value, std::vector<int16_t>* q) {
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::fabs(x[i]) > largest) largest = std::fabs(x[i]);
  }
  q->assign(x.size(), 0);
  if (largest == 0 || std::isinf(largest)) return 0;
  const float factor = static_cast<float>(max_value / largest);
  for (size_t i = 0; i < x.size(); ++i) {
    const float product = static_cast<float>(static_cast<double>(x[i]) * factor);
    if (std::isnan(product)) continue;
    const double limit = max_value;
    (*q)[i] = static_cast<int16_t>(std::nearbyint(std::fmin(std::fmax(product, -limit), limit)));
  }
  return static_cast<float>(largest / max_value);
}

void check_case(Context& context, const Buffer<float>& x, int32_t max_value, Place place,
                const char* what) {
  Buffer<int16_t> q(x.size(), place);
  const float scale = context.kernels.quantize_s16(x.data(), x.size(), max_value, q.data());
  std::vector<int16_t> expected(x.size());
  const float expected_scale =
      context.is_scalar
          ? expected_s16(x, max_value, &expected)
          : context.scalar.quantize_s16(x.data(), x.size(), max_value, expected.data());
  context.expect(same_bits(scale, expected_scale), "count %zu max %d %s: scale %g, not %g",
                 x.size(), max_value, what, scale, expected_scale);
  for (size_t i = 0; i < x.size(); ++i) {
    context.expect(q[i] == expected[i], "count %zu max %d %s: q[%zu] is %d, not %d, for %g",
                   x.size(), max_value, what, i, q[i], expected[i], x[i]);
  }
  context.expect(q.are_canaries_intact(), "count %zu %s: wrote outside q", x.size(), what);
}

}  // namespace

void check_quantize_s16(Context& context) {
  const Domain domains[] = {{-FLT_MAX, FLT_MAX, 1}, {-8, 8, 1}, {-1e-42, 1e-42, 3e-43}};
  for (size_t count = 1; count <= 1000; count = count < 40 ? count + 1 : count * 3) {
    const Place place = count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
    for (const int32_t max_value : {1, 127, activation_limit(2068), 8191, 16256}) {
      for (const Fill fill : kFills) {
        for (const Domain& domain : domains) {
          Buffer<float> x(count, place);
          fill_floats(context.random, fill, domain, x);
          x.make_read_only();
          check_case(context, x, max_value, place, fill_name(fill));
        }
      }
      // Halves, which must round to even: the factor is 1.
      Buffer<float> halves(count, place), faulty(count, place), infinite(count, place);
      for (size_t i = 0; i < count; ++i) {
        halves[i] = static_cast<float>(context.random.integer(0, max_value - 1)) + 0.5f;
        if (i % 2 != 0) halves[i] = -halves[i];
      }
      halves[count / 2] = static_cast<float>(max_value);
      check_case(context, halves, max_value, place, "halves");
      fill_floats(context.random, Fill::kRealistic, {-8, 8, 1}, faulty);
      faulty[count / 2] = NAN;
      faulty[count - 1] = NAN;
      check_case(context, faulty, max_value, place, "NaN");
      fill_floats(context.random, Fill::kRealistic, {-8, 8, 1}, infinite);
      infinite[count / 3] = -INFINITY;
      check_case(context, infinite, max_value, place, "infinity");
    }
  }
  for (const size_t count : {size_t{64}, size_t{256}}) {
    Buffer<float> x(count);
    Buffer<int16_t> q(count);
    fill_floats(context.random, Fill::kRealistic, {-8, 8, 1}, x);
    char label[64];
    std::snprintf(label, sizeof label, "%zu", count);
    context.bench(label, static_cast<double>(count),
                  [&] { context.kernels.quantize_s16(x.data(), count, 8191, q.data()); });
  }
}

}  // namespace pintle::check
