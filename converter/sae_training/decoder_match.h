// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_DECODER_MATCH_H_
#define PINTLE_CONVERTER_SAE_TRAINING_DECODER_MATCH_H_

#include <vector>

#include "converter/network/network.h"

namespace pintle::converter {

// Pairs the rows of a with those of b, each used once, so that the sum of their cosines is the largest that
// any pairing has (Kuhn, 1955; shortest augmenting paths, O(rows^3)). Of every row of a the cosine with its
// partner; 0 for rows of zeros. REQUIRES: equal shapes.
std::vector<float> matched_cosines(const Matrix& a, const Matrix& b);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_DECODER_MATCH_H_
