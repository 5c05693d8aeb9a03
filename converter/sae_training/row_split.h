// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_ROW_SPLIT_H_
#define PINTLE_CONVERTER_SAE_TRAINING_ROW_SPLIT_H_

#include <cstdint>
#include <vector>

#include "converter/sae_training/activations.h"

namespace pintle::converter {

// Which rows train and which only tell how well that goes, in blocks of kBlockRows; the last block may be
// shorter. Neighbouring rows are positions of one user, so that whole runs of blocks are held out, evenly
// over the rows: of the users held out at most the first and the last of a run are trained on too.
struct RowSplit {
  static constexpr int64_t kBlockRows = 128;
  std::vector<uint32_t> train, held_out;  // numbers of blocks, ascending
};

// `share` of the rows, at most `most` of them, are held out; nothing where that is less than a block or where
// less than two blocks would be left. Throws Error if there are too many rows to be counted so.
RowSplit split_rows(int64_t rows, double share, int64_t most);

// The states of these blocks, one after the other: [rows][dim].
std::vector<float> read_blocks(const ActivationSet& set, const std::vector<uint32_t>& blocks);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_ROW_SPLIT_H_
