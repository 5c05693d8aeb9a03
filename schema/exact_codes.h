// SPDX-License-Identifier: Apache-2.0
//
// What writer and reader of fb::ExactScan must agree on; runtime/scan/exact_scan.h derives it.
#ifndef PINTLE_SCHEMA_EXACT_CODES_H_
#define PINTLE_SCHEMA_EXACT_CODES_H_

#include <stdint.h>

namespace pintle::format {

inline constexpr uint32_t kExactCoarseCols = 30;
inline constexpr double kOperandRounding = 0.6;

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_EXACT_CODES_H_
