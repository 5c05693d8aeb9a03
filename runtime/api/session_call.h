// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_API_SESSION_CALL_H_
#define PINTLE_RUNTIME_API_SESSION_CALL_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// Begins a call on a handle: its session, whose latest failure is forgotten; null where there is none.
inline Session* begin_call(pintle_session* handle) {
  Session* session = session_of(handle);
  if (session != nullptr) session->last_error.message[0] = '\0';
  return session;
}
inline const Session* begin_call(const pintle_session* handle) {
  return begin_call(const_cast<pintle_session*>(handle));
}

// A null pointer where none may be.
inline Status null_argument(const Session& session, const char* names) {
  return session.fault()(PINTLE_ERR_INVALID_ARGUMENT, "null where it may not be: %s", names);
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_API_SESSION_CALL_H_
