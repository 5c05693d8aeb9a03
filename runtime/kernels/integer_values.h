// SPDX-License-Identifier: Apache-2.0
//
// quantize_s16, unpack_panel_s8 and unpack_panel_s4: between floats and integers. The file that includes
// this has defined before, for its ISA:
//
//   void store_s16(int16_t* q, Vector v, float limit, size_t count)
//                              q[i] = v[i] clamped to [-limit, limit] and rounded to the nearest, ties
//                              to even, NaN: 0, for i < count <= kLanes
//   Vector byte_of(const int8_t* rows, size_t i)
//                              signed byte i of four, of each of kLanes rows
//   Vector nibble_of(const uint8_t* rows, size_t shift)
//                              bits [shift, shift + 4) of 32, less 8, of each of kLanes rows
#ifndef PINTLE_KERNELS_INTEGER_VALUES_H_
#define PINTLE_KERNELS_INTEGER_VALUES_H_

#include "float_vectors.h"

namespace pintle::internal {
namespace {

inline size_t lanes_left(Whole, size_t) { return kLanes; }
inline size_t lanes_left(Part, size_t left) { return left; }

float quantize_s16(const float* x, size_t count, int32_t max_value, int16_t* q) {
  // Two maxima hide each other's latency. Never NaN.
  Vector magnitudes[] = {zero(), zero()};
  const size_t whole = count / (2 * kLanes) * (2 * kLanes);
  for (size_t i = 0; i < whole; i += 2 * kLanes) {
    PINTLE_UNROLL
    for (size_t u = 0; u < 2; ++u) {
      magnitudes[u] = larger(abs(load(x + i + u * kLanes)), magnitudes[u]);
    }
  }
  each_vector(count - whole, [&](size_t i, auto lanes) {
    magnitudes[0] = larger(abs(load(x + whole + i, lanes)), magnitudes[0]);
  });
  const float largest = reduce_max(larger(magnitudes[0], magnitudes[1]));
  const float limit = static_cast<float>(max_value);
  if (largest == 0 || largest > 0x1.fffffep127f) {
    for (size_t i = 0; i < count; ++i) q[i] = 0;
    return 0;
  }
  const Vector factor = broadcast(limit / largest);
  each_vector(count, [&](size_t i, auto lanes) {
    store_s16(q + i, mul(load(x + i, lanes), factor), limit, lanes_left(lanes, count - i));
  });
  return largest / limit;
}

// Calls function(k, i) for i = 0 ... 3, or less at the end: columns k + i, four at a time.
template <typename Function>
PINTLE_INLINE void each_column(size_t cols, const Function& function) {
  size_t k = 0;
  for (; k + 4 <= cols; k += 4) {
    PINTLE_UNROLL
    for (size_t i = 0; i < 4; ++i) function(k, i);
  }
  for (size_t i = 0; k + i < cols; ++i) function(k, i);
}

void unpack_panel_s8(const int8_t* panel, const float* row_scales, size_t cols, float* tile) {
  for (size_t row = 0; row < kPanelRows; row += kLanes) {
    const Vector scale = load(row_scales + row);
    each_column(cols, [&](size_t k, size_t i) {
      const Vector w = byte_of(panel + k * kPanelRows + row * 4, i);
      store(tile + (k + i) * kPanelRows + row, mul(w, scale));
    });
  }
}

void unpack_panel_s4(const uint8_t* panel, const uint16_t* group_scales, size_t cols, float* tile) {
  for (size_t row = 0; row < kPanelRows; row += kLanes) {
    Vector scale = zero();
    each_column(cols, [&](size_t k, size_t i) {
      if (i == 0 && k % kGroupCols == 0) {
        scale = load_half(group_scales + k / kGroupCols * kPanelRows + row);
      }
      // Four columns lie in the low nibbles of a row's four bytes, the next four in the high ones.
      const Vector w = nibble_of(panel + k / 8 * 4 * kPanelRows + row * 4, 8 * i + k % 8);
      store(tile + (k + i) * kPanelRows + row, mul(w, scale));
    });
  }
}

}  // namespace
}  // namespace pintle::internal

#endif  // PINTLE_KERNELS_INTEGER_VALUES_H_
