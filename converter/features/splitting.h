// SPDX-License-Identifier: Apache-2.0
//
// Two ways in which a dictionary misses an attribute though it holds it, after Chanin et al.
// (arXiv:2409.14507) and SAEBench (arXiv:2503.09532), for states with items that have attributes.
//
// Splitting. Features that are on rather where the attribute is are chosen one by one (choose_features, on
// training users). The attribute is carried by the first of them, and by the next as long as each raises the
// correlation of the least-squares fit on held-out users by more than kSplitGain. (There: the F1 of a
// logistic probe, by the same step.)
//
// Absorption. Let p be the direction of the attribute's probe (ridge regression on states, training users),
// m+ and m- the mean training states with and without it, and s(x) = p . (x - m-). A held-out position
// whose item has the attribute is absorbed if
//   - none of the features that carry it is on;
//   - the probe sees it: s(x) >= p . (m+ - m-) / 2;
//   - of the features that are on, the one that contributes most, f_j (d_j . p) with its decoder row d_j,
//     has cos(d_j, p) >= 2 / sqrt(dim), two standard deviations of a random direction's, and contributes at
//     least kAbsorbedShare of s(x).
// (There: s(x) = p . x, p a logistic probe's, a fixed least cosine, and the same share.)
#ifndef PINTLE_CONVERTER_FEATURES_SPLITTING_H_
#define PINTLE_CONVERTER_FEATURES_SPLITTING_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "converter/features/encoded_states.h"
#include "converter/features/evidence.h"
#include "converter/features/moments.h"
#include "converter/network/sae.h"

namespace pintle::converter {

inline constexpr double kSplitGain = 0.03;
inline constexpr double kAbsorbedShare = 0.4;
inline constexpr size_t kMostCarriers = 10;

// The values of both are the same features. Empty if no feature correlates.
std::vector<uint32_t> carrying_features(const Moments& train, const Moments& held_out,
                                        size_t attribute);

struct Absorption {
  size_t positions = 0;  // whose item has the attribute
  size_t unfired = 0;    // of them, where no feature that carries it is on
  size_t absorbed = 0;   // of those, where another one stands in for them
};

class AbsorptionCounter {
 public:
  // carriers: by attribute, ascending numbers of the SAE's features. probes: [dim][attributes]. states:
  // of the training users. Keeps references to all but `states`.
  AbsorptionCounter(const SaeWeights& sae, const AttributeIndex& attributes,
                    const std::vector<std::vector<uint32_t>>& carriers,
                    const Eigen::MatrixXd& probes, const Moments& states);

  void add(const EncodedStates& part);
  const std::vector<Absorption>& counts() const { return counts_; }  // by attribute

 private:
  bool is_absorbed(const float* state, const SparseFeatures& features, uint32_t attribute) const;

  const SaeWeights& sae_;
  const AttributeIndex& attributes_;
  const std::vector<std::vector<uint32_t>>& carriers_;
  const Eigen::MatrixXd& probes_;
  Eigen::MatrixXf along_;                 // [dict][attributes]: d_j . p
  std::vector<float> length_;             // [dict]: |d_j|
  std::vector<double> absent_, seen_;     // by attribute: p . m-, and p . (m+ - m-) / 2
  std::vector<double> direction_length_;  // by attribute: |p|
  std::vector<Absorption> counts_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_SPLITTING_H_
