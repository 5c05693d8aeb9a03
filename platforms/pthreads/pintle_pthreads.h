/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads for pintle_executor where an app has no pool of its own: a header and a source file to compile
 * into the app. Not part of the library, which starts no thread. */
#ifndef PINTLE_PTHREADS_H_
#define PINTLE_PTHREADS_H_

#include "pintle/pintle.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pintle_pthreads pintle_pthreads;

/* A pool whose parallel_for runs tasks on the calling thread and on thread_count - 1 others, which sleep
 * between calls. thread_count: 1 to 64. Null where threads or memory are not to be had. Any thread. */
pintle_pthreads* pintle_pthreads_create(size_t thread_count);
/* Ends the threads. Null is allowed. No session may have the pool's executor any more. Any thread. */
void pintle_pthreads_destroy(pintle_pthreads* pool);
/* The pool as an executor of thread_count tasks, to be used until the pool is destroyed. Calls from
 * several threads at once take turns. Any thread. */
pintle_executor pintle_pthreads_executor(pintle_pthreads* pool);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PINTLE_PTHREADS_H_ */
