// SPDX-License-Identifier: Apache-2.0
//
// The C entry points that recommend and score: check arguments, call the core, nothing else.
#include <string.h>

#include "runtime/api/request.h"
#include "runtime/api/session_call.h"
#include "runtime/calls/batch.h"
#include "runtime/calls/recommend.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/exact_scan.h"
#include "runtime/scan/scoring.h"

namespace internal = pintle::internal;
using internal::begin_call;
using internal::Request;
using internal::Session;

namespace {

// Forgets the sessions' latest failures. They must be different ones, of one model.
pintle_status begin_calls(pintle_session* const* handles, size_t count) {
  if (handles == nullptr || count == 0) return PINTLE_ERR_INVALID_ARGUMENT;
  const Session* first = begin_call(handles[0]);
  if (first == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  for (size_t i = 1; i < count; ++i) {
    const Session* session = begin_call(handles[i]);
    if (session == nullptr || session->model != first->model) {
      return first->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                            "session %zu is none, or of another model than session 0", i);
    }
    for (size_t j = 0; j < i; ++j) {
      if (handles[j] != handles[i]) continue;
      return first->fault()(PINTLE_ERR_INVALID_ARGUMENT, "sessions %zu and %zu are the same", j, i);
    }
  }
  return PINTLE_OK;
}

// All but the single histories, which the core checks.
pintle_status check_batch(const Session& session, const internal::Batch& batch,
                          const size_t* done) {
  if (batch.offsets != nullptr && done != nullptr) {
    if (batch.history_count == 0) return PINTLE_OK;
    const bool has_items =
        batch.items != nullptr || batch.offsets[batch.history_count] <= batch.offsets[0];
    if (has_items && batch.out != nullptr && batch.counts != nullptr) return PINTLE_OK;
  }
  return internal::null_argument(session, "items, offsets, out, counts or done");
}

}  // namespace

pintle_status pintle_recommend(pintle_session* handle, const pintle_request* given,
                               pintle_recommendation* out, size_t* count) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (out == nullptr || count == nullptr) return internal::null_argument(*session, "out or count");
  Request request;
  PINTLE_TRY(request.read(given, session->fault()));
  return internal::recommend(session, request.get(), out, count);
}

pintle_status pintle_recommend_flat(pintle_session* handle, size_t k, uint32_t flags,
                                    const uint32_t* knobs, const float* strengths,
                                    size_t knob_count, uint32_t* items, float* scores, int64_t* ids,
                                    size_t* count) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (items == nullptr || count == nullptr ||
      (knob_count > 0 && (knobs == nullptr || strengths == nullptr))) {
    return internal::null_argument(*session, "knobs, strengths, items or count");
  }
  constexpr uint32_t kFlags = PINTLE_INCLUDE_SEEN;
  if (k == 0 || k > PINTLE_FLAT_K || knob_count > PINTLE_FLAT_KNOBS || (flags & ~kFlags) != 0) {
    return session->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                            "%zu items of at most %u, %zu knobs of at most %u, flags 0x%x", k,
                            PINTLE_FLAT_K, knob_count, PINTLE_FLAT_KNOBS, flags);
  }
  pintle_edit edits[PINTLE_FLAT_KNOBS];
  for (size_t i = 0; i < knob_count; ++i) {
    edits[i] = {PINTLE_EDIT_KNOB, knobs[i], 0, 0, strengths[i]};
  }
  pintle_steering steering = PINTLE_STEERING_INIT;
  steering.edits = edits;
  steering.edit_count = knob_count;
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = k;
  request.flags = flags;
  request.steering = &steering;
  pintle_recommendation list[PINTLE_FLAT_K];
  size_t found = 0;
  PINTLE_TRY(internal::recommend(session, request, list, &found));
  for (size_t i = 0; i < found; ++i) {
    items[i] = list[i].item;
    if (scores != nullptr) scores[i] = list[i].score;
    if (ids != nullptr) ids[i] = list[i].id;
  }
  *count = found;
  return PINTLE_OK;
}

pintle_status pintle_score(pintle_session* handle, const uint32_t* items, size_t count,
                           float* scores) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (count > 0 && (items == nullptr || scores == nullptr)) {
    return internal::null_argument(*session, "items or scores");
  }
  return internal::score(session, items, count, scores);
}

pintle_status pintle_recommend_batch(pintle_session* handle, const uint32_t* items,
                                     const size_t* offsets, size_t history_count,
                                     const pintle_request* given, pintle_recommendation* out,
                                     size_t* counts, size_t* done) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  Request request;
  PINTLE_TRY(request.read(given, session->fault()));
  const internal::Batch batch = {items, offsets, history_count, &request.get(), out, counts};
  PINTLE_TRY(check_batch(*session, batch, done));
  return internal::recommend_batch(&handle, 1, nullptr, batch, done);
}

pintle_status pintle_recommend_batch_parallel(pintle_session* const* handles, size_t session_count,
                                              const pintle_executor* given_executor,
                                              const uint32_t* items, const size_t* offsets,
                                              size_t history_count, const pintle_request* given,
                                              pintle_recommendation* out, size_t* counts,
                                              size_t* done) {
  PINTLE_TRY(begin_calls(handles, session_count));
  const Session& first = *internal::session_of(handles[0]);
  pintle_executor executor = {};
  PINTLE_TRY(internal::read_executor(given_executor, first.fault(), &executor));
  Request request;
  PINTLE_TRY(request.read(given, first.fault()));
  const internal::Batch batch = {items, offsets, history_count, &request.get(), out, counts};
  PINTLE_TRY(check_batch(first, batch, done));
  return internal::recommend_batch(handles, session_count, &executor, batch, done);
}

pintle_status pintle_session_get_scan(const pintle_session* handle, pintle_scan_info* info) {
  const Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (!internal::is_sized(info))
    return internal::null_argument(*session, "info, or its struct_size");
  pintle_scan_info result = PINTLE_SCAN_INFO_INIT;
  const internal::ExactCounts& counts = session->exact_counts;
  if (counts.coarse_panels > 0) {
    result.is_pruned = 1;
    result.rows_scored_f32 = counts.f32_rows;
    result.bytes_read = internal::exact_bytes(counts, *session->model);
  }
  internal::write_struct(result, info);
  return PINTLE_OK;
}
