// SPDX-License-Identifier: Apache-2.0
//
// The C entry points that make sessions and keep their history: check arguments, call the core, nothing
// else.
#include "runtime/api/request.h"
#include "runtime/api/session_call.h"
#include "runtime/session/session.h"

namespace internal = pintle::internal;
using internal::begin_call;
using internal::Fault;
using internal::Model;
using internal::model_of;
using internal::Session;

pintle_status pintle_session_memory(const pintle_model* model, size_t* size_bytes) {
  if (model_of(model) == nullptr || size_bytes == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  *size_bytes = static_cast<size_t>(internal::session_bytes(*model_of(model)));
  return PINTLE_OK;
}

pintle_status pintle_session_create(const pintle_model* model, void* memory, size_t size_bytes,
                                    pintle_session** session, pintle_error* error) {
  const Fault fault(error);
  if (model_of(model) == nullptr || memory == nullptr || session == nullptr) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "model, memory or session is null or no such handle");
  }
  Session* created = nullptr;
  PINTLE_TRY(internal::session_create(*model_of(model), memory, size_bytes, fault, &created));
  *session = created;
  return PINTLE_OK;
}

pintle_status pintle_session_new(const pintle_model* model, pintle_session** session,
                                 pintle_error* error) {
  const Fault fault(error);
  if (model_of(model) == nullptr || session == nullptr) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "model or session is null or no such handle");
  }
  Session* created = nullptr;
  PINTLE_TRY(internal::session_allocate(*model_of(model), fault, &created));
  *session = created;
  return PINTLE_OK;
}

void pintle_session_destroy(pintle_session* handle) {
  Session* session = internal::session_of(handle);
  if (session != nullptr && session->owned_bytes == 0) internal::session_destroy(session);
}

void pintle_session_free(pintle_session* handle) {
  Session* session = internal::session_of(handle);
  if (session != nullptr && session->owned_bytes != 0) internal::session_destroy(session);
}

const char* pintle_session_last_error(const pintle_session* handle) {
  const Session* session = internal::session_of(handle);
  return session == nullptr ? "" : session->last_error.message;
}

pintle_status pintle_session_append(pintle_session* handle, const uint32_t* items, size_t count) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (items == nullptr && count > 0) return internal::null_argument(*session, "items");
  return internal::session_append(session, items, nullptr, count);
}

pintle_status pintle_session_append_timed(pintle_session* handle, const uint32_t* items,
                                          const int64_t* times, size_t count) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if ((items == nullptr || times == nullptr) && count > 0) {
    return internal::null_argument(*session, "items or times");
  }
  return internal::session_append(session, items, times, count);
}

pintle_status pintle_session_get_history(const pintle_session* handle, uint32_t* items,
                                         int64_t* times, size_t capacity, size_t* count) {
  const Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (count == nullptr) return internal::null_argument(*session, "count");
  const internal::History& history = session->history;
  *count = history.kept();
  for (uint32_t i = 0; i < history.kept() && i < capacity; ++i) {
    if (items != nullptr) items[i] = history.item(i);
    if (times != nullptr) times[i] = history.time(i);
  }
  return PINTLE_OK;
}

pintle_status pintle_session_reset(pintle_session* handle) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  internal::session_reset(session);
  return PINTLE_OK;
}

pintle_status pintle_session_set_window_policy(pintle_session* handle,
                                               pintle_window_policy policy) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (policy != PINTLE_WINDOW_EXACT && policy != PINTLE_WINDOW_HOP) {
    return session->fault()(PINTLE_ERR_INVALID_ARGUMENT, "unknown window policy %d",
                            static_cast<int>(policy));
  }
  internal::session_set_policy(session, policy);
  return PINTLE_OK;
}

pintle_status pintle_session_event_count(const pintle_session* handle, size_t* count) {
  const Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (count == nullptr) return internal::null_argument(*session, "count");
  *count = static_cast<size_t>(internal::session_event_count(*session));
  return PINTLE_OK;
}

pintle_status pintle_session_set_executor(pintle_session* handle, const pintle_executor* executor) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  pintle_executor read = {};
  if (executor != nullptr) PINTLE_TRY(internal::read_executor(executor, session->fault(), &read));
  internal::session_set_executor(session, executor == nullptr ? nullptr : &read);
  return PINTLE_OK;
}
