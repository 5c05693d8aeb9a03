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

const char* pintle_status_name(pintle_status status) {
  switch (status) {
#define PINTLE_STATUS_NAME(name) \
  case name:                     \
    return #name;
    PINTLE_STATUS_NAME(PINTLE_OK)
    PINTLE_STATUS_NAME(PINTLE_ERR_INVALID_ARGUMENT)
    PINTLE_STATUS_NAME(PINTLE_ERR_UNKNOWN_ITEM)
    PINTLE_STATUS_NAME(PINTLE_ERR_BUFFER_TOO_SMALL)
    PINTLE_STATUS_NAME(PINTLE_ERR_MISALIGNED)
    PINTLE_STATUS_NAME(PINTLE_ERR_EMPTY_HISTORY)
    PINTLE_STATUS_NAME(PINTLE_ERR_UNKNOWN_ISA)
    PINTLE_STATUS_NAME(PINTLE_ERR_UNKNOWN_NAME)
    PINTLE_STATUS_NAME(PINTLE_ERR_OUT_OF_RANGE)
    PINTLE_STATUS_NAME(PINTLE_ERR_IO)
    PINTLE_STATUS_NAME(PINTLE_ERR_NOT_A_MODEL)
    PINTLE_STATUS_NAME(PINTLE_ERR_NEWER_FORMAT)
    PINTLE_STATUS_NAME(PINTLE_ERR_CORRUPT)
    PINTLE_STATUS_NAME(PINTLE_ERR_CHECKSUM)
    PINTLE_STATUS_NAME(PINTLE_ERR_UNSUPPORTED)
    PINTLE_STATUS_NAME(PINTLE_ERR_OTHER_NETWORK)
    PINTLE_STATUS_NAME(PINTLE_ERR_OUT_OF_MEMORY)
#undef PINTLE_STATUS_NAME
  }
  return "unknown status";
}

#define PINTLE_TEXT_OF(value) #value
#define PINTLE_TEXT(value) PINTLE_TEXT_OF(value)

const char* pintle_version(void) {
  return PINTLE_TEXT(PINTLE_VERSION_MAJOR) "." PINTLE_TEXT(PINTLE_VERSION_MINOR) "." PINTLE_TEXT(
      PINTLE_VERSION_PATCH);
}
