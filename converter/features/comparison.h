// SPDX-License-Identifier: Apache-2.0
//
// What an SAE's features tell of attributes, beside what tells of them without an SAE: `pintle label
// --evidence`. All is measured on held-out users, and learned, where anything is, on training users.
#ifndef PINTLE_CONVERTER_FEATURES_COMPARISON_H_
#define PINTLE_CONVERTER_FEATURES_COMPARISON_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "converter/features/evidence.h"
#include "converter/io/thread_pool.h"
#include "converter/network/sae.h"
#include "converter/sae_training/activations.h"
#include "converter/sae_training/quality.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

inline constexpr std::array<size_t, 4> kSparseProbeSizes = {1, 5, 16, 64};

struct ComparisonOptions {
  int64_t frozen_steps = 7000;                // of the SAE with a frozen decoder
  uint64_t memory_bytes = uint64_t{1} << 30;  // for the states that it is trained on
};

// Correlations with one attribute. Of one dimension or feature: the best on the held-out users. Learned
// ones: of the probe's output.
struct AttributeComparison {
  double raw = 0;              // a dimension of the states, absolute
  double random = 0;           // a random direction, top k of as many as the SAE has features
  double frozen = 0;           // a feature of an SAE with random directions and a trained encoder
  double feature = 0;          // a feature of the SAE
  double mean_difference = 0;  // supervised: the mean state with the attribute less that without
  double ridge = 0;            // supervised: ridge regression on states
  std::array<double, kSparseProbeSizes.size()> sparse{};  // k-sparse probes on the features
  double carriers = 0;                                    // features that carry it (splitting.h)
  double unfired = 0;   // share of its positions where none of them is on
  double absorbed = 0;  // share of its positions where another one stands in (splitting.h)
};

struct Comparison {
  // By attribute, in the index's order.
  std::vector<AttributeComparison> attributes;
  std::vector<std::vector<uint32_t>> carriers;  // features, ascending
  // Whether it is part of the means: some positions of either part of the users have it, and some not.
  std::vector<bool> counted;
  size_t counted_attributes = 0;
  AttributeComparison mean;

  double k = 0;                     // features on per position of the two baselines
  int64_t frozen_steps = 0;         // of training the one with a frozen decoder
  double ridge_penalty = 0;         // probes.h
  size_t candidates = 0;            // features that sparse probes choose from
  SaeQuality quality, frozen;       // on the held-out users
  std::optional<double> stability;  // mean of what the SAE knows of its own
};

// The same for pools of the same size on the same CPU type, since an SAE is trained.
Comparison compare_features(const SaeWeights& sae, const AttributeIndex& attributes,
                            const ActivationSet& train, const ActivationSet& held_out,
                            const ComparisonOptions& options, ThreadPool* pool);

// "comparison" of features.json.
nlohmann::ordered_json comparison_to_json(const Model& model, const AttributeIndex& attributes,
                                          const Comparison& comparison);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_COMPARISON_H_
