// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_ACTIVATION_STREAM_H_
#define PINTLE_CONVERTER_SAE_TRAINING_ACTIVATION_STREAM_H_

#include <cstdint>
#include <vector>

#include "converter/sae_training/activations.h"
#include "converter/sae_training/random.h"
#include "converter/sae_training/row_split.h"

namespace pintle::converter {

// Endless shuffled mini-batches within a memory budget. Rows are dealt in blocks: each epoch takes
// the blocks in a new order, fills the buffer with as many as fit, and shuffles the rows in it. If
// everything fits, that is a full shuffle, and the disk is read once. The order depends on the seed
// and the budget alone.
class ActivationStream {
 public:
  // Of the rows that `split` leaves for training. `memory_bytes` bounds the buffer; at least one block is
  // held.
  ActivationStream(const ActivationSet& set, const RowSplit& split, uint64_t memory_bytes,
                   uint64_t seed);

  // The next `count` rows: states into `out`, their items into `items`; goes on into the next epoch as
  // needed.
  void next(int64_t count, float* out, uint32_t* items);

 private:
  void refill();

  const ActivationSet& set_;
  Random random_;
  int64_t buffer_blocks_;
  std::vector<uint32_t> blocks_;  // this epoch's order
  size_t next_block_ = 0;
  std::vector<float> buffer_;
  std::vector<uint32_t> items_;  // of the rows in the buffer
  std::vector<uint32_t> order_;  // of the rows in the buffer
  size_t next_row_ = 0;
  bool whole_ = false;  // the buffer holds every row
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_ACTIVATION_STREAM_H_
