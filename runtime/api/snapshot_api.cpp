// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of snapshots: check arguments, call the core, nothing else.
#include "runtime/api/session_call.h"
#include "runtime/api/sized_structs.h"
#include "runtime/snapshot/snapshot.h"

namespace internal = pintle::internal;
using internal::begin_call;
using internal::Session;

pintle_status pintle_session_save(const pintle_session* handle, void* data, size_t capacity,
                                  size_t* size_bytes) {
  const Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (size_bytes == nullptr || (data == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "data or size_bytes");
  }
  return internal::save_session(*session, static_cast<char*>(data), capacity, size_bytes);
}

pintle_status pintle_session_restore(pintle_session* handle, const void* data, size_t size_bytes,
                                     pintle_restore_info* info) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (data == nullptr || (info != nullptr && !internal::is_sized(info))) {
    return internal::null_argument(*session, "data, or the info's struct_size");
  }
  pintle_restore_info result = PINTLE_RESTORE_INFO_INIT;
  PINTLE_TRY(
      internal::restore_session(session, static_cast<const char*>(data), size_bytes, &result));
  if (info != nullptr) internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_snapshot_check(const void* data, size_t size_bytes, pintle_error* error) {
  const internal::Fault fault(error);
  if (data == nullptr) return fault(PINTLE_ERR_INVALID_ARGUMENT, "data is null");
  return internal::check_snapshot(static_cast<const char*>(data), size_bytes, fault);
}
