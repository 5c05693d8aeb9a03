// SPDX-License-Identifier: Apache-2.0
//
// The hot loops of SAE training. One source, train_kernels.cpp, is compiled once for each
// instruction set; the table is chosen at run time. The sources instantiate no template of the
// standard library and a renamed Eigen, so the linker cannot merge code of one instruction set into
// the rest of the program.
//
// Only a few of the features are on at a position, so all but the encoder's product (dense, Eigen)
// walks lists of active features.
#ifndef PINTLE_CONVERTER_SAE_TRAINING_TRAIN_KERNELS_H_
#define PINTLE_CONVERTER_SAE_TRAINING_TRAIN_KERNELS_H_

#include <stdint.h>

namespace pintle::converter {

// Rows that are encoded together; with batch selection, the rows that share their k · rows active
// features.
constexpr int64_t kTrainChunk = 256;

enum class TrainSelection {
  kPositive,   // every positive pre-activation (ReLU with L1)
  kTopK,       // the k largest of each row, of those the positive ones
  kBatchTopK,  // the k · rows largest positive ones of a chunk
};

// Parameters, or their gradients. decoder rows are features, as in SaeWeights.
struct TrainTensors {
  float* encoder;       // [dict][dim]
  float* encoder_bias;  // [dict]
  float* decoder;       // [dict][dim]
  float* decoder_bias;  // [dim]
  float* item_decoder;  // [dict][dim]
  float* item_bias;     // [dim]
};

struct TrainStep {
  int64_t dim, dict;
  TrainSelection selection;
  double k;  // features on per row; a fraction only matters to kBatchTopK
  float l1;  // weight of sum(f), kPositive
  // Nested dictionaries (Matryoshka): the first nested_end[g] features must reconstruct on their
  // own, for every g; ascending, the last is dict. One entry: a plain SAE.
  const int64_t* nested_end;
  int64_t nested_count;
  const uint32_t* dead;  // features for the auxiliary loss, ascending
  int64_t dead_count;
  int64_t aux_k;    // at most so many of them serve a row
  float aux_scale;  // weight of the auxiliary loss beside the squared error
  // Weight of |target - item_decoder^T f - item_bias|^2 beside the squared error; 0: no such loss.
  float item_scale;
};

// Working memory of one thread; sizes in elements.
struct TrainScratch {
  float* pre;           // [kTrainChunk * dict]
  uint32_t* index;      // [kTrainChunk * dict]
  float* value;         // [kTrainChunk * dict]
  int64_t* row_start;   // [kTrainChunk + 1]
  uint32_t* aux_index;  // [dict]
  float* aux_value;     // [dict]
  float* residual;      // [nested_count * dim]
  float* aux_error;     // [dim]
  float* item_error;    // [dim]
  float guess;          // a bound that fewer than all active values exceed, from the chunk before
};

// What one thread saw in one step.
struct TrainCounts {
  double squared_error;
  double active;
  double threshold_sum;  // kBatchTopK: smallest active value, summed over chunks
  int64_t chunks;
  uint32_t* fired;  // [dict]: set to 1 where a feature was on
};

struct AdamStep {
  float learning_rate, beta1, beta2, epsilon;
  float correction1, correction2;  // 1 / (1 - beta^t)
  float gradient_scale;            // gradients are sums over a batch: 1 / rows
};

struct TrainKernels {
  const char* name;
  // Adds the gradients of the squared error, the L1, the auxiliary and the item loss of `rows` rows.
  // targets: [rows][dim], read where the item loss has weight.
  void (*accumulate)(const TrainStep& step, const TrainTensors& weights, const float* x,
                     const float* targets, int64_t rows, TrainScratch* scratch,
                     const TrainTensors& gradients, TrainCounts* counts);
  // One Adam step on n numbers. If `unit_row` is not 0, the numbers are rows of that length that
  // stay at norm 1: the gradient loses its part along the row, and the row is scaled afterwards.
  void (*adam)(const AdamStep& step, float* weights, float* gradients, float* first, float* second,
               int64_t n, int64_t unit_row);
};

// The best table for this CPU.
const TrainKernels& train_kernels();

// One per build of train_kernels.cpp; avx2 returns null where it was not compiled in.
const TrainKernels* train_kernels_baseline();
const TrainKernels* train_kernels_avx2();

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_TRAIN_KERNELS_H_
