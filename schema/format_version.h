// SPDX-License-Identifier: Apache-2.0
//
// What README.md calls the format's version: written by the converter, checked by the runtime.
#ifndef PINTLE_SCHEMA_FORMAT_VERSION_H_
#define PINTLE_SCHEMA_FORMAT_VERSION_H_

#include <stdint.h>

namespace pintle::format {

inline constexpr uint16_t kFormatMajor = 1, kFormatMinor = 4;
// Bits of Model.required_features.
inline constexpr uint64_t kFeatureNormForm = 1;    // a norm_form other than EpsInside
inline constexpr uint64_t kFeatureReadNewest = 2;  // the mask BidirectionalNewest
inline constexpr uint64_t kFeatureRewards = 4;      // a knob with rewards
inline constexpr uint64_t kFeatureMemberships = 8;  // memberships other than 15
inline constexpr uint64_t kKnownFeatures =
    kFeatureNormForm | kFeatureReadNewest | kFeatureRewards | kFeatureMemberships;

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_FORMAT_VERSION_H_
