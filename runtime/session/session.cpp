// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/session.h"

#include <string.h>

#include <new>

namespace pintle::internal {
namespace {

// Takes every buffer from `arena`: serves the size query, with an arena that counts, and the creation.
void lay_out(const Model& model, Arena* arena, Session* session) {
  session->history.lay_out(model, arena);
  session->profile.lay_out(model, arena);
  session->network.lay_out(model, arena);
  session->product.lay_out(model, arena);
  const uint64_t scratch = arena->used_bytes();
  session->block.lay_out(model, arena);
  const uint64_t behind_block = arena->used_bytes();
  arena->rewind(scratch);
  session->list.lay_out_scratch(model, arena);
  arena->skip_to(behind_block);
  session->sae.lay_out(model, arena);
  session->scan.lay_out(model, arena);
  session->exact.lay_out(model, arena);
  session->list.lay_out(model, arena);
  session->call.steered = arena->buffer<float>(model.dim);
  if (model.sae_count > 0) session->call.vector = arena->buffer<float>(model.dim);
}

void clear_words(Buffer<uint64_t>* words, uint64_t bits) {
  const size_t count = static_cast<size_t>(format::round_up(bits, 64) / 64);
  memset(words->front(count), 0, count * sizeof(uint64_t));
}

}  // namespace

uint64_t session_bytes(const Model& model) {
  Arena counting(nullptr);
  counting.take<Session>(1);
  Session counted;
  lay_out(model, &counting, &counted);
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
  lay_out(model, &arena, created);
  // The bitmaps that are all zero between calls.
  clear_words(&created->scan.marked, model.item_count);
  if (model.sae_count > 0) clear_words(&created->sae.marks, model.max_feature_count);
  created->list.start(model);
  created->profile.start(model);
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
  session->history.clear();
  session->cache.reset();
  session->profile.last_list = {};
}

Status session_append(Session* session, const uint32_t* items, const int64_t* times, size_t count) {
  const Model& model = *session->model;
  for (size_t i = 0; i < count; ++i) {
    if (!model.catalogue.has(items[i])) {
      return session->fault()(PINTLE_ERR_UNKNOWN_ITEM, "event %zu is item %u, of a catalogue of %u",
                              i, items[i], model.item_count);
    }
    if (times != nullptr && !is_time(times[i])) {
      return session->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                              "event %zu: %lld seconds is no time (PINTLE_LATEST, PINTLE_NO_DATE)",
                              i, static_cast<long long>(times[i]));
    }
  }
  if (count == 0) return PINTLE_OK;
  session->cache.appended(session->history.append(model, items, times, count));
  return PINTLE_OK;
}

void session_set_policy(Session* session, pintle_window_policy policy) {
  session->history.set_policy(*session->model, policy);
}

void session_set_executor(Session* session, const pintle_executor* executor) {
  session->executor = executor == nullptr ? pintle_executor() : *executor;
}

int64_t session_now(const Session& session, int64_t now) {
  if (now != PINTLE_NO_DATE) return now;
  const int64_t event = session.history.newest_time();
  const int64_t feedback = session.profile.present() ? session.profile.log.newest_time() : event;
  return feedback > event ? feedback : event;
}

uint64_t session_event_count(const Session& session) { return session.history.event_count(); }

Status check_history(const Session& session) {
  if (session_event_count(session) > 0) return PINTLE_OK;
  return session.fault()(PINTLE_ERR_EMPTY_HISTORY,
                         "the history is empty: append an event first (pintle_session_append)");
}

}  // namespace pintle::internal
