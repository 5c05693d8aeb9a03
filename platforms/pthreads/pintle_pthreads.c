/* SPDX-License-Identifier: Apache-2.0 */
#include "pintle_pthreads.h"

#include <pthread.h>
#include <stdlib.h>

#define PINTLE_PTHREADS_MOST 64

struct pintle_pthreads {
  pthread_mutex_t turn; /* held for the whole of one parallel_for */
  pthread_mutex_t mutex;
  pthread_cond_t work, done;
  /* Of the parallel_for that runs; under `mutex`. */
  pintle_task task;
  void* context;
  size_t next, count; /* tasks handed out; of all */
  size_t running;     /* tasks handed out that have not returned */
  int stops;
  size_t thread_count; /* the caller's included */
  size_t started;
  pthread_t threads[PINTLE_PTHREADS_MOST];
};

/* Takes tasks until none is left. REQUIRES: pool->mutex is held; it is again on return. */
static void take_tasks(pintle_pthreads* pool) {
  while (pool->next < pool->count) {
    const size_t index = pool->next++;
    const pintle_task task = pool->task;
    void* const context = pool->context;
    ++pool->running;
    pthread_mutex_unlock(&pool->mutex);
    task(context, index);
    pthread_mutex_lock(&pool->mutex);
    if (--pool->running == 0 && pool->next == pool->count) pthread_cond_signal(&pool->done);
  }
}

static void* run_thread(void* argument) {
  pintle_pthreads* pool = argument;
  pthread_mutex_lock(&pool->mutex);
  while (!pool->stops) {
    take_tasks(pool);
    if (!pool->stops) pthread_cond_wait(&pool->work, &pool->mutex);
  }
  pthread_mutex_unlock(&pool->mutex);
  return NULL;
}

static void parallel_for(void* context, size_t count, pintle_task task, void* task_context) {
  pintle_pthreads* pool = context;
  pthread_mutex_lock(&pool->turn);
  pthread_mutex_lock(&pool->mutex);
  pool->task = task;
  pool->context = task_context;
  pool->next = 0;
  pool->count = count;
  pthread_cond_broadcast(&pool->work);
  take_tasks(pool);
  while (pool->running > 0) pthread_cond_wait(&pool->done, &pool->mutex);
  pthread_mutex_unlock(&pool->mutex);
  pthread_mutex_unlock(&pool->turn);
}

pintle_pthreads* pintle_pthreads_create(size_t thread_count) {
  if (thread_count == 0 || thread_count > PINTLE_PTHREADS_MOST) return NULL;
  pintle_pthreads* pool = calloc(1, sizeof *pool);
  if (pool == NULL) return NULL;
  pool->thread_count = thread_count;
  pthread_mutex_init(&pool->turn, NULL);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->done, NULL);
  for (; pool->started + 1 < thread_count; ++pool->started) {
    if (pthread_create(&pool->threads[pool->started], NULL, run_thread, pool) != 0) {
      pintle_pthreads_destroy(pool);
      return NULL;
    }
  }
  return pool;
}

void pintle_pthreads_destroy(pintle_pthreads* pool) {
  if (pool == NULL) return;
  pthread_mutex_lock(&pool->mutex);
  pool->stops = 1;
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (size_t i = 0; i < pool->started; ++i) pthread_join(pool->threads[i], NULL);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
  pthread_mutex_destroy(&pool->turn);
  free(pool);
}

pintle_executor pintle_pthreads_executor(pintle_pthreads* pool) {
  pintle_executor executor = PINTLE_EXECUTOR_INIT;
  executor.task_count = pool->thread_count;
  executor.parallel_for = parallel_for;
  executor.context = pool;
  return executor;
}
