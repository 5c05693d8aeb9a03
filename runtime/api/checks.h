// SPDX-License-Identifier: Apache-2.0
//
// Argument checks that the C entry points share.
#ifndef PINTLE_RUNTIME_API_CHECKS_H_
#define PINTLE_RUNTIME_API_CHECKS_H_

#include "pintle/pintle.h"

namespace pintle::internal {

// A struct of an older caller may be shorter than ours. For now every struct has its first size, so
// any other is a mistake.
template <typename T>
bool is_sized(const T* value) {
  return value != nullptr && value->struct_size == sizeof(T);
}

// All but the items of the lists and the steering, which the core checks.
inline bool is_request_valid(const pintle_request* request) {
  return is_sized(request) && request->k > 0 && request->reserved == 0 &&
         (request->flags & ~static_cast<uint32_t>(PINTLE_INCLUDE_SEEN)) == 0 &&
         (request->allow != nullptr || request->allow_count == 0) &&
         (request->deny != nullptr || request->deny_count == 0);
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_API_CHECKS_H_
