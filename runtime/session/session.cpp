// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/session.h"

#include <string.h>

#include <new>

namespace pintle::internal {
namespace {

size_t bitmap_bytes(uint32_t bits) { return static_cast<size_t>(round_up(bits, 64) / 8); }

// REQUIRES: count <= 1 if the session hops, so that a bulk append leaves the window that single
// ones do.
void keep_newest(Session* session, const uint32_t* items, size_t count) {
  const uint32_t window = session->model->window;
  uint32_t* kept_items = session->buffers.window_items;
  const size_t added = count < window ? count : window;
  const size_t left = session->hops && window >= 4 ? window - window / 4 : window;
  const size_t stay = session->kept + added <= window ? session->kept : left - added;
  const size_t dropped = session->kept - stay;
  if (dropped > 0) memmove(kept_items, kept_items + dropped, stay * sizeof(uint32_t));
  memcpy(kept_items + stay, items + (count - added), added * sizeof(uint32_t));
  session->kept = static_cast<uint32_t>(stay + added);
  // Dropping the oldest renumbers every position that stays.
  if (dropped > 0 || added < count) session->computed = 0;
}

void lose_hidden(Session* session) {
  session->hidden_ready = false;
  session->last_block_due = false;
  session->partitions_ready = false;
}

}  // namespace

uint64_t session_bytes(const Model& model) {
  Arena counting(nullptr);
  counting.take<Session>(1);
  plan_session(model, &counting);
  return counting.used_bytes();
}

Status session_create(const Model& model, void* memory, size_t size_bytes, const Fault& fault,
                      Session** session) {
  if (reinterpret_cast<uintptr_t>(memory) % PINTLE_SESSION_ALIGNMENT != 0) {
    return fault(PINTLE_ERR_MISALIGNED, "the block must be aligned to %u bytes",
                 PINTLE_SESSION_ALIGNMENT);
  }
  if (size_bytes < session_bytes(model)) {
    return fault(
        PINTLE_ERR_BUFFER_TOO_SMALL,
        "a session of this model takes %llu bytes (pintle_session_memory), the block has %zu",
        static_cast<unsigned long long>(session_bytes(model)), size_bytes);
  }

  Arena arena(memory);
  Session* created = new (arena.take<Session>(1)) Session();
  created->tag = kSessionTag;
  created->model = &model;
  created->buffers = plan_session(model, &arena);
  memset(created->buffers.marked, 0, bitmap_bytes(model.item_count));
  if (model.sae_count > 0) {
    memset(created->buffers.feature_marks, 0, bitmap_bytes(model.max_feature_count));
  }
  session_reset(created);
  if (gemm_create(model, &created->gemm) != PINTLE_OK) {
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for XNNPACK's copy of the weights");
  }
  retain_model(model);
  *session = created;
  return PINTLE_OK;
}

Status session_allocate(const Model& model, const Fault& fault, Session** session) {
  const size_t size_bytes = static_cast<size_t>(session_bytes(model));
  void* memory = model.allocator.allocate(size_bytes, PINTLE_SESSION_ALIGNMENT);
  if (memory == nullptr) {
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for a session of %zu bytes", size_bytes);
  }
  const Status status = session_create(model, memory, size_bytes, fault, session);
  if (status == PINTLE_OK) {
    (*session)->owned_bytes = size_bytes;
  } else {
    model.allocator.release(memory, size_bytes);
  }
  return status;
}

void session_destroy(Session* session) {
  const Model* model = session->model;
  const size_t owned_bytes = session->owned_bytes;
  gemm_destroy(*model, &session->gemm);
  if (owned_bytes != 0) model->allocator.release(session, owned_bytes);
  release_model(model);
}

void session_reset(Session* session) {
  memset(session->buffers.seen, 0, bitmap_bytes(session->model->item_count));
  session->event_count = 0;
  session->kept = 0;
  session->computed = 0;
  session->keyless_rows = 0;
  lose_hidden(session);
}

Status session_append(Session* session, const uint32_t* items, size_t count) {
  const uint32_t item_count = session->model->item_count;
  for (size_t i = 0; i < count; ++i) {
    if (items[i] >= item_count) {
      return session->fault()(PINTLE_ERR_UNKNOWN_ITEM, "event %zu is item %u, of a catalogue of %u",
                              i, items[i], item_count);
    }
  }
  if (count == 0) return PINTLE_OK;
  for (size_t i = 0; i < count; ++i) {
    session->buffers.seen[items[i] / 64] |= uint64_t{1} << (items[i] % 64);
  }
  const uint32_t to_skip = session->model->skip_oldest;
  const size_t skipped =
      session->event_count >= to_skip ? 0 : static_cast<size_t>(to_skip - session->event_count);
  const size_t at_once = session->hops ? 1 : count - skipped;
  for (size_t i = skipped; i < count; i += at_once) keep_newest(session, items + i, at_once);
  session->event_count += count;
  lose_hidden(session);
  return PINTLE_OK;
}

Status check_history(const Session& session) {
  if (session.event_count > 0) return PINTLE_OK;
  return session.fault()(PINTLE_ERR_EMPTY_HISTORY,
                         "the history is empty: append an event first (pintle_session_append)");
}

}  // namespace pintle::internal
