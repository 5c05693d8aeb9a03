// SPDX-License-Identifier: Apache-2.0
//
// What README.md calls the format's version: written by the converter, checked by the runtime.
#ifndef PINTLE_SCHEMA_FORMAT_VERSION_H_
#define PINTLE_SCHEMA_FORMAT_VERSION_H_

#include <stdint.h>

namespace pintle::format {

inline constexpr uint16_t kFormatMajor = 1, kFormatMinor = 1;
// Bits of Model.required_features that have a meaning.
inline constexpr uint64_t kKnownFeatures = 0;

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_FORMAT_VERSION_H_
