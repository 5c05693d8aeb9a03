// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <cstring>

#include "check.h"

namespace pintle::check {
namespace {

constexpr float kUntouched = 123456.0f;

void check_case(Context& context, size_t m, size_t cols, size_t n, Fill fill) {
  const bool has_bias = (m + n) % 2 == 0;
  const size_t a_stride = cols + (m % 3 == 0 ? 5 : 0), c_stride = n + (m % 2 == 0 ? 3 : 0);
  const Place place = n % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
  Buffer<float> a((m - 1) * a_stride + cols, place), tile(cols * 16), bias(16, place);
  Buffer<float> c((m - 1) * c_stride + n, place);
  fill_floats(context.random, fill, {-1e15, 1e15, 1}, a);
  fill_floats(context.random, fill, {-1e15, 1e15, 0.05}, tile);
  fill_floats(context.random, fill, {-1e15, 1e15, 1}, bias);
  for (size_t i = 0; i < c.size(); ++i) c[i] = kUntouched;
  a.make_read_only();
  tile.make_read_only();
  bias.make_read_only();
  context.kernels.gemm_tile_f32(a.data(), a_stride, m, cols, tile.data(),
                                has_bias ? bias.data() : nullptr, c.data(), c_stride, n);
  for (size_t i = 0; i < m; ++i) {
    for (size_t r = 0; r < c_stride && i * c_stride + r < c.size(); ++r) {
      const float value = c[i * c_stride + r];
      if (r >= n) {
        context.expect(value == kUntouched, "m %zu cols %zu n %zu: wrote between rows", m, cols, n);
        continue;
      }
      double exact = has_bias ? bias[r] : 0, sum = std::fabs(exact);
      for (size_t k = 0; k < cols; ++k) {
        const double product = static_cast<double>(a[i * a_stride + k]) * tile[k * 16 + r];
        exact += product;
        sum += std::fabs(product);
      }
      const double bound =
          static_cast<double>(cols + (has_bias ? 1 : 0)) * (0x1p-23 * sum + 0x1p-149);
      context.expect(std::fabs(value - exact) <= bound,
                     "m %zu cols %zu n %zu %s: c[%zu][%zu] is %g, not %g", m, cols, n,
                     fill_name(fill), i, r, value, exact);
    }
  }
  Buffer<float> alone(16);
  context.kernels.gemm_tile_f32(a.data() + (m - 1) * a_stride, a_stride, 1, cols, tile.data(),
                                has_bias ? bias.data() : nullptr, alone.data(), 16, n);
  context.expect(std::memcmp(alone.data(), c.data() + (m - 1) * c_stride, n * sizeof(float)) == 0,
                 "m %zu cols %zu n %zu: the last row alone gives other bits", m, cols, n);
  context.expect(c.are_canaries_intact(), "m %zu cols %zu n %zu: wrote outside c", m, cols, n);
}

}  // namespace

void check_gemm_tile_f32(Context& context) {
  for (const size_t m : {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 17, 25, 29, 50}) {
    for (const size_t cols : {1, 2, 3, 25, 50, 64, 256}) {
      for (const size_t n : {1, 2, 7, 8, 9, 15, 16}) {
        for (const Fill fill : kFills) {
          if (m > 14 && fill != Fill::kUniform) continue;
          check_case(context, m, cols, n, fill);
        }
      }
    }
  }
  for (const size_t m : {size_t{12}, size_t{200}}) {
    for (const size_t cols : {size_t{64}, size_t{256}}) {
      Buffer<float> a(m * cols), tile(cols * 16), bias(16), c(m * 16);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, a);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, tile);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, bias);
      char label[64];
      std::snprintf(label, sizeof label, "%zu x %zu x 16", m, cols);
      context.bench(label, 2.0 * 16 * static_cast<double>(m * cols), [&] {
        context.kernels.gemm_tile_f32(a.data(), cols, m, cols, tile.data(), bias.data(), c.data(),
                                      16, 16);
      });
    }
  }
}

}  // namespace pintle::check
