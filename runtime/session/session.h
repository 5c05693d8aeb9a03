// SPDX-License-Identifier: Apache-2.0
//
// One user's mutable state: the history, the cached keys and values, and scratch, all in the
// caller's block. memory_plan.h lays it out.
#ifndef PINTLE_RUNTIME_SESSION_SESSION_H_
#define PINTLE_RUNTIME_SESSION_SESSION_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/model/model.h"
#include "runtime/session/gemm.h"
#include "runtime/session/memory_plan.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// "PNTS": what pintle_session.tag is of a session.
inline constexpr uint32_t kSessionTag = 0x53544e50;

// What scans of an exact index read (scan/exact_scan.h).
struct ExactCounts {
  uint64_t coarse_panels = 0, fine_rows = 0, f32_rows = 0;
};

struct Session : pintle_session {
  const Model* model;  // holds a reference to it
  size_t owned_bytes;  // of the block, where it came from the model's allocator; 0: the caller's
  GemmSet gemm;
  SessionBuffers buffers;
  uint64_t event_count;   // ever appended
  uint32_t kept;          // items in buffers.window_items
  uint32_t computed;      // leading positions whose keys and values are valid
  uint32_t keyless_rows;  // leading positions of which the last block's are yet to be computed
  bool hops;              // PINTLE_WINDOW_HOP, of an incremental model
  bool pads_ready;        // the pad slot's keys and values (the same for every history) are valid
  bool hidden_ready;      // buffers.hidden is the state after the newest event
  bool last_block_due;    // all is up to date but what follows the last block's keys and values
  bool cache_ready;       // so are the cached keys and values: no steered run has overwritten them
  bool partitions_ready;  // buffers.log_partitions are those of this history
  pintle_executor executor;    // parallel_for is null where there is none
  pintle_status batch_status;  // of the last history that this session took in a batch, and, if it
  size_t batch_failure;        // failed, which that was
  // Written through const: a call that fails changes nothing else.
  mutable pintle_error last_error;
  mutable ExactCounts exact_counts;  // of the latest list, where the model has an exact index

  float* key_value_rows(uint32_t layer) const {
    return buffers.key_value +
           static_cast<size_t>(layer) * (1 + model->position_count()) * 2 * model->dim;
  }
  // The newest position's state, as Tap says. Valid while hidden_ready.
  float* tap(uint32_t layer, Tap which) const {
    return buffers.taps + (static_cast<size_t>(layer) * kTaps + which) * model->dim;
  }
  // Keeps the words of a failing call for pintle_session_last_error.
  Fault fault() const { return Fault(&last_error); }
  bool is_seen(uint32_t item) const { return (buffers.seen[item / 64] >> (item % 64)) & 1; }
};

// A handle's session; null for null and for what is no session.
inline const Session* session_of(const pintle_session* handle) {
  return handle != nullptr && handle->tag == kSessionTag ? static_cast<const Session*>(handle)
                                                         : nullptr;
}
inline Session* session_of(pintle_session* handle) {
  return const_cast<Session*>(session_of(static_cast<const pintle_session*>(handle)));
}

// 64 bits on every machine: model_open refuses what does not fit size_t.
uint64_t session_bytes(const Model& model);
Status session_create(const Model& model, void* memory, size_t size_bytes, const Fault& fault,
                      Session** session);
// The same in a block of the model's allocator; session_destroy gives it back.
Status session_allocate(const Model& model, const Fault& fault, Session** session);
void session_destroy(Session* session);
void session_reset(Session* session);
Status session_append(Session* session, const uint32_t* items, size_t count);
// PINTLE_ERR_EMPTY_HISTORY before the first event.
Status check_history(const Session& session);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_SESSION_H_
