// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <cstring>

#include "check.h"

namespace pintle::check {
namespace {

constexpr size_t kCols[] = {1, 2, 3, 4, 5, 7, 8, 15, 25, 31, 50, 64, 100, 256};
constexpr size_t kPanelCounts[] = {1, 2, 3, 5};

float stored_from(double value, float) { return static_cast<float>(value); }
uint16_t stored_from(double value, uint16_t) { return half_from(value); }
double value_of(float stored) { return stored; }
double value_of(uint16_t stored) { return half_to_double(stored); }

template <typename T, typename Kernel>
void check_matvec(Context& context, Kernel kernel, const Domain& w_domain) {
  const Domain x_domain = {-1e15, 1e15, 1};
  for (const size_t cols : kCols) {
    for (const size_t panel_count : kPanelCounts) {
      for (const Fill fill : kFills) {
        const size_t rows = panel_count * 16;
        std::vector<float> raw(rows * cols);
        fill_floats(context.random, fill, w_domain, raw.data(), raw.size());
        std::vector<T> w(rows * cols);
        for (size_t i = 0; i < w.size(); ++i) w[i] = stored_from(raw[i], T());
        Buffer<T> panels(w.size(), Place::kAligned);
        pack_float_panels(w, panel_count, cols, panels.data());
        panels.make_read_only();
        const Place place = panel_count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
        Buffer<float> x(cols, place), y(rows, place), y_alone(16);
        fill_floats(context.random, fill, x_domain, x);
        x.make_read_only();
        kernel(panels.data(), panel_count, cols, x.data(), y.data());
        for (size_t r = 0; r < rows; ++r) {
          double exact = 0, sum = 0;
          for (size_t k = 0; k < cols; ++k) {
            const double product = value_of(w[r * cols + k]) * x[k];
            exact += product;
            sum += std::fabs(product);
          }
          const double bound = static_cast<double>(cols) * (0x1p-23 * sum + 0x1p-149);
          context.expect(std::fabs(y[r] - exact) <= bound,
                         "cols %zu panels %zu %s row %zu: %g, not %g", cols, panel_count,
                         fill_name(fill), r, y[r], exact);
        }
        kernel(panels.data() + (rows - 16) * cols, 1, cols, x.data(), y_alone.data());
        context.expect(std::memcmp(y_alone.data(), y.data() + rows - 16, 64) == 0,
                       "cols %zu panels %zu: the last panel alone gives other bits", cols,
                       panel_count);
        context.expect(y.are_canaries_intact() && y_alone.are_canaries_intact(),
                       "cols %zu panels %zu: wrote outside y", cols, panel_count);
      }
    }
  }
  for (const size_t rows : {size_t{256}, size_t{3456}, size_t{100000}}) {
    const size_t cols = 64;
    Buffer<T> panels(rows * cols, Place::kAligned);
    for (size_t i = 0; i < panels.size(); ++i) {
      panels[i] = stored_from(context.random.uniform(-1, 1), T());
    }
    Buffer<float> x(cols), y(rows);
    fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, x);
    char label[64];
    std::snprintf(label, sizeof label, "%zu x %zu", rows, cols);
    context.bench(label, 2.0 * static_cast<double>(rows * cols),
                  [&] { kernel(panels.data(), rows / 16, cols, x.data(), y.data()); });
  }
}

}  // namespace

void check_matvec_f32(Context& context) {
  check_matvec<float>(context, context.kernels.matvec_f32, {-1e15, 1e15, 0.05});
}

void check_matvec_f16(Context& context) {
  check_matvec<uint16_t>(context, context.kernels.matvec_f16, {-65504, 65504, 0.05});
}

}  // namespace pintle::check
