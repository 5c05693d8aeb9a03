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
#include "runtime/session/list_buffers.h"
#include "runtime/session/network_buffers.h"
#include "runtime/session/profile_state.h"
#include "runtime/session/scan_buffers.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// What a call compares with the unsteered state.
struct CallScratch {
  Buffer<float> steered;  // [dim]: the state that the items are scored against instead of hidden
  Buffer<float> vector;   // [dim]: an item's row, or the shift of a state; empty without SAEs
};

// "PNTS": what pintle_session.tag is of a session.
inline constexpr uint32_t kSessionTag = 0x53544e50;

// What scans of an exact index read (scan/exact_scan.h).
struct ExactCounts {
  uint64_t coarse_panels = 0, fine_rows = 0, f32_rows = 0;
};

struct Session : pintle_session {
  const Model* model = nullptr;  // holds a reference to it
  // Of the block, where it came from the model's allocator; 0: the caller's.
  size_t owned_bytes = 0;
  GemmSet gemm;
  History history;
  ProfileState profile;
  CacheState cache;      // of `network` and scan.log_z
  NetworkCache network;  // written by network/
  ProductScratch product;
  BlockScratch block;
  SaeScratch sae;
  ScanBuffers scan;  // written by scan/
  ExactScratch exact;
  ListBuffers list;               // written by lists/
  CallScratch call;               // written by calls/
  pintle_executor executor = {};  // parallel_for is null where there is none
  // Of the last history that this session took in a batch, and, if it failed, which that was.
  pintle_status batch_status = PINTLE_OK;
  size_t batch_failure = 0;
  ExactCounts exact_counts;  // of the latest list; all 0 if it was no exact scan
  // Written through const: a call that fails changes nothing else.
  mutable pintle_error last_error = {};

  // Keeps the words of a failing call for pintle_session_last_error.
  Fault fault() const { return Fault(&last_error); }

  // The newest event's state. REQUIRES: update_hidden.
  const float* hidden() const {
    assert(cache.has_hidden());
    return network.hidden();
  }
};

// A handle's session; null for null and for what is no session.
inline const Session* session_of(const pintle_session* handle) {
  return handle != nullptr && handle->tag == kSessionTag ? static_cast<const Session*>(handle)
                                                         : nullptr;
}
inline Session* session_of(pintle_session* handle) {
  return const_cast<Session*>(session_of(static_cast<const pintle_session*>(handle)));
}

// 64 bits on every machine: open_model refuses what does not fit size_t.
uint64_t session_bytes(const Model& model);
Status session_create(const Model& model, void* memory, size_t size_bytes, const Fault& fault,
                      Session** session);
// The same in a block of the model's allocator; session_destroy gives it back.
Status session_allocate(const Model& model, const Fault& fault, Session** session);
void session_destroy(Session* session);
void session_reset(Session* session);
// times: seconds, null: of none.
Status session_append(Session* session, const uint32_t* items, const int64_t* times, size_t count);
void session_set_policy(Session* session, pintle_window_policy policy);
// executor: null for none.
void session_set_executor(Session* session, const pintle_executor* executor);
uint64_t session_event_count(const Session& session);
// The time that a request's `now` means: its own, or the newest event's or feedback's.
int64_t session_now(const Session& session, int64_t now);
// PINTLE_ERR_EMPTY_HISTORY before the first event.
Status check_history(const Session& session);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_SESSION_H_
