// SPDX-License-Identifier: Apache-2.0
//
// A caller's request and its steering, as the core knows them.
#ifndef PINTLE_RUNTIME_API_REQUEST_H_
#define PINTLE_RUNTIME_API_REQUEST_H_

#include "runtime/api/sized_structs.h"
#include "runtime/session/history.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// executor = the caller's, as the core knows it.
inline Status read_executor(const pintle_executor* given, const Fault& fault,
                            pintle_executor* executor) {
  pintle_executor read = PINTLE_EXECUTOR_INIT;
  if (!read_struct(given, &read) || read.reserved != 0 || read.task_count == 0 ||
      read.parallel_for == nullptr) {
    return fault(
        PINTLE_ERR_INVALID_ARGUMENT,
        "the executor is null, has no struct_size (PINTLE_EXECUTOR_INIT), no task_count or "
        "no parallel_for");
  }
  *executor = read;
  return PINTLE_OK;
}

class Request {
 public:
  // Checks all but the items of the lists and the edits, which the core does.
  Status read(const pintle_request* given, const Fault& fault) {
    if (!read_struct(given, &request_)) {
      return fault(PINTLE_ERR_INVALID_ARGUMENT,
                   "the request is null, has no struct_size (PINTLE_REQUEST_INIT), or sets a field "
                   "that this library does not know");
    }
    constexpr uint32_t kFlags = PINTLE_INCLUDE_SEEN | PINTLE_ONLY_ALLOWED | PINTLE_NOT_PERSONAL;
    if (request_.k == 0 || (request_.flags & ~kFlags) != 0) {
      return fault(PINTLE_ERR_INVALID_ARGUMENT,
                   "the request asks for %zu items, or has unknown flags 0x%x", request_.k,
                   request_.flags);
    }
    if ((request_.flags & PINTLE_ONLY_ALLOWED) == 0 &&
        (request_.allow != nullptr || request_.allow_count > 0)) {
      return fault(PINTLE_ERR_INVALID_ARGUMENT,
                   "the request has an allow list, but not the flag PINTLE_ONLY_ALLOWED");
    }
    if ((request_.allow == nullptr && request_.allow_count > 0) ||
        (request_.deny == nullptr && request_.deny_count > 0)) {
      return fault(PINTLE_ERR_INVALID_ARGUMENT, "allow or deny is null, but has a count");
    }
    if (!is_time(request_.now) || !(request_.repeat_after_seconds >= 0 &&
                                    request_.repeat_after_seconds <= double{PINTLE_LATEST})) {
      return fault(
          PINTLE_ERR_INVALID_ARGUMENT,
          "the request's now (%lld) is no time, or repeat_after_seconds (%g) none or below 0",
          static_cast<long long>(request_.now), request_.repeat_after_seconds);
    }
    PINTLE_TRY(read_steering(fault));
    return read_wishes(fault);
  }
  const pintle_request& get() const { return request_; }

 private:
  Status read_steering(const Fault& fault) {
    if (request_.steering == nullptr) return PINTLE_OK;
    if (!read_struct(request_.steering, &steering_)) {
      return fault(PINTLE_ERR_INVALID_ARGUMENT,
                   "the steering has no struct_size (PINTLE_STEERING_INIT), or sets a field that "
                   "this library does not know");
    }
    request_.steering = &steering_;
    return PINTLE_OK;
  }
  Status read_wishes(const Fault& fault) {
    if (request_.wishes == nullptr) return PINTLE_OK;
    if (!read_struct(request_.wishes, &wishes_) || wishes_.flags != 0 ||
        (wishes_.wishes == nullptr && wishes_.wish_count > 0) ||
        (wishes_.rules == nullptr && wishes_.rule_count > 0)) {
      return fault(
          PINTLE_ERR_INVALID_ARGUMENT,
          "the wishes have no struct_size (PINTLE_WISHES_INIT), a null array with a count, "
          "flags, or a field that this library does not know");
    }
    request_.wishes = &wishes_;
    return PINTLE_OK;
  }

  pintle_request request_ = PINTLE_REQUEST_INIT;
  pintle_steering steering_ = PINTLE_STEERING_INIT;
  pintle_wishes wishes_ = PINTLE_WISHES_INIT;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_API_REQUEST_H_
