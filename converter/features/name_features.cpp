// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "converter/features/label.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Items that stand for a feature belong to it by so much at least, where there are such.
constexpr float kTypicalLevel = 0.75f;
constexpr size_t kTypicalItems = 2;

// "like A; B": of the items that belong to it, those that people know best.
std::string items_label(const Model& model, const FeatureLevels& levels,
                        const std::vector<uint32_t>& positions) {
  std::vector<std::pair<uint32_t, float>> items = levels.items;
  const auto key = [&](const std::pair<uint32_t, float>& item) {
    return std::make_pair(item.second >= kTypicalLevel, positions[item.first]);
  };
  std::stable_sort(items.begin(), items.end(),
                   [&](const auto& a, const auto& b) { return key(a) > key(b); });
  std::string text;
  for (size_t i = 0; i < std::min(kTypicalItems, items.size()); ++i) {
    const std::string title = item_title(model, items[i].first);
    text += (i == 0 ? "like " : "; ") + (title.empty() ? item_id(model, items[i].first) : title);
  }
  return text;
}

}  // namespace

void name_features(const Model& model, const SaeWeights& sae, const FeatureActivations& learned,
                   const ItemLevels& levels, const Histories& training, const LabelOptions& options,
                   ThreadPool* pool, LabelReport* report) {
  const ItemLevels tested(model, report->activations);
  const FeatureNamer namer(model, item_properties(model, training, options.min_property_items),
                           learned, report->activations, options.names);
  const size_t features = report->features.size();
  std::vector<ConceptCandidate> candidates(features);
  std::vector<std::string> typical(features);
  pool->for_each(features, [&](size_t f, int) {
    FeatureEvidence& evidence = report->features[f];
    FeatureLevels items = levels.of(f);
    evidence.name = namer.name(f, items);
    evidence.label =
        evidence.name.holds ? evidence.name.text : items_label(model, items, levels.positions());
    const double stability = sae.stability.empty() ? -1 : static_cast<double>(sae.stability[f]);
    for (const Firing& firing : report->activations.fired[f]) {
      evidence.mass += static_cast<double>(firing.value);
    }
    candidates[f] = judge_concept(levels, tested, f, std::move(items), stability,
                                  report->activations, levels.trained_items(), options.concepts);
  });
  double mass = 0;
  std::vector<std::string> labels;
  for (const FeatureEvidence& evidence : report->features) {
    mass += evidence.mass;
    labels.push_back(evidence.label);
  }
  report->concepts = choose_concepts(model, labels, typical, options.concepts, &candidates);
  for (size_t f = 0; f < features; ++f) {
    FeatureEvidence& evidence = report->features[f];
    if (mass > 0) evidence.mass /= mass;
    if (evidence.name.holds) report->named_mass += evidence.mass;
    evidence.concept_measures = candidates[f].measures;
    evidence.no_concept = candidates[f].refusal;
  }
}

}  // namespace pintle::converter
