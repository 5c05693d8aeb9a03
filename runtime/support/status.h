// SPDX-License-Identifier: Apache-2.0
//
// How the core reports failure: a pintle_status, and, where a caller may want words, a Fault.
#ifndef PINTLE_RUNTIME_SUPPORT_STATUS_H_
#define PINTLE_RUNTIME_SUPPORT_STATUS_H_

#include "pintle/pintle.h"

namespace pintle::internal {

using Status = pintle_status;

#define PINTLE_TRY(expression)                      \
  do {                                              \
    const pintle_status try_status = (expression);  \
    if (try_status != PINTLE_OK) return try_status; \
  } while (0)

// Writes a failure's words into the caller's pintle_error, if there is one.
class Fault {
 public:
  explicit Fault(pintle_error* error, const char* where = "") : error_(error), where_(where) {}
  // The same, its words beginning with `where`, which outlives it.
  Fault of(const char* where) const { return Fault(error_, where); }
  // Returns `status`, so that a failing check is one statement.
  pintle_status operator()(pintle_status status, const char* format, ...) const
      __attribute__((format(printf, 3, 4)));

 private:
  pintle_error* error_;
  const char* where_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SUPPORT_STATUS_H_
