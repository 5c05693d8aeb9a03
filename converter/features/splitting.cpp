// SPDX-License-Identifier: Apache-2.0
#include "converter/features/splitting.h"

#include <algorithm>
#include <cmath>

#include "converter/features/probes.h"

namespace pintle::converter {
namespace {

bool share_a_number(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) return true;
    a[i] < b[j] ? ++i : ++j;
  }
  return false;
}

}  // namespace

std::vector<uint32_t> carrying_features(const Moments& train, const Moments& held_out,
                                        size_t attribute) {
  std::vector<uint32_t> chosen = choose_features(train, attribute, kMostCarriers, true);
  double before = 0;
  size_t carriers = 0;
  for (; carriers < chosen.size(); ++carriers) {
    const Eigen::VectorXd weights = sparse_weights(train, attribute, chosen, carriers + 1);
    const double correlation = held_out.correlation(chosen, weights, attribute);
    if (carriers > 0 && !(correlation - before > kSplitGain)) break;
    before = correlation;
  }
  chosen.resize(carriers);
  return chosen;
}

AbsorptionCounter::AbsorptionCounter(const SaeWeights& sae, const AttributeIndex& attributes,
                                     const std::vector<std::vector<uint32_t>>& carriers,
                                     const Eigen::MatrixXd& probes, const Moments& states)
    : sae_(sae),
      attributes_(attributes),
      carriers_(carriers),
      probes_(probes),
      counts_(attributes.attributes.size()) {
  using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMatrix> decoder(sae.decoder.values.data(), sae.dict, sae.dim);
  along_ = decoder * probes.cast<float>();
  for (int64_t j = 0; j < sae.dict; ++j) length_.push_back(decoder.row(j).norm());
  for (size_t a = 0; a < counts_.size(); ++a) {
    const auto column = static_cast<Eigen::Index>(a);
    const Eigen::VectorXd apart = states.mean_difference(a);
    const double between = probes.col(column).dot(apart);
    // The mean lies between the two means, as far from m- as the attribute is common.
    absent_.push_back(probes.col(column).dot(states.mean) - states.share(column) * between);
    seen_.push_back(between / 2);
    direction_length_.push_back(probes.col(column).norm());
  }
}

void AbsorptionCounter::add(const EncodedStates& part) {
  for (size_t t = 0; t < part.rows(); ++t) {
    for (const uint32_t a : attributes_.of_item[part.items[t]]) {
      ++counts_[a].positions;
      if (share_a_number(carriers_[a], part.features[t].index)) continue;
      ++counts_[a].unfired;
      const float* state = &part.states[t * static_cast<size_t>(sae_.dim)];
      if (is_absorbed(state, part.features[t], a)) ++counts_[a].absorbed;
    }
  }
}

bool AbsorptionCounter::is_absorbed(const float* state, const SparseFeatures& features,
                                    uint32_t attribute) const {
  if (!(seen_[attribute] > 0)) return false;  // no training user has seen it
  double score = -absent_[attribute];
  for (int64_t d = 0; d < sae_.dim; ++d) {
    score += probes_(d, attribute) * static_cast<double>(state[d]);
  }
  if (score < seen_[attribute]) return false;
  double most = 0;
  uint32_t feature = 0;
  for (size_t i = 0; i < features.index.size(); ++i) {
    const double part = static_cast<double>(features.value[i]) *
                        static_cast<double>(along_(features.index[i], attribute));
    if (part <= most) continue;
    most = part;
    feature = features.index[i];
  }
  if (!(most >= kAbsorbedShare * score)) return false;
  const double cosine = static_cast<double>(along_(feature, attribute)) /
                        (static_cast<double>(length_[feature]) * direction_length_[attribute]);
  return cosine >= 2 / std::sqrt(static_cast<double>(sae_.dim));
}

}  // namespace pintle::converter
