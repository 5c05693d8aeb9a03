// SPDX-License-Identifier: Apache-2.0
//
// What the network keeps between its runs, and the scratch of a run, by what writes it.
#ifndef PINTLE_RUNTIME_SESSION_NETWORK_BUFFERS_H_
#define PINTLE_RUNTIME_SESSION_NETWORK_BUFFERS_H_

#include "runtime/model/model.h"
#include "runtime/support/arena.h"

namespace pintle::internal {

// Rows that pass through a block at once: enough for the dense products to reach their speed, few
// enough for their intermediate results to stay in L2; a multiple of the rows that gemm_tile_f32 (6)
// and attention_block_f32 (16) take at once.
inline constexpr size_t kBlockRows = 48;
// From this many rows on, a product is a matrix product; below, one matrix-vector product a row.
inline constexpr uint32_t kDenseRows = 8;

enum Tap : uint32_t {
  kTapResidual,  // what the FFN's output is added to
  kTapMlp,       // the FFN's output
  kTapBlock,     // the block's output
  kTaps
};

// What outlives a run. CacheState says what of it belongs to the history.
class NetworkCache {
 public:
  void lay_out(const Model& model, Arena* arena);

  // The residual stream, row 0 the pad slot's; after a run what the last block's keys and values
  // are, or would be, computed from. Rows of [dim].
  Span<float> states(size_t first, size_t count) {
    return states_.part(first * dim_, count * dim_);
  }
  // Of one layer, row 0 the pad slot's; keys, then values. Rows of [2 dim].
  Span<float> key_value(uint32_t layer, size_t first, size_t count) {
    return key_value_.part((layer * rows_ + first) * 2 * dim_, count * 2 * dim_);
  }
  // The newest position's keys and values of a layer, saved while a steered run replaces them.
  Span<float> saved_key_value(uint32_t layer) {
    return saved_key_value_.part(layer * 2 * dim_, 2 * dim_);
  }
  // What the newest position passed at each block, so that steering starts behind its hook. [dim]
  Span<float> tap(uint32_t layer, Tap which) {
    return taps_.part((static_cast<size_t>(layer) * kTaps + which) * dim_, dim_);
  }
  const float* tap(uint32_t layer, Tap which) const {
    return taps_.at((static_cast<size_t>(layer) * kTaps + which) * dim_, dim_);
  }
  // What the items are scored against. [dim]
  Span<float> hidden() { return hidden_.part(0, dim_); }
  const float* hidden() const { return hidden_.front(dim_); }

 private:
  Buffer<float> states_, key_value_, saved_key_value_, taps_, hidden_;
  size_t dim_ = 0, rows_ = 0;  // rows: positions and the pad slot
};

// What one product with a matrix in panels needs: one at a time. A PanelScorer or ExactScorer is
// one such product for as long as it lives.
struct ProductScratch {
  Buffer<int16_t> operand;  // the quantized vector
  Buffer<float> wide;       // its results, padded to whole panels
  Buffer<float> tile;       // a panel of 16 rows as f32, [cols][16]

  void lay_out(const Model& model, Arena* arena);
};

// Rows on their way through a block.
struct RowScratch {
  Buffer<float> normed;    // [rows][dim]: the input of attention, later of the FFN, normalised
  Buffer<float> query;     // [rows][dim]
  Buffer<float> attended;  // [rows][dim]: attention's result
  Buffer<float> addend;    // [rows][dim]: what is about to be added to the states
  Buffer<float> ffn;       // [rows][ffn_dim]

  void lay_out(const Model& model, uint64_t rows, Arena* arena);
};

struct BlockScratch {
  // `group` and the four below share their memory: a run uses `group` for whole blocks, then
  // `newest` for the last one, of which only the newest position's output is read.
  RowScratch group;            // up to kBlockRows rows
  RowScratch newest;           // 1 row
  Buffer<float> head_queries;  // [heads][dim]: see Forward::attend_keyless
  Buffer<float> head_sums;     // [heads][dim]
  Buffer<float> attention;     // scratch of attention: [dim, padded to 16, + 1 + positions][16]

  void lay_out(const Model& model, Arena* arena);
};

// Whether a run over many rows may leave out the last block's keys and values: it costs 2 dim
// products a position and head instead of 2 dim^2 a position.
inline bool can_be_keyless(const Model& model) {
  return model.head_count <= kDenseRows && model.position_count() >= kDenseRows;
}

// One SAE at work; empty without any.
struct SaeScratch {
  Buffer<float> features;     // [feature_count, padded to 16]
  Buffer<float> edited;       // [feature_count]
  Buffer<uint32_t> order;     // [feature_count]: indices of features, each once
  Buffer<uint64_t> marks;     // bitmap of features, all zero between calls
  Buffer<float> decoder_row;  // [dim]

  void lay_out(const Model& model, Arena* arena);
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_NETWORK_BUFFERS_H_
