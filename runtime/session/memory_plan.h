// SPDX-License-Identifier: Apache-2.0
//
// Every buffer of a session, laid out by one function that serves the size query and the creation.
#ifndef PINTLE_RUNTIME_SESSION_MEMORY_PLAN_H_
#define PINTLE_RUNTIME_SESSION_MEMORY_PLAN_H_

#include <stddef.h>
#include <stdint.h>

#include "runtime/model/model.h"
#include "runtime/support/arena.h"

namespace pintle::internal {

// Rows that pass through a block at once: enough for the dense products to reach their speed, few
// enough for their intermediate results to stay in L2; a multiple of the rows that gemm_tile_f32 (6)
// and attention_block_f32 (16) take at once.
inline constexpr size_t kBlockRows = 48;
// Panels of the catalogue scored before their scores are compared: 4 KB of scores.
inline constexpr size_t kScanPanels = 64;

// Exact lists: entries up to which a lower bound of every score is kept, and rows that may wait for
// their f32 scores.
inline constexpr uint32_t kExactK = 128;
inline constexpr uint32_t kExactPending = 512;

enum Tap : uint32_t {
  kTapResidual,  // what the FFN's output is added to
  kTapMlp,       // the FFN's output
  kTapBlock,     // the block's output
  kTaps
};

struct SessionBuffers {
  uint32_t* window_items;  // [window], oldest first
  uint64_t* seen;          // bitmap of items, over the full history
  uint64_t* marked;        // bitmap of items, all zero between calls
  // [1 + positions][dim]: the residual stream, row 0 the pad slot's; after a run what the last block's
  // keys and values are, or would be, computed from.
  float* states;
  float* key_value;  // [layers][1 + positions][2 dim]: row 0 is the pad slot; keys, then values
  float* newest;     // [dim]: the newest position's state in the last block
  float* hidden;     // [dim]: what the items are scored against
  // One group of kBlockRows rows on its way through a block.
  float* normed;     // [rows][dim]
  float* query;      // [rows][dim]
  float* attended;   // [rows][dim]
  float* projected;  // [rows][dim]
  float* ffn;        // [rows][ffn_dim]
  float* attention;  // scratch of attention: [dim, padded to 16, + 1 + positions][16]
  int16_t* operand;  // one quantized vector
  float* wide;       // one product's outputs, padded to whole panels
  float* tile;       // one unpacked panel
  float* scores;     // [kScanPanels * 16]
  // A scan cut into tasks; empty below PINTLE_PARALLEL_ITEMS.
  float* task_scores;                   // [PINTLE_PARALLEL_TASKS][kScanPanels * 16]
  pintle_recommendation* task_entries;  // [PINTLE_PARALLEL_TASKS][PINTLE_PARALLEL_K]
  // Exact lists (exact_scan.h); empty without them.
  float* exact_y;                      // [width]: the hidden state in the basis
  int16_t* exact_operand;              // [32 + width, padded to 32]: coarse, then fine
  uint8_t* exact_panel;                // [width, padded to 32][16] nibbles: records, gathered
  uint16_t* exact_scales;              // [groups][16]
  pintle_recommendation* exact_lower;  // [kExactK]
  uint32_t* exact_items;               // [kExactPending]: what is left to be scored in f32,
  float* exact_upper;                  // and the most that each can score
  // What the newest position passed at each block, so that steering starts behind its hook.
  float* taps;             // [layers][kTaps][dim]
  float* saved_key_value;  // [layers][2 dim]: the newest position's, while a steered pass replaces
                           // them
  float* steered;          // [dim]: what the items are scored against in a steered call
  float* log_partitions;   // [knob_count]: see knob_scores.h; NaN where not computed yet
  // SAEs; empty without any.
  float* features;          // [max_feature_count, padded]
  float* edited_features;   // [max_feature_count]
  uint32_t* feature_order;  // [max_feature_count]
  uint64_t* feature_marks;  // bitmap, all zero between calls
  float* decoder_row;       // [dim]
};

// Takes every buffer from `arena`; with a counting arena the pointers come back null.
SessionBuffers plan_session(const Model& model, Arena* arena);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_MEMORY_PLAN_H_
