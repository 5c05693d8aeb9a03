// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/batch.h"

#include <atomic>

#include "runtime/calls/recommend.h"
#include "runtime/scan/executor.h"

namespace pintle::internal {
namespace {

Status recommend_history(Session* session, const Batch& batch, size_t history) {
  const size_t begin = batch.offsets[history], end = batch.offsets[history + 1];
  batch.counts[history] = 0;
  if (begin == end) return PINTLE_OK;
  if (end < begin || batch.items == nullptr) {
    return session->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                            "history %zu: offsets %zu to %zu descend, or items is null", history,
                            begin, end);
  }
  session_reset(session);
  PINTLE_TRY(session_append(session, batch.items + begin, nullptr, end - begin));
  return recommend(session, *batch.request, batch.out + history * batch.request->k,
                   &batch.counts[history], false);
}

// Histories are handed out in ascending order, so that all before a failing one have been taken, and
// their tasks finish them.
struct BatchTasks {
  pintle_session* const* sessions;
  size_t session_count;
  const Batch& batch;
  std::atomic<size_t> next{0};
  std::atomic<size_t> first_failure;

  static void run(void* context, size_t index) {
    BatchTasks& tasks = *static_cast<BatchTasks*>(context);
    Session* session = session_of(tasks.sessions[index]);
    const pintle_executor own = session->executor;
    if (tasks.session_count > 1) session->executor = pintle_executor();  // the threads are taken
    for (;;) {
      const size_t history = tasks.next.fetch_add(1, std::memory_order_relaxed);
      if (history >= tasks.first_failure.load(std::memory_order_relaxed)) break;
      session->batch_status = recommend_history(session, tasks.batch, history);
      if (session->batch_status == PINTLE_OK) continue;
      session->batch_failure = history;
      size_t first = tasks.first_failure.load(std::memory_order_relaxed);
      while (history < first && !tasks.first_failure.compare_exchange_weak(
                                    first, history, std::memory_order_relaxed)) {
      }
      break;
    }
    session_reset(session);
    session->executor = own;
  }
};

}  // namespace

Status recommend_batch(pintle_session* const* sessions, size_t session_count,
                       const pintle_executor* executor, const Batch& batch, size_t* done) {
  for (size_t i = 0; i < session_count; ++i) session_of(sessions[i])->batch_status = PINTLE_OK;
  BatchTasks tasks = {sessions, session_count, batch, {0}, {batch.history_count}};
  run_tasks(executor == nullptr ? pintle_executor() : *executor, session_count, BatchTasks::run,
            &tasks);
  *done = tasks.first_failure.load(std::memory_order_relaxed);
  for (size_t i = 0; i < session_count; ++i) {
    const Session& session = *session_of(sessions[i]);
    if (session.batch_status != PINTLE_OK && session.batch_failure == *done) {
      session_of(sessions[0])->last_error = session.last_error;
      return session.batch_status;
    }
  }
  return PINTLE_OK;
}

}  // namespace pintle::internal
