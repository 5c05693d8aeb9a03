// SPDX-License-Identifier: Apache-2.0
//
// The codes and bounds of fb::ExactScan; runtime/scan/exact_scan.h says what they must satisfy.
#ifndef PINTLE_CONVERTER_FILE_EXACT_INDEX_H_
#define PINTLE_CONVERTER_FILE_EXACT_INDEX_H_

#include "converter/file/writer.h"
#include "converter/run/calibrate.h"

namespace pintle::converter {

// Adds the "exact.*" tensors and fields. What they cost to scan depends on `states`, vectors that
// items are scored against; that lists are exact does not. Throws Error for values that no f16 scale
// can hold.
void pack_exact_index(const Network& network, const States& states, PackedNetwork* packed);

// Bytes that top-10 lists of every eighth history read with the model's exact index, seen items
// included, over those of scanning as many int8 rows. REQUIRES: scalar kernels, so that it is the same
// everywhere.
double pruned_share(const Model& model, const std::vector<std::vector<uint32_t>>& histories);

// Instead: the table that items are scored with as an f32 output table.
void pack_f32_output(const Network& network, PackedNetwork* packed);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_EXACT_INDEX_H_
