// SPDX-License-Identifier: Apache-2.0
//
// The kernels' contracts. README.md in this folder says how to add one.
//
// Panels. A matrix W [rows][cols] is stored as ceil(rows / 16) panels of 16 rows. Inside a panel:
//   f32, f16  [cols][16]
//   s8        [cols4 / 4][16][4], cols4 = cols rounded up to 4
//   s4        [cols32 / 8][16][4] bytes, cols32 = cols rounded up to 32. Byte (b, r, j) holds
//             column 8 b + j in its low and column 8 b + 4 + j in its high nibble, each stored + 8
// The padding rows and columns hold zeros (s4: nibble 8). Scales: s8 has one f32 per row, [16] per
// panel; s4 has one f16 per row and group of 32 columns, [cols32 / 32][16] per panel.
//
// Every panel and scale pointer is 64-byte aligned (32 for s4 scales). x, y and the rest need only
// their type's alignment. No kernel reads or writes a byte past the extents stated. Outputs may not
// alias inputs unless said. A row's result does not depend on panel_count, so scoring one panel
// gives the same bits as scoring the whole matrix.
//
// "exact" kernels equal kernels_scalar.cpp bit for bit on every ISA (target.h: nothing is
// contracted); the others state a bound.
#ifndef PINTLE_KERNELS_KERNELS_H_
#define PINTLE_KERNELS_KERNELS_H_

#include <stddef.h>
#include <stdint.h>

namespace pintle {

inline constexpr size_t kPanelRows = 16;
inline constexpr size_t kGroupCols = 32;

// The largest |x| with which matvec_s8 and matvec_s4 cannot overflow int32 over `cols` columns (>=
// 1): quantize_s16's max_value for them. Kernel files must not call it (isolation).
inline constexpr int32_t activation_limit(size_t cols) {
  return cols <= 2147483647u / (127u * 8191u) ? 8191
                                              : static_cast<int32_t>(2147483647u / (127u * cols));
}

// What a scan found: panels with a score above the threshold, in ascending order. Few at a time, so
// that the caller can raise its threshold; a scan of any length makes a logarithmic number of them.
inline constexpr size_t kScanHits = 4;
struct ScanHits {
  float scores[kScanHits][kPanelRows];
  uint32_t panels[kScanHits];  // counted from the scan's first
  uint16_t masks[kScanHits];   // bit r: row r is above
  uint32_t count;
};

struct KernelTable {
#define PINTLE_KERNEL(name, precision, result, parameters) result(*name) parameters;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
};

// Each overrides the entries that its ISA improves, on a table filled by the ISAs below it.
void init_scalar(KernelTable* table);
void init_avx2(KernelTable* table);
void init_avx512vnni(KernelTable* table);
void init_neon(KernelTable* table);
void init_neon_dotprod(KernelTable* table);
void init_neon_i8mm(KernelTable* table);
void init_wasm(KernelTable* table);

}  // namespace pintle

#endif  // PINTLE_KERNELS_KERNELS_H_
