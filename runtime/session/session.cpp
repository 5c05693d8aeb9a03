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

Status session_create(const Model& model, void* memory, size_t size_bytes, Session** session) {
  if (reinterpret_cast<uintptr_t>(memory) % PINTLE_SESSION_ALIGNMENT != 0) {
    return PINTLE_ERR_MISALIGNED;
  }
  if (size_bytes < session_bytes(model)) return PINTLE_ERR_BUFFER_TOO_SMALL;

  Arena arena(memory);
  Session* created = new (arena.take<Session>(1)) Session();
  created->model = &model;
  created->buffers = plan_session(model, &arena);
  memset(created->buffers.marked, 0, bitmap_bytes(model.item_count));
  if (model.sae_count > 0) {
    memset(created->buffers.feature_marks, 0, bitmap_bytes(model.max_feature_count));
  }
  session_reset(created);
  PINTLE_TRY(gemm_create(model, &created->gemm));
  *session = created;
  return PINTLE_OK;
}

void session_destroy(Session* session) { gemm_destroy(*session->model, &session->gemm); }

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
    if (items[i] >= item_count) return PINTLE_ERR_UNKNOWN_ITEM;
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

}  // namespace pintle::internal
