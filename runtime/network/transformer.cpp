// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/transformer.h"

#include <string.h>

#include "runtime/network/forward.h"
#include "runtime/network/linear.h"

namespace pintle::internal {
namespace {

// Whether an edit of the newest position behind `stage` changes what later blocks compute for the
// others: in a bidirectional model, unless the block behind it is the last.
bool reaches_others(const Model& model, Stage stage) {
  return model.is_bidirectional() && stage < last_stage(model) && stage / 2 + 2 < model.layer_count;
}

// Positions whose keys and values stay valid when an event is appended, after a run over them all.
uint32_t reusable_rows(const Session& session) {
  return session.model->is_incremental() ? session.history.kept() : 0;
}

// Positions of which a run leaves out the last block's keys and values.
uint32_t keyless_rows(const Session& session, const Run& run) {
  return run.is_keyless(*session.model) ? run.count(*session.model) : 0;
}

// The last block's keys and values that a run without them has left to be computed.
void complete_keys(Session* session) {
  const size_t rows = session->cache.keyless_rows(), dim = session->model->dim;
  if (rows == 0) return;
  const uint32_t layer = session->model->layer_count - 1;
  apply_block_linear(session, layer, BlockLinear::kKeyValue,
                     session->network.states(1, rows).front(rows * dim), rows, true,
                     session->network.key_value(layer, 1, rows));
  session->cache.keys_completed();
}

// Makes the cached keys and values those of the unsteered run again. The hidden state stays as it is:
// computed in another way, it could come back with other last bits. scratch: [dim].
void restore_cache(Session* session, Span<float> scratch) {
  if (!session->cache.is_overwritten()) return;
  const Run run = {0, session->history.kept()};
  run_network(session, run, scratch);
  session->cache.restored(reusable_rows(*session), keyless_rows(*session, run));
}

// Copies the newest position's keys and values of every block to where they are saved, and back.
void save_newest(Session* session, uint32_t count) {
  const size_t size = 2 * static_cast<size_t>(session->model->dim);
  for (uint32_t layer = 0; layer < session->model->layer_count; ++layer) {
    memcpy(session->network.saved_key_value(layer).front(size),
           session->network.key_value(layer, count, 1).front(size), size * sizeof(float));
  }
}
void put_back_newest(Session* session, uint32_t count) {
  const size_t size = 2 * static_cast<size_t>(session->model->dim);
  for (uint32_t layer = 0; layer < session->model->layer_count; ++layer) {
    memcpy(session->network.key_value(layer, count, 1).front(size),
           session->network.saved_key_value(layer).front(size), size * sizeof(float));
  }
}

// The unsteered run; not its last block if `is_steered` and that can be done later, with the same bits.
void update(Session* session, bool is_steered) {
  const Model& model = *session->model;
  CacheState& cache = session->cache;
  const uint32_t kept = session->history.kept();
  if (cache.is_behind()) {
    if (cache.reusable_rows() > 0) complete_keys(session);
    const Run run = {cache.reusable_rows(), kept};
    if (is_steered && model.is_incremental() && !run.is_keyless(model) && model.layer_count > 1) {
      run_to_last_block(session, run);
      cache.computed_to_last_block(reusable_rows(*session));
    } else {
      run_network(session, run, session->network.hidden());
      cache.computed(reusable_rows(*session), keyless_rows(*session, run));
    }
  } else if (cache.is_last_block_due() && !is_steered) {
    run_last_block(session, {kept - 1, kept}, session->network.hidden());
    cache.last_block_computed();
  }
}

}  // namespace

void update_hidden(Session* session) { update(session, false); }

void steered_hidden(Session* session, const Steering& steering, Span<float> hidden) {
  const Model& model = *session->model;
  const uint32_t kept = session->history.kept();
  if (steering.leaves_states()) {
    update_hidden(session);
    memcpy(hidden.front(model.dim), session->hidden(), model.dim * sizeof(float));
    return;
  }
  const Stage stage = steering.first_stage();
  if ((steering.all_positions() && stage < last_stage(model)) || reaches_others(model, stage)) {
    update_hidden(session);
    run_network(session, {0, kept, kNoEvent, &steering}, hidden);
    session->cache.overwritten();
    return;
  }
  const bool runs_later_blocks = stage / 2 + 1 < model.layer_count;
  update(session, runs_later_blocks);
  if (stage < last_stage(model)) restore_cache(session, hidden);
  if (runs_later_blocks) complete_keys(session);  // a later block reads them
  const uint32_t count = kept + (model.has_mask_token() ? 1 : 0);
  save_newest(session, count);
  run_behind(session, {count - 1, kept, kNoEvent, &steering}, stage, hidden);
  put_back_newest(session, count);
}

void leave_one_out_hidden(Session* session, uint32_t left_out, Span<float> hidden) {
  run_network(session, {0, session->history.kept() - 1, left_out}, hidden);
  session->cache.overwritten();
}

}  // namespace pintle::internal
