// SPDX-License-Identifier: Apache-2.0
//
// A pre-norm transformer in double, from a checkpoint's own tensors and as frameworks write it: every
// slot is computed, pads too. Knows nothing of recipes and networks, which it checks.
#ifndef PINTLE_TESTS_SUPPORT_PLAIN_TRANSFORMER_H_
#define PINTLE_TESTS_SUPPORT_PLAIN_TRANSFORMER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "support/synthetic_checkpoint.h"

namespace pintle::converter {

using Doubles = std::vector<double>;

Doubles wide_values(const SyntheticCheckpoint& made, const std::string& name);
Doubles wide_row(const SyntheticCheckpoint& made, const std::string& name, int64_t row);
Doubles sum_of(Doubles a, const Doubles& b);

// Every tensor drawn anew, so that softmax and norms work where they bend; those whose names contain
// `gain` around 1.
void randomize(SyntheticCheckpoint* made, const std::string& gain, uint32_t seed);

struct PlainLinear {
  Doubles weight, bias;  // [out][in]; bias empty: none
};
PlainLinear plain_linear(const SyntheticCheckpoint& made, const std::string& stem);
// Rows [first, first + count) of a stacked one.
PlainLinear plain_rows(const SyntheticCheckpoint& made, const std::string& weight,
                       const std::string& bias, size_t first, size_t count);

struct PlainNorm {
  Doubles gain, bias;  // bias empty: none
  double eps = 1e-5;
  bool unbiased_std = false;  // and eps outside the root
};

struct PlainBlock {
  PlainNorm attention_norm, ffn_norm;
  PlainLinear query, key, value, output, ffn_in, ffn_out;
};

struct PlainSlot {
  Doubles state;
  bool is_pad = false;
};

struct PlainTransformer {
  size_t heads = 1;
  std::vector<PlainBlock> blocks;
  std::function<double(double)> activation;
  // Bidirectional, pads hidden; the state of the last slot.
  Doubles run(std::vector<PlainSlot> slots) const;
};

Doubles plain_apply(const PlainNorm& norm, const Doubles& x);
double gelu_erf(double x);
double gelu_tanh(double x);

// One score a row: state . row + bias; bias empty: none.
Doubles plain_scores(const Doubles& state, const Doubles& table, const Doubles& bias);

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_SUPPORT_PLAIN_TRANSFORMER_H_
