// SPDX-License-Identifier: Apache-2.0
//
// matvec_s4 and scan_s4. The file that includes this has defined before, for its ISA:
//
//   kPlaneCols, Planes         what so many columns of x are turned into, once for all panels
//   void split_s4(const int16_t* x, size_t cols, Planes* planes)
//   Floats16 dot_group(const uint8_t* w, const Planes& planes, size_t k)
//                              the dot products, exact, of the group of columns that is k on from the
//                              planes' first; w: its bytes. Inlined: else they would go through memory
#ifndef PINTLE_KERNELS_INTEGER_S4_H_
#define PINTLE_KERNELS_INTEGER_S4_H_

#include "integer_scan.h"

namespace pintle {
namespace {

constexpr size_t kGroupBytes = kGroupCols / 2 * kPanelRows;

// Adds `width` columns of a panel to `sums`, in f32 group by group. w, scales: of the first.
template <bool kIsScan>
PINTLE_INLINE void add_groups(const uint8_t* w, const uint16_t* scales, size_t width,
                              const Planes& planes, Floats16* sums) {
  for (size_t k = 0; k < width; k += kGroupCols, w += kGroupBytes, scales += kPanelRows) {
    if (kIsScan) prefetch<kGroupBytes / 64>(w);
    const Floats16 dots = dot_group(w, planes, k);
    const Floats16 scale = load16(scales);
    PINTLE_UNROLL
    for (int u = 0; u < kPanelVectors; ++u) {
      sums->v[u] = add(sums->v[u], mul(dots.v[u], scale.v[u]));
    }
  }
}

inline Floats16 zeros16() {
  Floats16 zeros;
  PINTLE_UNROLL
  for (int u = 0; u < kPanelVectors; ++u) zeros.v[u] = zero();
  return zeros;
}

inline void multiply(float factor, Floats16* x) {
  PINTLE_UNROLL
  for (int u = 0; u < kPanelVectors; ++u) x->v[u] = mul(broadcast(factor), x->v[u]);
}

void matvec_s4(const uint8_t* panels, const uint16_t* group_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  Planes planes;
  for (size_t start = 0; start < cols; start += kPlaneCols) {
    const size_t width = cols - start < kPlaneCols ? cols - start : kPlaneCols;
    split_s4(x + start, width, &planes);
    for (size_t p = 0; p < panel_count; ++p) {
      float* out = y + p * kPanelRows;  // holds the sums of the columns before `start`
      Floats16 sums = start == 0 ? zeros16() : load16(out);
      add_groups<false>(panels + (p * cols + start) / 2 * kPanelRows,
                        group_scales + (p * cols + start) / kGroupCols * kPanelRows, width, planes,
                        &sums);
      if (start + width == cols) multiply(x_scale, &sums);
      store16(out, sums);
    }
  }
}

size_t scan_s4(const uint8_t* panels, const uint16_t* group_scales, const float* bias,
               size_t panel_count, size_t cols, const int16_t* x, float x_scale, float threshold,
               ScanHits* hits) {
  const size_t panel_bytes = cols / 2 * kPanelRows, panel_scales = cols / kGroupCols * kPanelRows;
  if (cols > kPlaneCols) {
    return scan_wide(bias, panel_count, threshold, hits, [&](size_t p, float* y) {
      matvec_s4(panels + p * panel_bytes, group_scales + p * panel_scales, 1, cols, x, x_scale, y);
    });
  }
  Planes planes;
  split_s4(x, cols, &planes);
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    Floats16 sums = zeros16();
    add_groups<true>(panels + p * panel_bytes, group_scales + p * panel_scales, cols, planes,
                     &sums);
    multiply(x_scale, &sums);
    return sums;
  });
}

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_INTEGER_S4_H_
