// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of profiles: check arguments, call the core, nothing else.
#include <math.h>

#include "runtime/api/session_call.h"
#include "runtime/api/sized_structs.h"
#include "runtime/profile/explain_profile.h"
#include "runtime/profile/feedback.h"

namespace internal = pintle::internal;
using internal::Session;

namespace {

// Begins a call that needs a profile; *session is null, or the status PINTLE_OK.
pintle_status begin_profile(const pintle_session* handle, const Session** session) {
  *session = internal::begin_call(handle);
  if (*session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if ((*session)->profile.present()) return PINTLE_OK;
  return (*session)->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                             "the session has no profile: open its model with PINTLE_OPEN_PROFILE");
}
pintle_status begin_profile(pintle_session* handle, Session** session) {
  return begin_profile(handle, const_cast<const Session**>(session));
}

}  // namespace

pintle_status pintle_profile_give(pintle_session* handle, const pintle_feedback* feedback,
                                  uint64_t* number) {
  Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  if (feedback == nullptr) return internal::null_argument(*session, "feedback");
  return internal::give_feedback(session, *feedback, number);
}

pintle_status pintle_profile_undo(pintle_session* handle, uint64_t number) {
  Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  return internal::undo_feedback(session, number);
}

pintle_status pintle_profile_get_feedback(const pintle_session* handle, pintle_feedback* out,
                                          size_t capacity, size_t* count) {
  const Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  if (count == nullptr || (out == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "out or count");
  }
  const internal::FeedbackLog& log = session->profile.log;
  *count = log.count();
  for (uint32_t i = 0; i < log.count() && i < capacity; ++i) out[i] = log.at(i);
  return PINTLE_OK;
}

pintle_status pintle_profile_reset(pintle_session* handle) {
  Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  session->profile.log.clear();
  session->profile.replaced();
  return PINTLE_OK;
}

pintle_status pintle_profile_set_options(pintle_session* handle,
                                         const pintle_profile_options* given) {
  Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  pintle_profile_options options = PINTLE_PROFILE_OPTIONS_INIT;
  if (!internal::read_struct(given, &options) || options.flags != 0) {
    return session->fault()(
        PINTLE_ERR_INVALID_ARGUMENT,
        "the options are null, have no struct_size (PINTLE_PROFILE_OPTIONS_INIT), or set a flag or "
        "field that this library does not know");
  }
  return internal::set_profile_options(session, options);
}

pintle_status pintle_profile_get_options(const pintle_session* handle,
                                         pintle_profile_options* options) {
  const Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  if (!internal::is_sized(options)) {
    return internal::null_argument(*session, "options, or their struct_size");
  }
  internal::write_struct(session->profile.options, options);
  return PINTLE_OK;
}

pintle_status pintle_profile_explain(pintle_session* handle, int64_t now, pintle_profile_part* out,
                                     size_t capacity, size_t* count) {
  Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  if (count == nullptr || (out == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "out or count");
  }
  return internal::explain_profile(session, now, out, capacity, count);
}

pintle_status pintle_profile_explain_item(pintle_session* handle, uint32_t item, int64_t now,
                                          pintle_profile_part* out, size_t capacity, size_t* count,
                                          float* offset) {
  Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  if (count == nullptr || offset == nullptr || (out == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "out, count or offset");
  }
  return internal::explain_profile_of(session, item, now, out, capacity, count, offset);
}

pintle_status pintle_profile_describe(const pintle_session* handle, const pintle_profile_part* part,
                                      char* text, size_t capacity, size_t* length) {
  const Session* session = nullptr;
  PINTLE_TRY(begin_profile(handle, &session));
  if (part == nullptr || (text == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "part or text");
  }
  return internal::describe_part(*session, *part, text, capacity, length);
}
