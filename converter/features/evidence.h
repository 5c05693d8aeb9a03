// SPDX-License-Identifier: Apache-2.0
//
// The numbers that tell what a feature stands for. A feature's value at a position is its
// activation, 0 where it is off; an attribute holds at a position if the item there has it.
#ifndef PINTLE_CONVERTER_FEATURES_EVIDENCE_H_
#define PINTLE_CONVERTER_FEATURES_EVIDENCE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "converter/features/feature_activations.h"
#include "converter/network/interpretation.h"

namespace pintle::converter {

// The attributes that are measured, numbered anew.
struct AttributeIndex {
  std::vector<uint32_t> attributes;            // the catalogue's numbers
  std::vector<std::vector<uint32_t>> of_item;  // [items]: indices into `attributes`
  std::vector<size_t> item_count;              // by attribute
};

// Of the model's whole attributes (no memberships in part), those of at least min_items items.
AttributeIndex index_attributes(const Model& model, size_t min_items);

// Positions at which each attribute holds.
std::vector<size_t> count_positions(const AttributeIndex& attributes,
                                    const std::vector<uint32_t>& item);

// How a feature follows an attribute; 0 where there is nothing to divide by (auc: 0.5).
struct AttributeMeasure {
  size_t attribute = 0;    // index into AttributeIndex::attributes
  double correlation = 0;  // Pearson's, over all positions
  double auc = 0.5;        // area under the ROC curve; ties count half
  double sensitivity = 0;  // P(feature on | attribute)
  double precision = 0;    // P(attribute | feature on)
  double mean_with = 0, mean_without = 0;
};

// One measure an attribute, in the order of `attributes`.
std::vector<AttributeMeasure> measure_attributes(const std::vector<Firing>& fired,
                                                 const std::vector<uint32_t>& item,
                                                 const AttributeIndex& attributes,
                                                 const std::vector<size_t>& attribute_positions);

// Pearson's correlations of values at every position with every attribute, from running sums.
class AttributeCorrelations {
 public:
  AttributeCorrelations(size_t dim, const AttributeIndex& attributes);
  void add(uint32_t item, const float* values);
  void add(uint32_t item, const SparseFeatures& values);
  size_t count() const { return count_; }
  double correlation(size_t dimension, size_t attribute) const;

 private:
  const AttributeIndex& attributes_;
  size_t count_ = 0;
  std::vector<size_t> with_count_;        // by attribute
  std::vector<double> sum_, square_sum_;  // by dimension
  std::vector<double> with_sum_;          // [attributes][dim]
};

// The q-quantile of ascending values, linear between neighbours. REQUIRES: not empty.
float quantile(const std::vector<float>& ascending, double q);

FeatureStatistics feature_statistics(const std::vector<Firing>& fired, size_t positions);

// (mean of a - mean of b) / pooled standard deviation; 0 if either has fewer than two values or
// nothing varies.
double cohens_d(const std::vector<double>& a, const std::vector<double>& b);

// Users by the mean popularity of their measured events: the upper and the lower fifth.
struct PopularityGroups {
  std::vector<int8_t> group;      // by user: 1 popular, -1 unpopular, 0 neither
  std::vector<size_t> positions;  // by user
};
PopularityGroups popularity_groups(const FeatureActivations& activations,
                                   const std::vector<float>& popularity);

// Cohen's d of the users' mean activation of a feature between the two groups
// (arXiv:2508.17297).
double popularity_d(const std::vector<Firing>& fired, const FeatureActivations& activations,
                    const PopularityGroups& groups);

struct ItemMean {
  uint32_t item;
  double mean;     // activation over its positions
  size_t support;  // its positions
};
// The items whose positions activate a feature most, best first, of those with at least
// min_support positions.
std::vector<ItemMean> strongest_items(const std::vector<Firing>& fired,
                                      const std::vector<uint32_t>& item,
                                      const std::vector<size_t>& support, size_t min_support,
                                      size_t count);

// The strongest positions, at most one a user, best first.
std::vector<Firing> strongest_positions(const std::vector<Firing>& fired,
                                        const std::vector<uint32_t>& user, size_t count);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_EVIDENCE_H_
