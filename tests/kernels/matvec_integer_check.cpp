// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <cstring>

#include "check.h"

namespace pintle::check {
namespace {

constexpr size_t kPanelCounts[] = {1, 2, 3, 5};
constexpr Domain kScales = {1e-4, 3, 0.01};

// x within the limit for these columns, zero from `used` on.
void fill_x(Context& context, Fill fill, size_t used, int32_t limit, const Buffer<int16_t>& x) {
  std::vector<int32_t> values(used);
  const double max = limit;
  fill_integers(context.random, fill, {-max, max, max / 4}, values.data(), used);
  for (size_t k = 0; k < x.size(); ++k) {
    x[k] = k < used ? static_cast<int16_t>(values[k]) : int16_t{0};
  }
}

void expect_same(Context& context, const Buffer<float>& y, const std::vector<float>& expected,
                 size_t cols, const char* fills) {
  for (size_t r = 0; r < y.size(); ++r) {
    context.expect(same_bits(y[r], expected[r]), "cols %zu panels %zu %s row %zu: %.9g, not %.9g",
                   cols, y.size() / 16, fills, r, y[r], expected[r]);
  }
  context.expect(y.are_canaries_intact(), "cols %zu panels %zu: wrote outside y", cols,
                 y.size() / 16);
}

void check_s8_case(Context& context, size_t cols, size_t panel_count, Fill w_fill, Fill x_fill,
                   double w_min) {
  const size_t rows = panel_count * 16, padded = round_up(cols, 4);
  std::vector<int32_t> w(rows * cols);
  fill_integers(context.random, w_fill, {w_min, 127, 40}, w.data(), w.size());
  Buffer<int8_t> panels(rows * padded);
  pack_s8_panels(w, panel_count, cols, panels.data());
  panels.make_read_only();
  Buffer<float> scales(rows);
  fill_floats(context.random, Fill::kUniform, kScales, scales);
  scales.make_read_only();
  const Place place = panel_count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
  Buffer<int16_t> x(padded, place);
  fill_x(context, x_fill, cols, activation_limit(padded), x);
  x.make_read_only();
  const float x_scale = static_cast<float>(context.random.uniform(1e-5, 1e-2));

  Buffer<float> y(rows, place);
  context.kernels.matvec_s8(panels.data(), scales.data(), panel_count, padded, x.data(), x_scale,
                            y.data());
  std::vector<float> expected(rows);
  if (context.is_scalar) {
    for (size_t r = 0; r < rows; ++r) {
      int64_t sum = 0;
      for (size_t k = 0; k < cols; ++k) sum += int64_t{w[r * cols + k]} * x[k];
      context.expect(w_min < -127 || (sum <= INT32_MAX && sum >= -INT32_MAX), "the limit is wrong");
      volatile float scale = scales[r] * x_scale;  // rounded by itself
      expected[r] = static_cast<float>(static_cast<int32_t>(sum)) * scale;
    }
  } else {
    context.scalar.matvec_s8(panels.data(), scales.data(), panel_count, padded, x.data(), x_scale,
                             expected.data());
  }
  char fills[64];
  std::snprintf(fills, sizeof fills, "w %s x %s", fill_name(w_fill), fill_name(x_fill));
  // With -128 any number will do; what counts is that nothing else happens.
  if (w_min >= -127) expect_same(context, y, expected, cols, fills);
  context.expect(y.are_canaries_intact(), "wrote outside y");
}

void check_s4_case(Context& context, size_t cols, size_t panel_count, Fill w_fill, Fill x_fill) {
  const size_t rows = panel_count * 16, padded = round_up(cols, 32), groups = padded / 32;
  std::vector<int32_t> w(rows * cols);
  fill_integers(context.random, w_fill, {-8, 7, 3}, w.data(), w.size());
  Buffer<uint8_t> panels(rows * padded / 2);
  pack_s4_panels(w, panel_count, cols, panels.data());
  panels.make_read_only();
  Buffer<uint16_t> scales(rows * groups);
  for (size_t i = 0; i < scales.size(); ++i) scales[i] = half_from(context.random.uniform(0, 2));
  scales.make_read_only();
  const Place place = panel_count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
  Buffer<int16_t> x(padded, place);
  fill_x(context, x_fill, cols, 8191, x);
  x.make_read_only();
  const float x_scale = static_cast<float>(context.random.uniform(1e-5, 1e-2));

  Buffer<float> y(rows, place);
  context.kernels.matvec_s4(panels.data(), scales.data(), panel_count, padded, x.data(), x_scale,
                            y.data());
  std::vector<float> expected(rows);
  if (context.is_scalar) {
    for (size_t r = 0; r < rows; ++r) {
      volatile float sum = 0;  // every step rounded by itself
      for (size_t g = 0; g < groups; ++g) {
        int64_t dot = 0;
        for (size_t k = g * 32; k < cols && k < g * 32 + 32; ++k) {
          dot += int64_t{w[r * cols + k]} * x[k];
        }
        const double scale = half_to_double(scales[(r / 16 * groups + g) * 16 + r % 16]);
        volatile float term = static_cast<float>(dot) * static_cast<float>(scale);
        sum = sum + term;
      }
      expected[r] = x_scale * sum;
    }
  } else {
    context.scalar.matvec_s4(panels.data(), scales.data(), panel_count, padded, x.data(), x_scale,
                             expected.data());
  }
  char fills[64];
  std::snprintf(fills, sizeof fills, "w %s x %s", fill_name(w_fill), fill_name(x_fill));
  expect_same(context, y, expected, cols, fills);
}

}  // namespace

void check_matvec_s8(Context& context) {
  for (const size_t cols : {1, 4, 5, 8, 12, 25, 31, 50, 64, 68, 100, 256, 2068, 5000}) {
    for (const size_t panel_count : kPanelCounts) {
      if (cols > 256 && panel_count > 2) continue;
      for (const Fill w_fill : kFills) {
        for (const Fill x_fill : kFills) {
          check_s8_case(context, cols, panel_count, w_fill, x_fill, -127);
        }
      }
      check_s8_case(context, cols, panel_count, Fill::kMin, Fill::kMax, -128);
    }
  }
  for (const size_t rows : {size_t{256}, size_t{3456}, size_t{100000}}) {
    const size_t cols = 64;
    Buffer<int8_t> panels(rows * cols);
    for (size_t i = 0; i < panels.size(); ++i) {
      panels[i] = static_cast<int8_t>(context.random.integer(-127, 127));
    }
    Buffer<float> scales(rows), y(rows);
    fill_floats(context.random, Fill::kUniform, kScales, scales);
    Buffer<int16_t> x(cols);
    fill_x(context, Fill::kRealistic, cols, 8191, x);
    char label[64];
    std::snprintf(label, sizeof label, "%zu x %zu", rows, cols);
    context.bench(label, 2.0 * static_cast<double>(rows * cols), [&] {
      context.kernels.matvec_s8(panels.data(), scales.data(), rows / 16, cols, x.data(), 1e-3f,
                                y.data());
    });
  }
}

void check_matvec_s4(Context& context) {
  for (const size_t cols : {1, 25, 31, 32, 50, 64, 96, 100, 256, 1023, 1056, 2100, 5000}) {
    for (const size_t panel_count : kPanelCounts) {
      if (cols > 256 && panel_count > 2) continue;
      for (const Fill w_fill : kFills) {
        for (const Fill x_fill : kFills) check_s4_case(context, cols, panel_count, w_fill, x_fill);
      }
    }
  }
  for (const size_t rows : {size_t{256}, size_t{3456}, size_t{100000}}) {
    const size_t cols = 64;
    Buffer<uint8_t> panels(rows * cols / 2);
    for (size_t i = 0; i < panels.size(); ++i) {
      panels[i] = static_cast<uint8_t>(context.random.integer(0, 255));
    }
    Buffer<uint16_t> scales(rows * 2);
    for (size_t i = 0; i < scales.size(); ++i) scales[i] = half_from(context.random.uniform(0, 1));
    Buffer<float> y(rows);
    Buffer<int16_t> x(cols);
    fill_x(context, Fill::kRealistic, cols, 8191, x);
    char label[64];
    std::snprintf(label, sizeof label, "%zu x %zu", rows, cols);
    context.bench(label, 2.0 * static_cast<double>(rows * cols), [&] {
      context.kernels.matvec_s4(panels.data(), scales.data(), rows / 16, cols, x.data(), 1e-3f,
                                y.data());
    });
  }
}

}  // namespace pintle::check
