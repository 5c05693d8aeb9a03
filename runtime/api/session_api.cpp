// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of sessions and recommending: check arguments, call the core, nothing else.
#include "runtime/api/checks.h"
#include "runtime/calls/batch.h"
#include "runtime/calls/recommend.h"
#include "runtime/session/session.h"

namespace internal = pintle::internal;
using internal::is_request_valid;
using internal::is_sized;

namespace {

bool is_executor_valid(const pintle_executor* executor) {
  return is_sized(executor) && executor->task_count > 0 && executor->parallel_for != nullptr;
}

bool are_sessions_valid(pintle_session* const* sessions, size_t count) {
  if (sessions == nullptr || count == 0) return false;
  for (size_t i = 0; i < count; ++i) {
    if (sessions[i] == nullptr || sessions[i]->model != sessions[0]->model) return false;
    for (size_t j = 0; j < i; ++j) {
      if (sessions[j] == sessions[i]) return false;
    }
  }
  return true;
}

bool is_batch_valid(const internal::Batch& batch, const size_t* done) {
  return batch.offsets != nullptr && is_request_valid(batch.request) && batch.out != nullptr &&
         batch.counts != nullptr && done != nullptr &&
         (batch.items != nullptr || batch.offsets[batch.history_count] <= batch.offsets[0]);
}

}  // namespace

pintle_status pintle_session_memory(const pintle_model* model, size_t* size_bytes) {
  if (model == nullptr || size_bytes == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  *size_bytes = static_cast<size_t>(internal::session_bytes(*model));
  return PINTLE_OK;
}

pintle_status pintle_session_create(const pintle_model* model, void* memory, size_t size_bytes,
                                    pintle_session** session) {
  if (model == nullptr || memory == nullptr || session == nullptr) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return internal::session_create(*model, memory, size_bytes, session);
}

void pintle_session_destroy(pintle_session* session) {
  if (session != nullptr) internal::session_destroy(session);
}

pintle_status pintle_session_append(pintle_session* session, const uint32_t* items, size_t count) {
  if (session == nullptr || (items == nullptr && count > 0)) return PINTLE_ERR_INVALID_ARGUMENT;
  return internal::session_append(session, items, count);
}

pintle_status pintle_session_reset(pintle_session* session) {
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  internal::session_reset(session);
  return PINTLE_OK;
}

pintle_status pintle_session_set_window_policy(pintle_session* session,
                                               pintle_window_policy policy) {
  if (session == nullptr || (policy != PINTLE_WINDOW_EXACT && policy != PINTLE_WINDOW_HOP)) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  internal::session_set_policy(session, policy);
  return PINTLE_OK;
}

pintle_status pintle_session_event_count(const pintle_session* session, uint64_t* count) {
  if (session == nullptr || count == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  *count = internal::session_event_count(*session);
  return PINTLE_OK;
}

pintle_status pintle_recommend(pintle_session* session, const pintle_request* request,
                               pintle_recommendation* out, uint32_t* count) {
  if (session == nullptr || !is_request_valid(request) || out == nullptr || count == nullptr) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return internal::recommend(session, *request, nullptr, out, count);
}

pintle_status pintle_score(pintle_session* session, const uint32_t* items, size_t count,
                           float* scores) {
  if (session == nullptr || (count > 0 && (items == nullptr || scores == nullptr))) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return internal::score(session, items, count, scores);
}

pintle_status pintle_session_set_executor(pintle_session* session,
                                          const pintle_executor* executor) {
  if (session == nullptr || (executor != nullptr && !is_executor_valid(executor))) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  internal::session_set_executor(session, executor);
  return PINTLE_OK;
}

pintle_status pintle_recommend_batch(pintle_session* session, const uint32_t* items,
                                     const size_t* offsets, size_t history_count,
                                     const pintle_request* request, pintle_recommendation* out,
                                     uint32_t* counts, size_t* done) {
  const internal::Batch batch = {items, offsets, history_count, request, out, counts};
  if (session == nullptr || !is_batch_valid(batch, done)) return PINTLE_ERR_INVALID_ARGUMENT;
  return internal::recommend_batch(&session, 1, nullptr, batch, done);
}

pintle_status pintle_recommend_batch_parallel(pintle_session* const* sessions, size_t session_count,
                                              const pintle_executor* executor,
                                              const uint32_t* items, const size_t* offsets,
                                              size_t history_count, const pintle_request* request,
                                              pintle_recommendation* out, uint32_t* counts,
                                              size_t* done) {
  const internal::Batch batch = {items, offsets, history_count, request, out, counts};
  if (!are_sessions_valid(sessions, session_count) || !is_executor_valid(executor) ||
      !is_batch_valid(batch, done)) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return internal::recommend_batch(sessions, session_count, executor, batch, done);
}
