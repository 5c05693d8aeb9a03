// SPDX-License-Identifier: Apache-2.0
//
// The sizes that the runtime computes are checked in the format's own way.
#ifndef PINTLE_RUNTIME_SUPPORT_CHECKED_MATH_H_
#define PINTLE_RUNTIME_SUPPORT_CHECKED_MATH_H_

#include "schema/checked_size.h"

namespace pintle::internal {

using format::CheckedSize;
using format::round_up;

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SUPPORT_CHECKED_MATH_H_
