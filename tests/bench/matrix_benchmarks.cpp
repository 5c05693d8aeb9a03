// SPDX-License-Identifier: Apache-2.0
//
// Products with panels: the catalogue by one vector, plain and scanned, a block's matrices by one
// vector, and panels by many rows.
#include <cmath>
#include <string>
#include <vector>

#include "bench/suite.h"

namespace pintle::bench {
namespace {

struct Shape {
  size_t rows, cols;
  size_t panels() const { return (rows + kPanelRows - 1) / kPanelRows; }
  size_t weights() const { return panels() * kPanelRows * cols; }
  std::string text() const { return std::to_string(rows) + " x " + std::to_string(cols); }
};

constexpr Shape kCatalogues[] = {{3416, 64}, {100000, 64}, {1000000, 64}, {1000000, 128}};
constexpr Shape kBlockMatrices[] = {{64, 64}, {128, 64}, {256, 64}, {64, 256}};
constexpr float kXScale = 1e-3f;
constexpr float kNoHit = INFINITY;  // no score is above: one call passes over all panels

size_t s8_bytes(const Shape& shape) {
  return shape.weights() + shape.panels() * kPanelRows * sizeof(float);
}
size_t s4_bytes(const Shape& shape) {
  return shape.weights() / 2 + shape.weights() / kGroupCols * sizeof(uint16_t);
}
Demand flops(const Shape& shape) { return multiplies(2.0 * static_cast<double>(shape.weights())); }
Demand products(const Shape& shape) {
  return multiplies_weights(static_cast<double>(shape.weights()));
}

std::vector<int16_t> activations(size_t cols) {
  std::vector<int16_t> x(cols);
  for (size_t i = 0; i < cols; ++i) x[i] = static_cast<int16_t>(i * 2531 % 8191);
  return x;
}

void add_float_products(Suite* suite, const Shape& shape) {
  const std::vector<float> x(shape.cols, 0.5f);
  suite->add("matvec_f32 " + shape.text(), {touches(4 * shape.weights()), flops(shape)},
             [=]() -> Call {
               const float* panels = suite->floats(shape.weights());
               return [=, y = std::vector<float>(shape.panels() * kPanelRows)]() mutable {
                 suite->kernels.matvec_f32(panels, shape.panels(), shape.cols, x.data(), y.data());
                 benchmark::ClobberMemory();
               };
             });
  suite->add("matvec_f16 " + shape.text(), {touches(2 * shape.weights()), flops(shape)},
             [=]() -> Call {
               const uint16_t* panels = suite->halves(shape.weights());
               return [=, y = std::vector<float>(shape.panels() * kPanelRows)]() mutable {
                 suite->kernels.matvec_f16(panels, shape.panels(), shape.cols, x.data(), y.data());
                 benchmark::ClobberMemory();
               };
             });
}

void add_integer_products(Suite* suite, const Shape& shape) {
  const std::vector<int16_t> x = activations(shape.cols);
  suite->add("matvec_s8 " + shape.text(), {touches(s8_bytes(shape)), products(shape)},
             [=]() -> Call {
               const auto* panels = reinterpret_cast<const int8_t*>(suite->bytes(shape.weights()));
               const float* scales = suite->floats(shape.panels() * kPanelRows);
               return [=, y = std::vector<float>(shape.panels() * kPanelRows)]() mutable {
                 suite->kernels.matvec_s8(panels, scales, shape.panels(), shape.cols, x.data(),
                                          kXScale, y.data());
                 benchmark::ClobberMemory();
               };
             });
  suite->add("matvec_s4 " + shape.text(), {touches(s4_bytes(shape)), products(shape)},
             [=]() -> Call {
               const uint8_t* panels = suite->bytes(shape.weights() / 2);
               const uint16_t* scales = suite->halves(shape.weights() / kGroupCols);
               return [=, y = std::vector<float>(shape.panels() * kPanelRows)]() mutable {
                 suite->kernels.matvec_s4(panels, scales, shape.panels(), shape.cols, x.data(),
                                          kXScale, y.data());
                 benchmark::ClobberMemory();
               };
             });
}

void add_scans(Suite* suite, const Shape& shape) {
  const std::vector<int16_t> x = activations(shape.cols);
  suite->add("scan_s8 " + shape.text(), {touches(s8_bytes(shape)), products(shape)}, [=]() -> Call {
    const auto* panels = reinterpret_cast<const int8_t*>(suite->bytes(shape.weights()));
    const float* scales = suite->floats(shape.panels() * kPanelRows);
    return [=, hits = ScanHits()]() mutable {
      suite->kernels.scan_s8(panels, scales, nullptr, shape.panels(), shape.cols, x.data(), kXScale,
                             kNoHit, &hits);
      benchmark::ClobberMemory();
    };
  });
  suite->add("scan_s4 " + shape.text(), {touches(s4_bytes(shape)), products(shape)}, [=]() -> Call {
    const uint8_t* panels = suite->bytes(shape.weights() / 2);
    const uint16_t* scales = suite->halves(shape.weights() / kGroupCols);
    return [=, hits = ScanHits()]() mutable {
      suite->kernels.scan_s4(panels, scales, nullptr, shape.panels(), shape.cols, x.data(), kXScale,
                             kNoHit, &hits);
      benchmark::ClobberMemory();
    };
  });
}

// One panel of 16 outputs for each of a history's 200 rows, as a whole history runs them.
void add_gemm(Suite* suite, size_t cols) {
  constexpr size_t kRows = 200;
  const size_t inputs = kRows * cols, tile = cols * kPanelRows, outputs = kRows * kPanelRows;
  suite->add("gemm_tile_f32 200 x " + std::to_string(cols),
             {touches(sizeof(float) * (inputs + tile + outputs)),
              multiplies(2.0 * static_cast<double>(inputs * kPanelRows))},
             [=]() -> Call {
               const float* weights = suite->floats(tile + inputs);
               return [=, c = std::vector<float>(outputs)]() mutable {
                 suite->kernels.gemm_tile_f32(weights + tile, cols, kRows, cols, weights, nullptr,
                                              c.data(), kPanelRows, kPanelRows);
                 benchmark::ClobberMemory();
               };
             });
}

void add_unpacking(Suite* suite, size_t cols) {
  const Shape panel = {kPanelRows, cols};
  const std::string text = " " + panel.text();
  const size_t tile_bytes = panel.weights() * sizeof(float);
  suite->add("unpack_panel_f16" + text, {touches(2 * panel.weights() + tile_bytes)}, [=]() -> Call {
    const uint16_t* weights = suite->halves(panel.weights());
    auto tile = std::make_shared<Pages>(tile_bytes);
    return [=] {
      suite->kernels.unpack_panel_f16(weights, cols, reinterpret_cast<float*>(tile->data()));
      benchmark::ClobberMemory();
    };
  });
  suite->add("unpack_panel_s8" + text, {touches(s8_bytes(panel) + tile_bytes)}, [=]() -> Call {
    const auto* weights = reinterpret_cast<const int8_t*>(suite->bytes(panel.weights()));
    const float* scales = suite->floats(kPanelRows);
    auto tile = std::make_shared<Pages>(tile_bytes);
    return [=] {
      suite->kernels.unpack_panel_s8(weights, scales, cols, reinterpret_cast<float*>(tile->data()));
      benchmark::ClobberMemory();
    };
  });
  suite->add("unpack_panel_s4" + text, {touches(s4_bytes(panel) + tile_bytes)}, [=]() -> Call {
    const uint8_t* weights = suite->bytes(panel.weights() / 2);
    const uint16_t* scales = suite->halves(panel.weights() / kGroupCols);
    auto tile = std::make_shared<Pages>(tile_bytes);
    return [=] {
      suite->kernels.unpack_panel_s4(weights, scales, cols, reinterpret_cast<float*>(tile->data()));
      benchmark::ClobberMemory();
    };
  });
}

}  // namespace

void add_matrix_benchmarks(Suite* suite) {
  for (const Shape& shape : kCatalogues) {
    add_scans(suite, shape);
    add_integer_products(suite, shape);
    add_float_products(suite, shape);
  }
  for (const Shape& shape : kBlockMatrices) {
    add_integer_products(suite, shape);
    add_float_products(suite, shape);
  }
  for (const size_t cols : {64, 128, 256}) add_gemm(suite, cols);
  for (const size_t cols : {64, 256}) add_unpacking(suite, cols);
}

}  // namespace pintle::bench
