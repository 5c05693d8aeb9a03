// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/comparison_text.h"

#include <cstdio>
#include <string>

#include "converter/features/splitting.h"

namespace pintle::converter {
namespace {

void print_row(const std::string& name, double value, const std::string& note) {
  std::printf("%-44s %7.3f  %s\n", name.c_str(), value, note.c_str());
}

void print_quality(const char* name, const SaeQuality& quality) {
  std::printf("%s: explained variance %.4f, L0 %.2f, dead features %lld of %zu\n", name,
              quality.explained_variance, quality.active, static_cast<long long>(quality.dead),
              quality.fired.size());
}

}  // namespace

void print_comparison(const Comparison& comparison, size_t features) {
  const AttributeComparison& mean = comparison.mean;
  char text[160];
  std::printf(
      "\n%-44s %s\n", "evidence, held-out users",
      ("correlation, mean of " + std::to_string(comparison.counted_attributes) + " attributes")
          .c_str());
  print_row("raw dimensions", mean.raw, "the best of each");
  std::snprintf(text, sizeof(text), "%zu random directions, top %.0f", features, comparison.k);
  print_row(text, mean.random, "the best of each");
  std::snprintf(text, sizeof(text), "%zu frozen random directions, %.1f on", features,
                comparison.k);
  std::string note =
      "the best of each; encoder trained for " + std::to_string(comparison.frozen_steps) + " steps";
  print_row(text, mean.frozen, note);
  std::snprintf(text, sizeof(text), "this SAE's %zu features", features);
  print_row(text, mean.feature, "the best of each");
  print_row("mean difference of states", mean.mean_difference, "learned from the attributes");
  std::snprintf(text, sizeof(text), "learned from the attributes, penalty %g",
                comparison.ridge_penalty);
  print_row("ridge probe on states", mean.ridge, text);
  for (size_t i = 0; i < kSparseProbeSizes.size(); ++i) {
    const size_t k = kSparseProbeSizes[i];
    print_row("probe on " + std::to_string(k) + (k == 1 ? " feature" : " features"), mean.sparse[i],
              "learned from the attributes; chosen by matching pursuit");
  }
  std::printf("\nan attribute is carried by %.2f features (each next one adds more than %.2f)\n",
              mean.carriers, kSplitGain);
  std::printf("all of them are off at %.1f %% of its positions; absorbed by another at %.1f %%\n",
              100 * mean.unfired, 100 * mean.absorbed);
  print_quality("this SAE", comparison.quality);
  print_quality("frozen directions", comparison.frozen);
  if (comparison.stability) {
    std::printf("stability: mean cosine %.3f with a second training\n", *comparison.stability);
  } else {
    std::printf("stability: not known to the SAE\n");
  }
}

}  // namespace pintle::converter
