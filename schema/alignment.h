// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_SCHEMA_ALIGNMENT_H_
#define PINTLE_SCHEMA_ALIGNMENT_H_

#include <stddef.h>

namespace pintle::format {

// Bytes to which every segment of a file is aligned, and so the memory of models and sessions: what
// the kernels want of panels.
inline constexpr size_t kAlignment = 64;

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_ALIGNMENT_H_
