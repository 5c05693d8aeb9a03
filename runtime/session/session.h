// SPDX-License-Identifier: Apache-2.0
//
// One user's mutable state, all in the caller's block: the history, what was computed of it, and the
// scratch of those who compute. Each part lays itself out, and one function sums them up.
#ifndef PINTLE_RUNTIME_SESSION_SESSION_H_
#define PINTLE_RUNTIME_SESSION_SESSION_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/model/model.h"
#include "runtime/session/cache_state.h"
#include "runtime/session/gemm.h"
#include "runtime/session/history.h"
#include "runtime/session/network_buffers.h"
#include "runtime/session/scan_buffers.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// What a call compares with the unsteered state.
struct CallScratch {
  Buffer<float> steered;   // [dim]: the state that the items are scored against instead of hidden
  Buffer<float> item_row;  // [dim]: the row of the item that is explained; empty without SAEs
};

struct SessionState {
  const Model* model = nullptr;
  GemmSet gemm;
  History history;
  CacheState cache;      // of `network` and scan.log_partitions
  NetworkCache network;  // written by network/
  ProductScratch product;
  BlockScratch block;
  SaeScratch sae;
  ScanBuffers scan;  // written by scan/
  ExactScratch exact;
  CallScratch call;               // written by calls/
  pintle_executor executor = {};  // parallel_for is null where there is none
  // Of the last history that this session took in a batch, and, if it failed, which that was.
  pintle_status batch_status = PINTLE_OK;
  size_t batch_failure = 0;

  // The newest event's state. REQUIRES: update_hidden.
  const float* hidden() const {
    assert(cache.has_hidden());
    return network.hidden();
  }
};

}  // namespace pintle::internal

struct pintle_session : pintle::internal::SessionState {};

namespace pintle::internal {

using Session = ::pintle_session;

// 64 bits on every machine: model_open refuses what does not fit size_t.
uint64_t session_bytes(const Model& model);
Status session_create(const Model& model, void* memory, size_t size_bytes, Session** session);
void session_destroy(Session* session);
void session_reset(Session* session);
Status session_append(Session* session, const uint32_t* items, size_t count);
void session_set_policy(Session* session, pintle_window_policy policy);
// executor: null for none.
void session_set_executor(Session* session, const pintle_executor* executor);
uint64_t session_event_count(const Session& session);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_SESSION_H_
