// SPDX-License-Identifier: Apache-2.0
//
// One run of the network over a session's window. Whether its results may be kept is transformer.h's.
#ifndef PINTLE_RUNTIME_NETWORK_FORWARD_H_
#define PINTLE_RUNTIME_NETWORK_FORWARD_H_

#include "runtime/network/steering.h"
#include "runtime/session/session.h"

namespace pintle::internal {

inline constexpr uint32_t kNoEvent = UINT32_MAX;

// Over the positions [first, count) of a session, from the first block or behind a hook.
// Writes the session's network, block, product and, if steered, sae; `hidden` [dim] is the caller's.
class Forward {
 public:
  // items: of the window that take part. skipped: the one that does not, or kNoEvent.
  // steering: null for none.
  Forward(Session* session, uint32_t first, uint32_t items, uint32_t skipped,
          const Steering* steering);

  // The whole network; the state after the newest event goes to `hidden`.
  void run(Span<float> hidden);
  // All that other positions and later events can see.
  void run_to_last_block();
  // What run_to_last_block leaves to be done, from the tap that it left.
  // REQUIRES: first == count - 1; the block before the last has one.
  void run_last_block_from_tap(Span<float> hidden);
  // Only what lies behind `stage`, from the taps that an unsteered run left, which is edited there.
  // REQUIRES: first == count - 1; a steering; no earlier position sees the newest one behind
  // `stage`.
  void run_behind(Stage stage, Span<float> hidden);

  bool is_keyless() const { return keyless_; }
  // For CacheState.
  uint32_t keyless_rows() const { return keyless_ ? count_ : 0; }

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
  uint32_t pad_count() const;
  float attention_scale() const;

  void embed_all();
  void embed(uint32_t position);
  void run_pads();
  void run_blocks_before_last(uint32_t from);
  void run_rows(uint32_t layer);
  void find_last_keys();
  void run_last_block(Span<float> hidden);
  void read_out(Span<float> hidden);

  void normalize_input(uint32_t layer, const float* states, size_t rows, RowScratch* scratch);
  void normalize_keyless(uint32_t layer, Span<float> states, size_t rows);
  void keys_values_of(uint32_t layer, const float* states, size_t rows, bool dense,
                      Span<float> key_value);
  void fill_keys_values(uint32_t layer);
  void find_queries(uint32_t layer, const float* states, size_t rows, bool dense,
                    RowScratch* scratch);
  void attend(uint32_t layer, size_t row, size_t rows, RowScratch* scratch);
  void attend_keyless(uint32_t layer);
  void finish_rows(uint32_t layer, Span<float> states, size_t rows, bool dense, RowKind kind,
                   RowScratch* scratch);
  void end_block(uint32_t layer, Span<float> states, size_t rows);
  void steer(Stage stage, Span<float> states, size_t rows, bool has_newest = true);
  void edit(Stage stage, Span<float> state);
  void keep_tap(uint32_t layer, Tap which, const float* state);
  void add(const float* addend, size_t count, Span<float> sum) const;

  Session* const session_;
  const Model& model_;
  const KernelTable& kernels_;
  NetworkCache& network_;
  BlockScratch& block_;
  const size_t dim_;
  const uint32_t first_, items_, count_, skipped_;
  const Steering* const steering_;
  const bool dense_;
  const bool keyless_;  // whether the last block needs no keys and values, see attend_keyless
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_NETWORK_FORWARD_H_
