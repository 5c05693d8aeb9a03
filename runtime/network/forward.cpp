// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/forward.h"

#include <math.h>
#include <string.h>

#include "runtime/network/linear.h"

namespace pintle::internal {
namespace {

// Queries that attention takes at once, and those from which on that is faster than one by one.
constexpr size_t kQueries = 16, kFewestQueries = 3;

// Floats of scratch that attention_block_f32 takes.
size_t attention_floats(size_t head_dim, size_t keys) {
  return kQueries * (static_cast<size_t>(format::round_up(head_dim, 16)) + keys);
}

class Forward {
 public:
  Forward(Session* session, const Run& run);

  void run(Span<float> hidden);
  void run_to_last_block();
  void run_last_block_from_tap(Span<float> hidden);
  void run_behind(Stage stage, Span<float> hidden);

 private:
  // Which rows a group holds: hooks see positions, and taps the newest one.
  enum RowKind { kPadRow, kEarlierRows, kRowsWithNewest };

  // States of positions; the pad slot has the row before the first.
  Span<float> state_rows(size_t position, size_t count) {
    return network_.states(1 + position, count);
  }
  float* newest_state() { return state_rows(count_ - 1, 1).front(dim_); }
  bool is_last(uint32_t layer) const { return layer + 1 == model_.layer_count; }
  bool is_pre_norm() const { return model_.norm_placement == fb::NormPlacement_Pre; }

  void embed_all();
  void embed(uint32_t position);
  void run_pads();
  void run_blocks_before_last(uint32_t from);
  void run_rows(uint32_t layer);
  void find_last_keys();
  void run_last_block(Span<float> hidden);
  void read_out(Span<float> hidden);

  void fill_keys_values(uint32_t layer);
  void attend(uint32_t layer, size_t row, size_t rows, RowScratch* scratch);
  void attend_keyless(uint32_t layer);
  void finish_rows(uint32_t layer, Span<float> states, size_t rows, bool dense, RowKind kind,
                   RowScratch* scratch);

  // The identical pad slots before the window that attention sees, as one row that counts so often.
  uint32_t pad_count() const {
    return model_.pad_keys == fb::PadKeys_Hidden ? 0 : model_.window - items_;
  }

  float attention_scale() const {
    return 1.0f / sqrtf(static_cast<float>(dim_ / model_.head_count));
  }

  // scratch->normed = the block's normalised input, where the block has one.
  void normalize_input(uint32_t layer, const float* states, size_t rows, RowScratch* scratch) {
    if (is_pre_norm()) {
      apply_norm(model_, model_.blocks[layer].attention_norm, states, rows, dim_,
                 scratch->normed.part(0, rows * dim_));
    }
  }

  // What keys and values are computed from, in place.
  void normalize_keyless(uint32_t layer, Span<float> states, size_t rows) {
    if (model_.key_value_source == fb::Source_Normed) {
      apply_norm(model_, model_.blocks[layer].attention_norm, states.front(rows * dim_), rows, dim_,
                 states);
    }
  }

  void keys_values_of(uint32_t layer, const float* states, size_t rows, bool dense,
                      Span<float> key_value) {
    const float* input = states;
    if (model_.key_value_source == fb::Source_Normed) {
      normalize_input(layer, states, rows, &block_.group);
      input = block_.group.normed.front(rows * dim_);
    }
    apply_block_linear(session_, layer, BlockLinear::kKeyValue, input, rows, dense, key_value);
  }

  void find_queries(uint32_t layer, const float* states, size_t rows, bool dense,
                    RowScratch* scratch) {
    normalize_input(layer, states, rows, scratch);
    const size_t size = rows * dim_;
    apply_block_linear(session_, layer, BlockLinear::kQuery,
                       is_pre_norm() ? scratch->normed.front(size) : states, rows, dense,
                       scratch->query.part(0, size));
  }

  // What follows the FFN's residual sum.
  void end_block(uint32_t layer, Span<float> states, size_t rows) {
    if (!is_pre_norm()) {
      apply_norm(model_, model_.blocks[layer].ffn_norm, states.front(rows * dim_), rows, dim_,
                 states);
    }
  }

  void add(const float* addend, size_t count, Span<float> sum) const {
    kernels_.axpy_f32(1, addend, count, sum.front(count));
  }

  // Keeps what an unsteered run passed at the newest position.
  void keep_tap(uint32_t layer, Tap which, const float* state) {
    if (steering_ == nullptr && left_out_ == kNoEvent) {
      memcpy(network_.tap(layer, which).front(dim_), state, dim_ * sizeof(float));
    }
  }

  void edit(Stage stage, Span<float> state) {
    steering_->edit(stage, &session_->product, &session_->sae, state);
  }

  // Edits the states of `rows` consecutive positions, the last of which is `end` - 1 of the run if
  // `rows` covers it: of all of them, or of the newest only.
  void steer(Stage stage, Span<float> states, size_t rows, bool has_newest = true) {
    if (steering_ == nullptr || !steering_->touches(stage)) return;
    const size_t begin = steering_->all_positions() ? 0 : (has_newest ? rows - 1 : rows);
    for (size_t row = begin; row < rows; ++row) edit(stage, states.part(row * dim_, dim_));
  }

  Session* const session_;
  const Model& model_;
  const KernelTable& kernels_;
  NetworkCache& network_;
  BlockScratch& block_;
  const size_t dim_;
  const uint32_t first_, items_, count_, left_out_;
  const Steering* const steering_;
  const bool dense_;
  const bool keyless_;  // whether the last block needs no keys and values, see attend_keyless
};

Forward::Forward(Session* session, const Run& run)
    : session_(session),
      model_(*session->model),
      kernels_(session->model->kernels),
      network_(session->network),
      block_(session->block),
      dim_(session->model->dim),
      first_(run.first),
      items_(run.items),
      count_(run.count(*session->model)),
      left_out_(run.left_out),
      steering_(run.steering),
      dense_(run.is_dense(*session->model)),
      keyless_(run.is_keyless(*session->model)) {}

void Forward::run(Span<float> hidden) {
  embed_all();
  run_blocks_before_last(0);
  memcpy(hidden.front(dim_), newest_state(), dim_ * sizeof(float));
  find_last_keys();
  run_last_block(hidden);
}

void Forward::run_to_last_block() {
  embed_all();
  run_blocks_before_last(0);
  find_last_keys();
}

void Forward::run_last_block_from_tap(Span<float> hidden) {
  memcpy(hidden.front(dim_), network_.tap(model_.layer_count - 2, kTapBlock).front(dim_),
         dim_ * sizeof(float));
  run_last_block(hidden);
}

void Forward::run_behind(Stage stage, Span<float> hidden) {
  const size_t size = dim_ * sizeof(float);
  if (stage == last_stage(model_)) {
    memcpy(hidden.front(dim_), session_->hidden(), size);
    return edit(stage, hidden);
  }
  const uint32_t layer = stage / 2;
  const Span<float> state = is_last(layer) ? hidden : state_rows(count_ - 1, 1);
  if (stage == mlp_stage(layer)) {
    const Span<float> mlp = block_.group.addend.part(0, dim_);
    memcpy(mlp.front(dim_), network_.tap(layer, kTapMlp).front(dim_), size);
    edit(stage, mlp);
    memcpy(state.front(dim_), network_.tap(layer, kTapResidual).front(dim_), size);
    add(mlp.front(dim_), dim_, state);
    end_block(layer, state, 1);
  } else {
    memcpy(state.front(dim_), network_.tap(layer, kTapBlock).front(dim_), size);
  }
  steer(block_stage(layer), state, 1);
  if (is_last(layer)) return read_out(hidden);
  run_blocks_before_last(layer + 1);
  memcpy(hidden.front(dim_), newest_state(), size);
  find_last_keys();
  run_last_block(hidden);
}

void Forward::embed_all() {
  for (uint32_t position = first_; position < count_; ++position) embed(position);
  if (model_.pad_keys != fb::PadKeys_Hidden && !session_->cache.has_pads()) run_pads();
}

void Forward::embed(uint32_t position) {
  const Span<float> row = state_rows(position, 1);
  float* state = row.front(dim_);
  if (model_.position_origin == fb::PositionOrigin_None) {
    memset(state, 0, dim_ * sizeof(float));
  } else {
    const bool from_newest = model_.position_origin == fb::PositionOrigin_Newest;
    gather_row(model_.positions, from_newest ? count_ - 1 - position : position, state);
  }
  const float* item = model_.mask_embedding;  // the mask token, after the newest item
  if (position < items_) {
    float* gathered = block_.group.addend.front(dim_);
    gather_row(model_.items, session_->history.item(position + (position >= left_out_ ? 1 : 0)),
               gathered);
    item = gathered;
  }
  kernels_.axpy_f32(model_.item_scale, item, dim_, state);
  if (model_.embedding_norm.present()) {
    apply_norm(model_, model_.embedding_norm, state, 1, dim_, row);
  }
}

// All pad slots of a layer are alike, and see none but each other: one row stands for them, the
// same for every history, so it is computed once a session.
void Forward::run_pads() {
  const Span<float> pad = network_.states(0, 1);
  memcpy(pad.front(dim_), model_.pad_embedding, dim_ * sizeof(float));
  for (uint32_t layer = 0; layer < model_.layer_count; ++layer) {
    const Span<float> key_value = network_.key_value(layer, 0, 1);
    keys_values_of(layer, pad.front(dim_), 1, false, key_value);
    if (is_last(layer)) {
      normalize_keyless(layer, pad, 1);
    } else if (model_.pad_keys == fb::PadKeys_Evolving) {
      normalize_input(layer, pad.front(dim_), 1, &block_.group);
      memcpy(block_.group.attended.front(dim_), key_value.at(dim_, dim_), dim_ * sizeof(float));
      finish_rows(layer, pad, 1, false, kPadRow, &block_.group);
    }
  }
  session_->cache.pads_computed();
}

// Leaves what the last block starts from in the states.
void Forward::run_blocks_before_last(uint32_t from) {
  for (uint32_t layer = from; !is_last(layer); ++layer) {
    fill_keys_values(layer);
    run_rows(layer);
  }
}

void Forward::run_rows(uint32_t layer) {
  for (size_t row = first_; row < count_; row += kBlockRows) {
    const size_t rows = count_ - row < kBlockRows ? count_ - row : kBlockRows;
    const Span<float> states = state_rows(row, rows);
    find_queries(layer, states.front(rows * dim_), rows, dense_, &block_.group);
    attend(layer, row, rows, &block_.group);
    finish_rows(layer, states, rows, dense_, row + rows == count_ ? kRowsWithNewest : kEarlierRows,
                &block_.group);
  }
}

// The last block's, or what they are computed from.
void Forward::find_last_keys() {
  const uint32_t last = model_.layer_count - 1;
  if (keyless_) {
    normalize_keyless(last, state_rows(0, count_), count_);
  } else {
    fill_keys_values(last);
  }
}

// Of the last block only the newest position's output is read: its state is in `hidden` before and
// after.
void Forward::run_last_block(Span<float> hidden) {
  const uint32_t layer = model_.layer_count - 1;
  find_queries(layer, hidden.front(dim_), 1, false, &block_.newest);
  if (keyless_) {
    attend_keyless(layer);
  } else {
    attend(layer, count_ - 1, 1, &block_.newest);
  }
  finish_rows(layer, hidden, 1, false, kRowsWithNewest, &block_.newest);
  read_out(hidden);
}

// From the last block's output, in place.
void Forward::read_out(Span<float> hidden) {
  float* state = hidden.front(dim_);
  if (model_.final_norm.present()) {
    apply_norm(model_, model_.final_norm, state, 1, dim_, hidden);
  }
  if (model_.head_dense.present()) {
    apply_linear(kernels_, model_.head_dense, state, &session_->product, hidden);
    apply_activation(kernels_, model_.head_activation, state, dim_);
  }
  if (model_.head_norm.present()) {
    apply_norm(model_, model_.head_norm, state, 1, dim_, hidden);
  }
  steer(last_stage(model_), hidden, 1);
}

void Forward::fill_keys_values(uint32_t layer) {
  for (size_t row = first_; row < count_; row += kBlockRows) {
    const size_t rows = count_ - row < kBlockRows ? count_ - row : kBlockRows;
    keys_values_of(layer, state_rows(row, rows).front(rows * dim_), rows, dense_,
                   network_.key_value(layer, 1 + row, rows));
  }
}

// scratch->attended[i] = attention of the query of position row + i, every head.
void Forward::attend(uint32_t layer, size_t row, size_t rows, RowScratch* scratch) {
  const size_t head_dim = dim_ / model_.head_count, stride = 2 * dim_;
  const float scale = attention_scale();
  const size_t pad_rows = pad_count() > 0 ? 1 : 0;
  const float* keys = network_.key_value(layer, 1 - pad_rows, pad_rows + count_)
                          .front((pad_rows + count_) * stride);
  const float first_weight = pad_rows > 0 ? static_cast<float>(pad_count()) : 1.0f;
  const size_t step = model_.is_bidirectional() ? 0 : 1;
  const float* query = scratch->query.front(rows * dim_);
  float* attended = scratch->attended.front(rows * dim_);
  float* attention = block_.attention.front(attention_floats(head_dim, pad_rows + count_));
  size_t i = 0;
  for (; rows - i >= kFewestQueries; i += rows - i < kQueries ? rows - i : kQueries) {
    const size_t queries = rows - i < kQueries ? rows - i : kQueries;
    const size_t visible = model_.is_bidirectional() ? count_ : row + i + queries;
    for (size_t offset = 0; offset < dim_; offset += head_dim) {
      kernels_.attention_block_f32(query + i * dim_ + offset, dim_, queries, keys + offset,
                                   keys + dim_ + offset, stride, visible + pad_rows, step, head_dim,
                                   scale, first_weight, attention, attended + i * dim_ + offset,
                                   dim_);
    }
  }
  for (; i < rows; ++i) {
    const size_t visible = model_.is_bidirectional() ? count_ : row + i + 1;
    for (size_t offset = 0; offset < dim_; offset += head_dim) {
      kernels_.attention_f32(query + i * dim_ + offset, keys + offset, keys + dim_ + offset, stride,
                             visible + pad_rows, head_dim, scale, first_weight, attention,
                             attended + i * dim_ + offset);
    }
  }
}

// The same for the newest position alone, without keys and values: with W the rows of a head in the
// key's weights and x_t what keys are computed from, query . (W x_t) = (W^T query) . x_t, the keys'
// bias is the same for all t and falls out of the softmax, and the weighted sum of values is the
// value of the weighted sum of x_t. So 2 dim products a position and head do for 2 dim^2.
void Forward::attend_keyless(uint32_t layer) {
  const LinearView& key_value = model_.blocks[layer].key_value;
  const size_t heads = model_.head_count, head_dim = dim_ / heads;
  const size_t pad_rows = pad_count() > 0 ? 1 : 0, keys = count_ + pad_rows;
  const float* rows = network_.states(1 - pad_rows, keys).front(keys * dim_);
  const float first_weight = pad_rows > 0 ? static_cast<float>(pad_count()) : 1.0f;
  const float* query = block_.newest.query.front(dim_);
  for (size_t head = 0; head < heads; ++head) {
    apply_linear_transposed(kernels_, key_value, head * head_dim, head_dim, query + head * head_dim,
                            &session_->product, block_.head_queries.part(head * dim_, dim_));
  }
  float* sums = block_.head_sums.front(heads * dim_);
  kernels_.attention_block_f32(block_.head_queries.front(heads * dim_), dim_, heads, rows, rows,
                               dim_, keys, 0, dim_, attention_scale(), first_weight,
                               block_.attention.front(attention_floats(dim_, keys)), sums, dim_);
  for (size_t head = 0; head < heads; ++head) {
    apply_linear_rows(kernels_, key_value, dim_ + head * head_dim, head_dim, sums + head * dim_,
                      &session_->product, block_.newest.attended.part(head * head_dim, head_dim));
  }
}

// From attention's result to the block's output: projection, residuals, norms, FFN; in place.
void Forward::finish_rows(uint32_t layer, Span<float> states, size_t rows, bool dense, RowKind kind,
                          RowScratch* scratch) {
  const BlockView& block = model_.blocks[layer];
  const size_t size = rows * dim_, newest = (rows - 1) * dim_;
  float* state = states.front(size);
  const Span<float> addend = scratch->addend.part(0, size);
  const float* attended = scratch->attended.front(size);
  if (block.output.present()) {
    apply_block_linear(session_, layer, BlockLinear::kOutput, attended, rows, dense, addend);
    attended = addend.front(size);
  }
  if (model_.attention_residual == fb::Source_Normed) {
    memcpy(state, scratch->normed.front(size), size * sizeof(float));
  }
  add(attended, size, states);

  const float* ffn_input = state;
  if (is_pre_norm()) {
    const Span<float> normed = scratch->normed.part(0, size);
    apply_norm(model_, block.ffn_norm, state, rows, dim_, normed);
    ffn_input = normed.front(size);
  } else {
    apply_norm(model_, block.attention_norm, state, rows, dim_, states);
  }
  const size_t inner = rows * model_.ffn_dim;
  const Span<float> ffn = scratch->ffn.part(0, inner);
  apply_block_linear(session_, layer, BlockLinear::kFfnIn, ffn_input, rows, dense, ffn);
  apply_activation(kernels_, model_.ffn_activation, ffn.front(inner), inner);
  apply_block_linear(session_, layer, BlockLinear::kFfnOut, ffn.front(inner), rows, dense, addend);
  if (model_.ffn_residual == fb::Source_Normed) {
    memcpy(state, scratch->normed.front(size), size * sizeof(float));
  }
  if (kind == kRowsWithNewest) {
    keep_tap(layer, kTapResidual, state + newest);
    keep_tap(layer, kTapMlp, addend.at(newest, dim_));
  }
  if (kind != kPadRow) steer(mlp_stage(layer), addend, rows, kind == kRowsWithNewest);
  add(addend.front(size), size, states);
  end_block(layer, states, rows);
  if (kind == kRowsWithNewest) keep_tap(layer, kTapBlock, state + newest);
  if (kind != kPadRow) steer(block_stage(layer), states, rows, kind == kRowsWithNewest);
}

}  // namespace

void run_network(Session* session, const Run& run, Span<float> hidden) {
  Forward(session, run).run(hidden);
}

void run_to_last_block(Session* session, const Run& run) {
  Forward(session, run).run_to_last_block();
}

void run_last_block(Session* session, const Run& run, Span<float> hidden) {
  Forward(session, run).run_last_block_from_tap(hidden);
}

void run_behind(Session* session, const Run& run, Stage stage, Span<float> hidden) {
  Forward(session, run).run_behind(stage, hidden);
}

}  // namespace pintle::internal
