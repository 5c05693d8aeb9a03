// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "check.h"

namespace pintle::check {
namespace {

constexpr size_t kCols[] = {1, 2, 3, 4, 5, 7, 8, 9, 25, 31, 32, 33, 50, 64, 100, 256};

void expect_same(Context& context, const Buffer<float>& tile, const std::vector<float>& expected,
                 const char* what) {
  for (size_t i = 0; i < tile.size(); ++i) {
    context.expect(same_bits(tile[i], expected[i]), "cols %zu %s column %zu row %zu: %g, not %g",
                   tile.size() / 16, what, i / 16, i % 16, tile[i], expected[i]);
  }
  context.expect(tile.are_canaries_intact(), "cols %zu %s: wrote outside the tile",
                 tile.size() / 16, what);
}

void check_f16_case(Context& context, const Buffer<uint16_t>& panel, const char* what) {
  const size_t cols = panel.size() / 16;
  Buffer<float> tile(panel.size());
  context.kernels.unpack_panel_f16(panel.data(), cols, tile.data());
  std::vector<float> expected(panel.size());
  context.scalar.unpack_panel_f16(panel.data(), cols, expected.data());
  if (context.is_scalar) {
    for (size_t i = 0; i < panel.size(); ++i) {
      const double value = half_to_double(panel[i]);
      if (!std::isnan(value)) expected[i] = static_cast<float>(value);
      context.expect(std::isnan(value) == std::isnan(tile[i]), "%04x: %g", panel[i], tile[i]);
    }
  }
  expect_same(context, tile, expected, what);
}

}  // namespace

void check_unpack_panel_f16(Context& context) {
  for (const size_t cols : kCols) {
    for (const Fill fill : kFills) {
      Buffer<uint16_t> panel(cols * 16, Place::kAligned);
      std::vector<float> values(panel.size());
      fill_floats(context.random, fill, {-65504, 65504, 0.05}, values.data(), values.size());
      for (size_t i = 0; i < panel.size(); ++i) panel[i] = half_from(values[i]);
      panel.make_read_only();
      check_f16_case(context, panel, fill_name(fill));
    }
  }
  Buffer<uint16_t> every(65536);
  for (size_t i = 0; i < every.size(); ++i) every[i] = static_cast<uint16_t>(i);
  check_f16_case(context, every, "every half");
  Buffer<uint16_t> panel(64 * 16);
  Buffer<float> tile(64 * 16);
  for (size_t i = 0; i < panel.size(); ++i) panel[i] = half_from(context.random.normal());
  context.bench("16 x 64", 1024,
                [&] { context.kernels.unpack_panel_f16(panel.data(), 64, tile.data()); });
}

void check_unpack_panel_s8(Context& context) {
  for (const size_t cols : kCols) {
    for (const Fill fill : kFills) {
      std::vector<int32_t> w(16 * cols);
      fill_integers(context.random, fill, {-128, 127, 40}, w.data(), w.size());
      Buffer<int8_t> panel(16 * round_up(cols, 4));
      pack_s8_panels(w, 1, cols, panel.data());
      panel.make_read_only();
      Buffer<float> scales(16), tile(16 * cols);
      fill_floats(context.random, Fill::kUniform, {1e-4, 3, 1}, scales);
      scales.make_read_only();
      context.kernels.unpack_panel_s8(panel.data(), scales.data(), cols, tile.data());
      std::vector<float> expected(tile.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        expected[i] = static_cast<float>(w[i % 16 * cols + i / 16]) * scales[i % 16];
      }
      if (!context.is_scalar) {
        context.scalar.unpack_panel_s8(panel.data(), scales.data(), cols, expected.data());
      }
      expect_same(context, tile, expected, fill_name(fill));
    }
  }
  Buffer<int8_t> panel(64 * 16);
  Buffer<float> scales(16), tile(64 * 16);
  for (size_t i = 0; i < panel.size(); ++i) panel[i] = static_cast<int8_t>(i);
  fill_floats(context.random, Fill::kUniform, {0, 1, 1}, scales);
  context.bench("16 x 64", 1024, [&] {
    context.kernels.unpack_panel_s8(panel.data(), scales.data(), 64, tile.data());
  });
}

void check_unpack_panel_s4(Context& context) {
  for (const size_t cols : kCols) {
    for (const Fill fill : kFills) {
      std::vector<int32_t> w(16 * cols);
      fill_integers(context.random, fill, {-8, 7, 3}, w.data(), w.size());
      Buffer<uint8_t> panel(8 * round_up(cols, 32));
      pack_s4_panels(w, 1, cols, panel.data());
      panel.make_read_only();
      Buffer<uint16_t> scales(round_up(cols, 32) / 2);
      for (size_t i = 0; i < scales.size(); ++i) scales[i] = half_from(context.random.normal());
      scales.make_read_only();
      Buffer<float> tile(16 * cols);
      context.kernels.unpack_panel_s4(panel.data(), scales.data(), cols, tile.data());
      std::vector<float> expected(tile.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        const size_t row = i % 16, column = i / 16;
        const double scale = half_to_double(scales[column / 32 * 16 + row]);
        expected[i] = static_cast<float>(w[row * cols + column]) * static_cast<float>(scale);
      }
      if (!context.is_scalar) {
        context.scalar.unpack_panel_s4(panel.data(), scales.data(), cols, expected.data());
      }
      expect_same(context, tile, expected, fill_name(fill));
    }
  }
  Buffer<uint8_t> panel(64 * 8);
  Buffer<uint16_t> scales(32);
  Buffer<float> tile(64 * 16);
  for (size_t i = 0; i < panel.size(); ++i) panel[i] = static_cast<uint8_t>(i);
  for (size_t i = 0; i < scales.size(); ++i) scales[i] = half_from(0.01);
  context.bench("16 x 64", 1024, [&] {
    context.kernels.unpack_panel_s4(panel.data(), scales.data(), 64, tile.data());
  });
}

}  // namespace pintle::check
