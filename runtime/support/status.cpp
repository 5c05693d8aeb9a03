// SPDX-License-Identifier: Apache-2.0
#include "runtime/support/status.h"

#include <stdarg.h>
#include <stdio.h>

namespace pintle::internal {

pintle_status Fault::operator()(pintle_status status, const char* format, ...) const {
  if (error_ != nullptr) {
    error_->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error_->message, sizeof(error_->message), format, arguments);
    va_end(arguments);
  }
  return status;
}

}  // namespace pintle::internal
