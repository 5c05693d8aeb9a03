// SPDX-License-Identifier: Apache-2.0
//
// matvec_s8 and scan_s8 of the ISAs that multiply x as it is, in 16 bits. The file that includes this has
// defined before:
//
//   template <bool kIsScan>
//   Floats16 panel_s8(const int8_t* w, const float* row_scales, size_t cols, const int16_t* x, float x_scale)
//
// a panel's products; a scan's prefetch. Inlined: scans then differ from products by nothing but what
// they do with the result.
#ifndef PINTLE_KERNELS_INTEGER_S8_H_
#define PINTLE_KERNELS_INTEGER_S8_H_

#include "integer_scan.h"

namespace pintle {
namespace {

void matvec_s8(const int8_t* panels, const float* row_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  for (size_t p = 0; p < panel_count; ++p) {
    store16(y + p * kPanelRows, panel_s8<false>(panels + p * cols * kPanelRows,
                                                row_scales + p * kPanelRows, cols, x, x_scale));
  }
}

size_t scan_s8(const int8_t* panels, const float* row_scales, const float* bias, size_t panel_count,
               size_t cols, const int16_t* x, float x_scale, float threshold, ScanHits* hits) {
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    return panel_s8<true>(panels + p * cols * kPanelRows, row_scales + p * kPanelRows, cols, x,
                          x_scale);
  });
}

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_INTEGER_S8_H_
