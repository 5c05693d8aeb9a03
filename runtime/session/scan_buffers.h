// SPDX-License-Identifier: Apache-2.0
//
// What a scan of the catalogue writes.
#ifndef PINTLE_RUNTIME_SESSION_SCAN_BUFFERS_H_
#define PINTLE_RUNTIME_SESSION_SCAN_BUFFERS_H_

#include "runtime/model/model.h"
#include "runtime/support/arena.h"

namespace pintle::internal {

// Panels of the catalogue scored before their scores are compared: 4 KB of scores.
inline constexpr size_t kScanPanels = 64;
// Exact lists: entries up to which a lower bound of every score is kept, and rows that may wait for
// their f32 scores.
inline constexpr uint32_t kExactK = 128;
inline constexpr uint32_t kExactPending = 512;

struct ScanBuffers {
  Buffer<uint64_t> marked;  // bitmap of items, all zero between calls
  Buffer<float> scores;     // [kScanPanels * 16]
  float log_z = 0;          // of the unsteered probabilities: partition_sum.h
  // A scan cut into tasks; empty below PINTLE_PARALLEL_ITEMS.
  Buffer<float> task_scores;                   // [PINTLE_PARALLEL_TASKS][kScanPanels * 16]
  Buffer<pintle_recommendation> task_entries;  // [PINTLE_PARALLEL_TASKS][PINTLE_PARALLEL_K]

  void lay_out(const Model& model, Arena* arena);
};

// Exact lists (exact_scan.h); empty without them.
struct ExactScratch {
  Buffer<float> y;                      // [width]: the hidden state in the basis
  Buffer<int16_t> coarse_operand;       // [32]
  Buffer<int16_t> fine_operand;         // [width, padded to 32]
  Buffer<uint8_t> panel;                // [width, padded to 32][16] nibbles: records, gathered
  Buffer<uint16_t> scales;              // [groups][16]
  Buffer<pintle_recommendation> lower;  // [kExactK]
  Buffer<uint32_t> items;               // [kExactPending]: what is left to be scored in f32,
  Buffer<float> upper;                  // and the most that each can score

  void lay_out(const Model& model, Arena* arena);
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_SCAN_BUFFERS_H_
