// SPDX-License-Identifier: Apache-2.0
#include "converter/features/label.h"

#include <algorithm>
#include <cmath>

#include "converter/io/error.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

class Labeller {
 public:
  Labeller(const Model& model, const SaeWeights& sae, const LabelOptions& options, ThreadPool* pool)
      : model_(model), sae_(sae), options_(options), pool_(pool) {}

  LabelReport run(const Histories& histories, const std::vector<float>& popularity) {
    const pintle_model_info info = model_.info();
    check_sae_fits(sae_, info.dim, info.layer_count, "the SAE");
    LabelReport report;
    report.users_given = histories.users.size();
    report.histories = thin_out(model_, sae_, histories, options_.memory_bytes, pool_);
    report.index = index_attributes(model_, options_.min_attribute_items);
    index_ = &report.index;
    AttributeCorrelations raw(info.dim, report.index);
    activations_ =
        collect_activations(model_, sae_, report.histories, pool_,
                            [&](uint32_t item, const float* state) { raw.add(item, state); });
    if (activations_.positions() == 0) {
      throw Error("the histories hold no event that the model knows: there is nothing to measure");
    }
    attribute_positions_ = count_positions(report.index, activations_.item);
    item_positions_.assign(info.item_count, 0);
    for (const uint32_t item : activations_.item) ++item_positions_[item];
    groups_ = popularity_groups(activations_, popularity);

    const size_t features = static_cast<size_t>(sae_.dict);
    report.features.resize(features);
    measures_.resize(features);
    pool_->for_each(features, [&](size_t f, int) { measure_feature(f, &report.features[f]); });
    choose_attribute_features(raw, &report);
    summarise(&report);
    report.activations = std::move(activations_);
    return report;
  }

 private:
  void measure_feature(size_t f, FeatureEvidence* evidence) {
    const std::vector<Firing>& fired = activations_.fired[f];
    evidence->fired = fired.size();
    evidence->statistics = feature_statistics(fired, activations_.positions());
    measures_[f] = measure_attributes(fired, activations_.item, *index_, attribute_positions_);
    if (fired.empty()) return;
    evidence->attributes = measures_[f];
    std::stable_sort(evidence->attributes.begin(), evidence->attributes.end(),
                     [](const AttributeMeasure& a, const AttributeMeasure& b) {
                       return a.correlation > b.correlation;
                     });
    if (evidence->attributes.size() > options_.listed_attributes) {
      evidence->attributes.resize(options_.listed_attributes);
    }
    evidence->items = strongest_items(fired, activations_.item, item_positions_,
                                      options_.min_support, options_.listed_items);
    evidence->histories = strongest_positions(fired, activations_.user, options_.listed_histories);
    evidence->cohens_d = popularity_d(fired, activations_, groups_);
  }

  void choose_attribute_features(const AttributeCorrelations& raw, LabelReport* report) const {
    for (size_t a = 0; a < index_->attributes.size(); ++a) {
      AttributeEvidence evidence;
      evidence.positions = attribute_positions_[a];
      for (size_t f = 0; f < measures_.size(); ++f) {
        if (f != 0 && measures_[f][a].correlation <= evidence.best.correlation) continue;
        evidence.feature = f;
        evidence.best = measures_[f][a];
      }
      for (size_t d = 0; d < static_cast<size_t>(sae_.dim); ++d) {
        const double correlation = raw.correlation(d, a);
        if (std::abs(correlation) <= std::abs(evidence.raw_correlation)) continue;
        evidence.raw_correlation = correlation;
        evidence.raw_dimension = d;
      }
      report->attributes.push_back(evidence);
    }
  }

  void summarise(LabelReport* report) const {
    for (const FeatureEvidence& feature : report->features) {
      report->dead += feature.fired == 0 ? 1 : 0;
      report->active += static_cast<double>(feature.fired);
    }
    report->active /= static_cast<double>(activations_.positions());
    // An attribute that no item of the histories has, or all have, has no correlation.
    size_t counted = 0;
    for (const AttributeEvidence& attribute : report->attributes) {
      if (attribute.positions == 0 || attribute.positions == activations_.positions()) continue;
      ++counted;
      report->mean_correlation += attribute.best.correlation;
      report->mean_sensitivity += attribute.best.sensitivity;
      report->raw_correlation += std::abs(attribute.raw_correlation);
    }
    if (counted == 0) return;
    report->mean_correlation /= static_cast<double>(counted);
    report->mean_sensitivity /= static_cast<double>(counted);
    report->raw_correlation /= static_cast<double>(counted);
  }

  const Model model_;
  const SaeWeights& sae_;
  const LabelOptions& options_;
  ThreadPool* const pool_;
  const AttributeIndex* index_ = nullptr;
  FeatureActivations activations_;
  std::vector<size_t> attribute_positions_, item_positions_;
  PopularityGroups groups_;
  std::vector<std::vector<AttributeMeasure>> measures_;  // [features][attributes]
};

}  // namespace

LabelReport label_features(const Model& model, const SaeWeights& sae, const Histories& histories,
                           const std::vector<float>& popularity, const LabelOptions& options,
                           ThreadPool* pool) {
  return Labeller(model, sae, options, pool).run(histories, popularity);
}

void apply_labels(const LabelReport& report, InterpretedSae* sae) {
  sae->labels.clear();
  sae->statistics.clear();
  for (const FeatureEvidence& feature : report.features) {
    sae->labels.push_back(feature.label);
    sae->statistics.push_back(feature.statistics);
  }
}

}  // namespace pintle::converter
