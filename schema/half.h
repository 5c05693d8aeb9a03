// SPDX-License-Identifier: Apache-2.0
//
// IEEE half floats, as files hold them. Kernels convert with their ISA's instructions and share no code
// (isolation); the rest of the runtime converts here. The converter's are Eigen's, both ways: a test
// compares all 65,536.
#ifndef PINTLE_SCHEMA_HALF_H_
#define PINTLE_SCHEMA_HALF_H_

#include <stdint.h>
#include <string.h>

namespace pintle::format {

inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7FFFu;
  if (magnitude < 0x0400u) {  // zero or subnormal: fraction * 2^-24, exact in f32
    const float value = static_cast<float>(magnitude) * 5.9604644775390625e-08f;
    return sign != 0 ? -value : value;
  }
  constexpr uint32_t kBias = (127u - 15u) << 23;
  uint32_t bits = sign | ((magnitude << 13) + kBias);
  if (magnitude >= 0x7C00u) bits += kBias;  // infinity or NaN: all ones
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

// Neither an infinity nor NaN.
inline bool half_is_finite(uint16_t half) { return (half & 0x7C00u) != 0x7C00u; }

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_HALF_H_
