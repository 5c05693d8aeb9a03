// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/transformer.h"

#include <math.h>
#include <string.h>

#include "runtime/network/linear.h"

namespace pintle::internal {
namespace {

// Queries that attention takes at once, and those from which on that is faster than one by one.
constexpr size_t kQueries = 16, kFewestQueries = 3;

constexpr uint32_t kNoEvent = UINT32_MAX;

// One run over the positions [first, count) of a session, from the first block or behind a hook.
class Forward {
 public:
  // items: of the window that take part. skipped: the one that does not, or kNoEvent.
  // steering: null for none.
  Forward(Session* session, uint32_t first, uint32_t items, uint32_t skipped,
          const Steering* steering)
      : session_(*session),
        model_(*session->model),
        kernels_(session->model->kernels),
        buffers_(session->buffers),
        dim_(session->model->dim),
        first_(first),
        items_(items),
        count_(items + (session->model->is_bidirectional() ? 1 : 0)),
        skipped_(skipped),
        steering_(steering),
        dense_(count_ - first >= kDenseRows),
        keyless_(dense_ && first == 0 && session->model->head_count <= kDenseRows) {}

  // The whole network; the state after the newest event goes to `hidden`.
  void run(float* hidden) {
    run_to_last_block();
    run_last_block(hidden);
  }

  // All that other positions and later events can see.
  void run_to_last_block() {
    for (uint32_t position = first_; position < count_; ++position) embed(position);
    if (model_.pad_keys != fb::PadKeys_Hidden && !session_.pads_ready) run_pads();
    session_.keyless_rows = keyless_ ? count_ : 0;
    run_blocks(0);
  }

  // What run_to_last_block leaves to be done, from the tap that it left.
  // REQUIRES: first == count - 1; the block before the last has one.
  void run_last_block_from_tap(float* hidden) {
    memcpy(buffers_.newest, session_.tap(model_.layer_count - 2, kTapBlock), dim_ * sizeof(float));
    run_last_block(hidden);
  }

  bool is_keyless() const { return keyless_; }

  // Only what lies behind `stage`, from the taps that an unsteered run left, which is edited there.
  // REQUIRES: first == count - 1; a steering; no earlier position sees the newest one behind
  // `stage`.
  void run_behind(Stage stage, float* hidden) {
    if (stage == last_stage(model_)) {
      memcpy(hidden, buffers_.hidden, dim_ * sizeof(float));
      return steering_->edit(session_, stage, hidden);
    }
    const uint32_t layer = stage / 2;
    float* state = is_last(layer) ? buffers_.newest : state_row(count_ - 1);
    if (stage == mlp_stage(layer)) {
      float* mlp = buffers_.projected;
      memcpy(mlp, session_.tap(layer, kTapMlp), dim_ * sizeof(float));
      steering_->edit(session_, stage, mlp);
      memcpy(state, session_.tap(layer, kTapResidual), dim_ * sizeof(float));
      add(mlp, dim_, state);
      end_block(layer, state, 1);
    } else {
      memcpy(state, session_.tap(layer, kTapBlock), dim_ * sizeof(float));
    }
    steer(block_stage(layer), state, 1);
    if (is_last(layer)) return read_out(hidden);
    run_blocks(layer + 1);
    run_last_block(hidden);
  }

 private:
  float* state_row(size_t position) const { return buffers_.states + (1 + position) * dim_; }
  bool is_last(uint32_t layer) const { return layer + 1 == model_.layer_count; }

  // From block `from` to the last one's keys and values.
  void run_blocks(uint32_t from) {
    for (uint32_t layer = from; !is_last(layer); ++layer) {
      fill_keys_values(layer);
      run_rows(layer);
    }
    const uint32_t last = model_.layer_count - 1;
    memcpy(buffers_.newest, state_row(count_ - 1), dim_ * sizeof(float));
    if (keyless_) {
      normalize_keyless(last, state_row(0), count_);
    } else {
      fill_keys_values(last);
    }
  }

  // Edits the states of `rows` consecutive positions, the last of which is `end` - 1 of the run if
  // `rows` covers it: of all of them, or of the newest only.
  void steer(Stage stage, float* states, size_t rows, bool has_newest = true) {
    if (steering_ == nullptr || !steering_->touches(stage)) return;
    const size_t begin = steering_->all_positions() ? 0 : (has_newest ? rows - 1 : rows);
    for (size_t row = begin; row < rows; ++row) {
      steering_->edit(session_, stage, states + row * dim_);
    }
  }

  // Keeps what an unsteered run passed at the newest position.
  void keep_tap(uint32_t layer, Tap which, const float* state) {
    if (steering_ == nullptr && skipped_ == kNoEvent) {
      memcpy(session_.tap(layer, which), state, dim_ * sizeof(float));
    }
  }

  void add(const float* addend, size_t count, float* sum) const {
    kernels_.axpy_f32(1, addend, count, sum);
  }

  void embed(uint32_t position) {
    float* state = state_row(position);
    if (model_.position_origin == fb::PositionOrigin_None) {
      memset(state, 0, dim_ * sizeof(float));
    } else {
      const bool from_newest = model_.position_origin == fb::PositionOrigin_Newest;
      gather_row(model_.positions, from_newest ? count_ - 1 - position : position, state);
    }
    const float* item = model_.mask_embedding;  // the mask token, after the newest item
    if (position < items_) {
      gather_row(model_.items, buffers_.window_items[position + (position >= skipped_ ? 1 : 0)],
                 buffers_.projected);
      item = buffers_.projected;
    }
    kernels_.axpy_f32(model_.item_scale, item, dim_, state);
    if (model_.embedding_norm.present()) {
      apply_norm(kernels_, model_.embedding_norm, state, 1, dim_, state);
    }
  }

  // All pad slots of a layer are alike, and see none but each other: one row stands for them, the
  // same for every history, so it is computed once a session.
  void run_pads() {
    float* pad = buffers_.states;
    memcpy(pad, model_.pad_embedding, dim_ * sizeof(float));
    for (uint32_t layer = 0; layer < model_.layer_count; ++layer) {
      float* key_value = session_.key_value_rows(layer);
      keys_values_of(layer, pad, 1, false, key_value);
      if (is_last(layer)) {
        normalize_keyless(layer, pad, 1);
      } else if (model_.pad_keys == fb::PadKeys_Evolving) {
        normalize_input(layer, pad, 1);
        memcpy(buffers_.attended, key_value + dim_, dim_ * sizeof(float));
        finish_rows(layer, pad, 1, false, kPadRow);
      }
    }
    session_.pads_ready = true;
  }

  bool is_pre_norm() const { return model_.norm_placement == fb::NormPlacement_Pre; }

  // buffers_.normed = the block's normalised input, where the block has one.
  void normalize_input(uint32_t layer, const float* states, size_t rows) {
    if (is_pre_norm()) {
      apply_norm(kernels_, model_.blocks[layer].attention_norm, states, rows, dim_,
                 buffers_.normed);
    }
  }

  void keys_values_of(uint32_t layer, const float* states, size_t rows, bool dense,
                      float* key_value) {
    const float* input = states;
    if (model_.key_value_source == fb::Source_Normed) {
      normalize_input(layer, states, rows);
      input = buffers_.normed;
    }
    apply_block_linear(session_, layer, BlockLinear::kKeyValue, input, rows, dense, key_value);
  }

  // What keys and values are computed from, in place.
  void normalize_keyless(uint32_t layer, float* states, size_t rows) {
    if (model_.key_value_source == fb::Source_Normed) {
      apply_norm(kernels_, model_.blocks[layer].attention_norm, states, rows, dim_, states);
    }
  }

  void fill_keys_values(uint32_t layer) {
    float* key_value = session_.key_value_rows(layer);
    for (size_t row = first_; row < count_; row += kBlockRows) {
      const size_t rows = count_ - row < kBlockRows ? count_ - row : kBlockRows;
      keys_values_of(layer, state_row(row), rows, dense_, key_value + (1 + row) * 2 * dim_);
    }
  }

  // The identical pad slots before the window that attention sees, as one row that counts so often.
  uint32_t pad_count() const {
    return model_.pad_keys == fb::PadKeys_Hidden ? 0 : model_.window - items_;
  }
  float attention_scale() const {
    return 1.0f / sqrtf(static_cast<float>(dim_ / model_.head_count));
  }

  // buffers_.attended[i] = attention of the query of position row + i, every head.
  void attend(uint32_t layer, size_t row, size_t rows) {
    const size_t head_dim = dim_ / model_.head_count, stride = 2 * dim_;
    const float scale = attention_scale();
    const size_t pad_rows = pad_count() > 0 ? 1 : 0;
    const float* keys = session_.key_value_rows(layer) + (1 - pad_rows) * stride;
    const float first_weight = pad_rows > 0 ? static_cast<float>(pad_count()) : 1.0f;
    const size_t step = model_.is_bidirectional() ? 0 : 1;
    size_t i = 0;
    for (; rows - i >= kFewestQueries; i += rows - i < kQueries ? rows - i : kQueries) {
      const size_t queries = rows - i < kQueries ? rows - i : kQueries;
      const size_t visible = model_.is_bidirectional() ? count_ : row + i + queries;
      for (size_t offset = 0; offset < dim_; offset += head_dim) {
        kernels_.attention_block_f32(
            buffers_.query + i * dim_ + offset, dim_, queries, keys + offset, keys + dim_ + offset,
            stride, visible + pad_rows, step, head_dim, scale, first_weight, buffers_.attention,
            buffers_.attended + i * dim_ + offset, dim_);
      }
    }
    for (; i < rows; ++i) {
      const size_t visible = model_.is_bidirectional() ? count_ : row + i + 1;
      for (size_t offset = 0; offset < dim_; offset += head_dim) {
        kernels_.attention_f32(buffers_.query + i * dim_ + offset, keys + offset,
                               keys + dim_ + offset, stride, visible + pad_rows, head_dim, scale,
                               first_weight, buffers_.attention,
                               buffers_.attended + i * dim_ + offset);
      }
    }
  }

  // The same for the newest position alone, without keys and values: with W the rows of a head in the
  // key's weights and x_t what keys are computed from, query . (W x_t) = (W^T query) . x_t, the keys'
  // bias is the same for all t and falls out of the softmax, and the weighted sum of values is the
  // value of the weighted sum of x_t. So 2 dim products a position and head do for 2 dim^2.
  void attend_keyless(uint32_t layer) {
    const LinearView& key_value = model_.blocks[layer].key_value;
    const size_t heads = model_.head_count, head_dim = dim_ / heads;
    const size_t pad_rows = pad_count() > 0 ? 1 : 0;
    const float* rows = buffers_.states + (1 - pad_rows) * dim_;
    const float first_weight = pad_rows > 0 ? static_cast<float>(pad_count()) : 1.0f;
    float* queries = buffers_.projected;
    for (size_t head = 0; head < heads; ++head) {
      apply_linear_transposed(session_, key_value, head * head_dim, head_dim,
                              buffers_.query + head * head_dim, queries + head * dim_);
    }
    float* sums = buffers_.query;
    kernels_.attention_block_f32(queries, dim_, heads, rows, rows, dim_, count_ + pad_rows, 0, dim_,
                                 attention_scale(), first_weight, buffers_.attention, sums, dim_);
    for (size_t head = 0; head < heads; ++head) {
      apply_linear_rows(session_, key_value, dim_ + head * head_dim, head_dim, sums + head * dim_,
                        buffers_.attended + head * head_dim);
    }
  }

  // Which rows a group holds: hooks see positions, and taps the newest one.
  enum RowKind { kPadRow, kEarlierRows, kRowsWithNewest };

  // From attention's result to the block's output: projection, residuals, norms, FFN; in place.
  void finish_rows(uint32_t layer, float* states, size_t rows, bool dense, RowKind kind) {
    const BlockView& block = model_.blocks[layer];
    const size_t size = rows * dim_;
    const float* attended = buffers_.attended;
    if (block.output.present()) {
      apply_block_linear(session_, layer, BlockLinear::kOutput, buffers_.attended, rows, dense,
                         buffers_.projected);
      attended = buffers_.projected;
    }
    if (model_.attention_residual == fb::Source_Normed) {
      memcpy(states, buffers_.normed, size * sizeof(float));
    }
    add(attended, size, states);

    const float* ffn_input = states;
    if (is_pre_norm()) {
      apply_norm(kernels_, block.ffn_norm, states, rows, dim_, buffers_.normed);
      ffn_input = buffers_.normed;
    } else {
      apply_norm(kernels_, block.attention_norm, states, rows, dim_, states);
    }
    apply_block_linear(session_, layer, BlockLinear::kFfnIn, ffn_input, rows, dense, buffers_.ffn);
    apply_activation(kernels_, model_.ffn_activation, buffers_.ffn, rows * model_.ffn_dim);
    apply_block_linear(session_, layer, BlockLinear::kFfnOut, buffers_.ffn, rows, dense,
                       buffers_.projected);
    if (model_.ffn_residual == fb::Source_Normed) {
      memcpy(states, buffers_.normed, size * sizeof(float));
    }
    const size_t newest = (rows - 1) * dim_;
    if (kind == kRowsWithNewest) {
      keep_tap(layer, kTapResidual, states + newest);
      keep_tap(layer, kTapMlp, buffers_.projected + newest);
    }
    if (kind != kPadRow) {
      steer(mlp_stage(layer), buffers_.projected, rows, kind == kRowsWithNewest);
    }
    add(buffers_.projected, size, states);
    end_block(layer, states, rows);
    if (kind == kRowsWithNewest) keep_tap(layer, kTapBlock, states + newest);
    if (kind != kPadRow) steer(block_stage(layer), states, rows, kind == kRowsWithNewest);
  }

  // What follows the FFN's residual sum.
  void end_block(uint32_t layer, float* states, size_t rows) {
    if (!is_pre_norm()) {
      apply_norm(kernels_, model_.blocks[layer].ffn_norm, states, rows, dim_, states);
    }
  }

  void find_queries(uint32_t layer, const float* states, size_t rows, bool dense) {
    normalize_input(layer, states, rows);
    apply_block_linear(session_, layer, BlockLinear::kQuery,
                       is_pre_norm() ? buffers_.normed : states, rows, dense, buffers_.query);
  }

  void run_rows(uint32_t layer) {
    for (size_t row = first_; row < count_; row += kBlockRows) {
      const size_t rows = count_ - row < kBlockRows ? count_ - row : kBlockRows;
      float* states = state_row(row);
      find_queries(layer, states, rows, dense_);
      attend(layer, row, rows);
      finish_rows(layer, states, rows, dense_,
                  row + rows == count_ ? kRowsWithNewest : kEarlierRows);
    }
  }

  // Of the last block only the newest position's output is read: it is computed in buffers_.newest.
  void run_last_block(float* hidden) {
    const uint32_t layer = model_.layer_count - 1;
    find_queries(layer, buffers_.newest, 1, false);
    if (keyless_) {
      attend_keyless(layer);
    } else {
      attend(layer, count_ - 1, 1);
    }
    finish_rows(layer, buffers_.newest, 1, false, kRowsWithNewest);
    read_out(hidden);
  }

  // From the last block's output in buffers_.newest.
  void read_out(float* hidden) {
    memcpy(hidden, buffers_.newest, dim_ * sizeof(float));
    if (model_.final_norm.present()) {
      apply_norm(kernels_, model_.final_norm, hidden, 1, dim_, hidden);
    }
    if (model_.head_dense.present()) {
      apply_linear(session_, model_.head_dense, hidden, buffers_.projected);
      apply_activation(kernels_, model_.head_activation, buffers_.projected, dim_);
      memcpy(hidden, buffers_.projected, dim_ * sizeof(float));
    }
    if (model_.head_norm.present()) {
      apply_norm(kernels_, model_.head_norm, hidden, 1, dim_, hidden);
    }
    steer(last_stage(model_), hidden, 1);
  }

  Session& session_;
  const Model& model_;
  const KernelTable& kernels_;
  const SessionBuffers& buffers_;
  const size_t dim_;
  const uint32_t first_, items_, count_, skipped_;
  const Steering* const steering_;
  const bool dense_;
  const bool keyless_;  // whether the last block needs no keys and values, see attend_keyless
};

// Whether an edit of the newest position behind `stage` changes what later blocks compute for the
// others: in a bidirectional model, unless the block behind it is the last.
bool reaches_others(const Model& model, Stage stage) {
  return model.is_bidirectional() && stage < last_stage(model) && stage / 2 + 2 < model.layer_count;
}

// The last block's keys and values that a run without them has left to be computed.
void complete_keys(Session* session) {
  const Model& model = *session->model;
  const size_t rows = session->keyless_rows, dim = model.dim;
  if (rows == 0) return;
  const uint32_t layer = model.layer_count - 1;
  apply_block_linear(*session, layer, BlockLinear::kKeyValue, session->buffers.states + dim, rows,
                     true, session->key_value_rows(layer) + 2 * dim);
  session->keyless_rows = 0;
}

// What a run other than the unsteered one of the whole history leaves behind.
void lose_cache(Session* session) {
  session->computed = 0;
  session->cache_ready = false;
}

// Makes the cached keys and values those of the unsteered run again. buffers.hidden stays as it is:
// computed in another way, it could come back with other last bits. scratch: [dim].
void restore_cache(Session* session, float* scratch) {
  if (session->cache_ready) return;
  Forward(session, 0, session->kept, kNoEvent, nullptr).run(scratch);
  session->computed = session->model->is_incremental() ? session->kept : 0;
  session->cache_ready = true;
}

// Copies the newest position's keys and values of every block to (or from) `saved`.
void copy_newest_keys_values(const Session& session, uint32_t count, bool restore) {
  const size_t size = 2 * static_cast<size_t>(session.model->dim);
  for (uint32_t layer = 0; layer < session.model->layer_count; ++layer) {
    float* cached = session.key_value_rows(layer) + count * size;  // row 0 is the pad slot
    float* saved = session.buffers.saved_key_value + layer * size;
    memcpy(restore ? cached : saved, restore ? saved : cached, size * sizeof(float));
  }
}

// The unsteered run; not its last block if `is_steered` and that can be done later, with the same bits.
void update(Session* session, bool is_steered) {
  const Model& model = *session->model;
  if (session->hidden_ready || (session->last_block_due && is_steered)) return;
  if (session->last_block_due) {
    Forward(session, session->kept - 1, session->kept, kNoEvent, nullptr)
        .run_last_block_from_tap(session->buffers.hidden);
  } else {
    const bool incremental = model.is_incremental();
    if (incremental && session->computed > 0) complete_keys(session);
    Forward forward(session, incremental ? session->computed : 0, session->kept, kNoEvent, nullptr);
    session->last_block_due =
        is_steered && incremental && !forward.is_keyless() && model.layer_count > 1;
    if (session->last_block_due) {
      forward.run_to_last_block();
    } else {
      forward.run(session->buffers.hidden);
    }
    session->computed = incremental ? session->kept : 0;
    session->cache_ready = true;
    if (session->last_block_due) return;
  }
  session->hidden_ready = true;
  session->last_block_due = false;
}

}  // namespace

void update_hidden(Session* session) { update(session, false); }

void steered_hidden(Session* session, const Steering& steering, float* hidden) {
  const Model& model = *session->model;
  if (steering.leaves_states()) {
    update_hidden(session);
    memcpy(hidden, session->buffers.hidden, model.dim * sizeof(float));
    return;
  }
  const Stage stage = steering.first_stage();
  if ((steering.all_positions() && stage < last_stage(model)) || reaches_others(model, stage)) {
    update_hidden(session);
    Forward(session, 0, session->kept, kNoEvent, &steering).run(hidden);
    lose_cache(session);
    return;
  }
  update(session, stage / 2 + 1 < model.layer_count);
  if (stage < last_stage(model)) restore_cache(session, hidden);
  const uint32_t count = session->kept + (model.is_bidirectional() ? 1 : 0);
  if (stage / 2 + 1 < model.layer_count) complete_keys(session);  // a later block reads them
  copy_newest_keys_values(*session, count, false);
  Forward(session, count - 1, session->kept, kNoEvent, &steering).run_behind(stage, hidden);
  copy_newest_keys_values(*session, count, true);
}

void hidden_without_event(Session* session, uint32_t skipped, float* hidden) {
  Forward(session, 0, session->kept - 1, skipped, nullptr).run(hidden);
  lose_cache(session);
}

}  // namespace pintle::internal
