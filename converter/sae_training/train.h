// SPDX-License-Identifier: Apache-2.0
//
// Trains a sparse autoencoder on harvested activations.
#ifndef PINTLE_CONVERTER_SAE_TRAINING_TRAIN_H_
#define PINTLE_CONVERTER_SAE_TRAINING_TRAIN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/network/sae.h"
#include "converter/sae_training/activations.h"

namespace pintle::converter {

enum class SaeVariant {
  kReluL1,     // sparsity by an L1 penalty; ReLU at inference
  kTopK,       // k features a position
  kBatchTopK,  // k features a position on average; a threshold (jump ReLU) at inference
};

struct TrainConfig {
  SaeVariant variant = SaeVariant::kBatchTopK;
  int64_t dict = 512;
  double k = 32;  // kTopK, kBatchTopK
  // Nested dictionaries (Matryoshka): the first nested[i] features must reconstruct on their own.
  // Ascending, below dict; empty: a plain SAE.
  std::vector<int64_t> nested;
  // Weight of a second loss beside the squared error: from the features a second decoder, which is thrown
  // away afterwards, has to tell the mean state of the item at the position (item_means.h). A feature then
  // answers to the item rather than to its surroundings; 0: no such loss.
  double item_scale = 1;
  double item_decay_share = 0.5;  // of the steps, at the end: that weight falls to 0
  double l1 = 0.05;  // kReluL1: weight of sum(f) against the squared error of unit-variance inputs
  // A baseline: both decoders stay the random directions that they start as, and only the encoder is
  // trained. What such an SAE tells of attributes, learned directions must exceed.
  bool freeze_decoder = false;

  int64_t steps = 7000;
  int64_t batch = 1024;
  double learning_rate = 1.5e-3;
  double warmup_share = 0.02;  // of the steps: the learning rate rises from 0
  double decay_share = 0.5;    // of the steps, at the end: it falls to 0

  // Over the first sparsity_share of the steps k moves from k_start, or from itself if that is less, to
  // its value, by equal factors (kReluL1: the penalty rises from 0). While few features are on,
  // they learn broad concepts, genres for instance, which later ones refine instead of splitting.
  double k_start = 8;
  double sparsity_share = 0.5;

  // A feature that was off for so many rows counts as dead. A loss for which dead features explain
  // what the living ones left brings them back (aux-k of arXiv:2406.04093).
  int64_t dead_after_rows = 50000;
  int64_t aux_k = 32;  // dead features that serve one row; 0: no such loss
  double aux_scale = 1.0 / 32;

  uint64_t memory_bytes = uint64_t{1} << 30;  // for the buffer of activations
  uint64_t seed = 1;                          // of the order of the rows
  uint64_t start = 1;  // of those first directions that the data do not tell (start_directions.h)
  int64_t report_steps = 500;  // between two calls of the callback

  // Rows that are held out of training, to see how well others are explained (row_split.h): this share, at
  // most so many.
  double held_out_share = 0.08;
  int64_t most_held_out = 8192;
  // Training ends early once so many reports in a row explained no more of the held-out rows than the best
  // before them, and the best weights are kept; counted when k has its value. A safeguard: the schedules above
  // count on all steps. 0: never.
  int patience = 4;
};

struct TrainProgress {
  int64_t step = 0, steps = 0;
  // Over the steps since the last report:
  double explained_variance = 0;
  double active = 0;                        // features on per row (L0)
  double dead_share = 0;                    // features off for the last dead_after_rows rows
  std::optional<double> held_out_variance;  // explained now, of the held-out rows if there are any
};

// How a training went.
struct TrainOutcome {
  int64_t steps = 0;       // done; fewer than asked for if it ended early
  int64_t kept_steps = 0;  // after how many of them the weights were as they are now
  int64_t held_out_rows = 0;
  std::vector<TrainProgress> curve;
  // Explained by the SAE as it is now: of a sample of the rows that it was trained on, and of the held-out
  // rows; 0 where none are held out.
  double train_variance = 0, held_out_variance = 0;
};

// The same for pools of the same size on the same CPU type. Throws Error if the configuration cannot
// be trained, or if training diverged.
SaeWeights train_sae(const ActivationSet& set, const TrainConfig& config, ThreadPool* pool,
                     const std::function<void(const TrainProgress&)>& report,
                     TrainOutcome* outcome = nullptr);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_TRAIN_H_
