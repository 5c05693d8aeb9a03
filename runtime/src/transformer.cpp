// SPDX-License-Identifier: Apache-2.0
#include "transformer.h"

#include <math.h>
#include <string.h>

#include "linear.h"

namespace pintle {
namespace {

void add(const float* addend, size_t count, float* sum) {
  for (size_t i = 0; i < count; ++i) sum[i] += addend[i];
}

// One run over the positions [first_, count_) of a session.
class Forward {
 public:
  Forward(Session* session, uint32_t first, uint32_t count)
      : session_(*session),
        model_(*session->model),
        kernels_(session->model->kernels),
        buffers_(session->buffers),
        dim_(session->model->dim),
        first_(first),
        count_(count),
        dense_(count - first >= kDenseRows) {}

  void run() {
    for (uint32_t position = first_; position < count_; ++position) embed(position);
    if (model_.pad_keys != fb::PadKeys_Hidden && !session_.pads_ready) run_pads();
    for (uint32_t layer = 0; layer < model_.layer_count; ++layer) {
      fill_keys_values(layer);
      // Of the last block only the newest position's output is read.
      const bool last = layer + 1 == model_.layer_count;
      run_rows(layer, last ? count_ - 1 : first_, dense_ && !last);
    }
    read_out(buffers_.states + (count_ - 1) * dim_);
  }

 private:
  void embed(uint32_t position) {
    float* state = buffers_.states + position * dim_;
    if (position < session_.kept) {
      gather_row(model_.items, buffers_.window_items[position], state);
    } else {  // the mask token, after the newest item
      memcpy(state, model_.mask_embedding, dim_ * sizeof(float));
    }
    if (model_.item_scale != 1.0f) {
      for (size_t i = 0; i < dim_; ++i) state[i] *= model_.item_scale;
    }
    if (model_.position_origin != fb::PositionOrigin_None) {
      const bool from_newest = model_.position_origin == fb::PositionOrigin_Newest;
      gather_row(model_.positions, from_newest ? count_ - 1 - position : position,
                 buffers_.projected);
      add(buffers_.projected, dim_, state);
    }
    if (model_.embedding_norm.present()) {
      apply_norm(kernels_, model_.embedding_norm, state, 1, dim_, state);
    }
  }

  // All pad slots of a layer are alike, and see none but each other: one row stands for them, the
  // same for every history, so it is computed once a session.
  void run_pads() {
    float* pad = buffers_.pad;
    memcpy(pad, model_.pad_embedding, dim_ * sizeof(float));
    for (uint32_t layer = 0; layer < model_.layer_count; ++layer) {
      float* key_value = session_.key_value_rows(layer);
      keys_values_of(layer, pad, 1, false, key_value);
      if (model_.pad_keys == fb::PadKeys_Evolving) {
        normalize_input(layer, pad, 1);
        memcpy(buffers_.attended, key_value + dim_, dim_ * sizeof(float));
        finish_rows(layer, pad, 1, false);
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

  void fill_keys_values(uint32_t layer) {
    float* key_value = session_.key_value_rows(layer);
    for (size_t row = first_; row < count_; row += kBlockRows) {
      const size_t rows = count_ - row < kBlockRows ? count_ - row : kBlockRows;
      keys_values_of(layer, buffers_.states + row * dim_, rows, dense_,
                     key_value + (1 + row) * 2 * dim_);
    }
  }

  // buffers_.attended[i] = attention of the query of position row + i, every head.
  void attend(uint32_t layer, size_t row, size_t rows) {
    const size_t head_dim = dim_ / model_.head_count, stride = 2 * dim_;
    const float scale = 1.0f / sqrtf(static_cast<float>(head_dim));
    const uint32_t pads = model_.pad_keys == fb::PadKeys_Hidden ? 0 : model_.window - session_.kept;
    const float* keys = session_.key_value_rows(layer) + (pads > 0 ? 0 : stride);
    const float first_weight = pads > 0 ? static_cast<float>(pads) : 1.0f;
    for (size_t i = 0; i < rows; ++i) {
      const size_t visible = model_.is_bidirectional() ? count_ : row + i + 1;
      for (size_t head = 0; head < model_.head_count; ++head) {
        const size_t offset = head * head_dim;
        kernels_.attention_f32(buffers_.query + i * dim_ + offset, keys + offset,
                               keys + dim_ + offset, stride, visible + (pads > 0 ? 1 : 0), head_dim,
                               scale, first_weight, buffers_.attention_weights,
                               buffers_.attended + i * dim_ + offset);
      }
    }
  }

  // From attention's result to the block's output: projection, residuals, norms, FFN; in place.
  void finish_rows(uint32_t layer, float* states, size_t rows, bool dense) {
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
    add(buffers_.projected, size, states);
    if (!is_pre_norm()) apply_norm(kernels_, block.ffn_norm, states, rows, dim_, states);
  }

  void run_rows(uint32_t layer, size_t first, bool dense) {
    for (size_t row = first; row < count_; row += kBlockRows) {
      const size_t rows = count_ - row < kBlockRows ? count_ - row : kBlockRows;
      float* states = buffers_.states + row * dim_;
      normalize_input(layer, states, rows);
      apply_block_linear(session_, layer, BlockLinear::kQuery,
                         is_pre_norm() ? buffers_.normed : states, rows, dense, buffers_.query);
      attend(layer, row, rows);
      finish_rows(layer, states, rows, dense);
    }
  }

  void read_out(const float* state) {
    float* hidden = buffers_.hidden;
    memcpy(hidden, state, dim_ * sizeof(float));
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
  }

  Session& session_;
  const Model& model_;
  const KernelTable& kernels_;
  const SessionBuffers& buffers_;
  const size_t dim_;
  const uint32_t first_, count_;
  const bool dense_;
};

}  // namespace

void update_hidden(Session* session) {
  if (session->hidden_ready) return;
  const Model& model = *session->model;
  const uint32_t first = model.is_incremental() ? session->computed : 0;
  const uint32_t count = session->kept + (model.is_bidirectional() ? 1 : 0);
  Forward(session, first, count).run();
  session->computed = model.is_incremental() ? count : 0;
  session->hidden_ready = true;
}

}  // namespace pintle
