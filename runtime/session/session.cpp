// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/session.h"

#include <string.h>

#include <new>

namespace pintle::internal {
namespace {

// Takes every buffer from `arena`: serves the size query, with an arena that counts, and the creation.
void lay_out(const Model& model, Arena* arena, SessionState* session) {
  session->history.lay_out(model, arena);
  session->network.lay_out(model, arena);
  session->product.lay_out(model, arena);
  session->block.lay_out(model, arena);
  session->sae.lay_out(model, arena);
  session->scan.lay_out(model, arena);
  session->exact.lay_out(model, arena);
  session->call.steered = arena->buffer<float>(model.dim);
  if (model.sae_count > 0) session->call.item_row = arena->buffer<float>(model.dim);
}

void clear_words(Buffer<uint64_t>* words, uint64_t bits) {
  const size_t count = static_cast<size_t>(round_up(bits, 64) / 64);
  memset(words->front(count), 0, count * sizeof(uint64_t));
}

}  // namespace

uint64_t session_bytes(const Model& model) {
  Arena counting(nullptr);
  counting.take<Session>(1);
  SessionState counted;
  lay_out(model, &counting, &counted);
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
  lay_out(model, &arena, created);
  // The bitmaps that are all zero between calls.
  clear_words(&created->scan.marked, model.item_count);
  if (model.sae_count > 0) clear_words(&created->sae.marks, model.max_feature_count);
  session_reset(created);
  PINTLE_TRY(gemm_create(model, &created->gemm));
  *session = created;
  return PINTLE_OK;
}

void session_destroy(Session* session) { gemm_destroy(*session->model, &session->gemm); }

void session_reset(Session* session) {
  session->history.clear();
  session->cache.reset();
}

Status session_append(Session* session, const uint32_t* items, size_t count) {
  const uint32_t item_count = session->model->item_count;
  for (size_t i = 0; i < count; ++i) {
    if (items[i] >= item_count) return PINTLE_ERR_UNKNOWN_ITEM;
  }
  if (count == 0) return PINTLE_OK;
  session->cache.appended(session->history.append(*session->model, items, count));
  return PINTLE_OK;
}

void session_set_policy(Session* session, pintle_window_policy policy) {
  session->history.set_policy(*session->model, policy);
}

void session_set_executor(Session* session, const pintle_executor* executor) {
  session->executor = executor == nullptr ? pintle_executor() : *executor;
}

uint64_t session_event_count(const Session& session) { return session.history.event_count(); }

}  // namespace pintle::internal
