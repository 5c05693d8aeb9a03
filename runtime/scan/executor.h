// SPDX-License-Identifier: Apache-2.0
//
// Work cut into tasks for the caller's threads. The runtime has none of its own.
#ifndef PINTLE_RUNTIME_SCAN_EXECUTOR_H_
#define PINTLE_RUNTIME_SCAN_EXECUTOR_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// Runs task(context, i) for every i below count, and returns when all have returned.
inline void run_tasks(const pintle_executor& executor, size_t count, pintle_task task,
                      void* context) {
  if (count > 1) {
    executor.parallel_for(executor.context, count, task, context);
  } else {
    for (size_t i = 0; i < count; ++i) task(context, i);
  }
}

// Into how many tasks a scan of the whole catalogue for a list of k is cut.
inline size_t scan_task_count(const Session& session, size_t k) {
  const pintle_executor& executor = session.executor;
  if (executor.parallel_for == nullptr || session.model->item_count < PINTLE_PARALLEL_ITEMS ||
      k > PINTLE_PARALLEL_K) {
    return 1;
  }
  return executor.task_count < PINTLE_PARALLEL_TASKS ? executor.task_count : PINTLE_PARALLEL_TASKS;
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_EXECUTOR_H_
