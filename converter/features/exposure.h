// SPDX-License-Identifier: Apache-2.0
//
// How many places of people's lists some items get, by rows that are built for them.
#ifndef PINTLE_CONVERTER_FEATURES_EXPOSURE_H_
#define PINTLE_CONVERTER_FEATURES_EXPOSURE_H_

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

inline constexpr size_t kListPlaces = 10;  // of a list

// A history as scores see it.
struct Moment {
  Eigen::VectorXf state;  // at hook "last"
  std::vector<uint32_t> seen;
  uint32_t next = PINTLE_NO_ITEM;  // what came next
};

// Of histories that the model draws itself, each from a random item on, the next from its probabilities.
std::vector<Moment> drawn_moments(const Model& model, size_t count);
// Of at most `most` histories before their last event.
std::vector<Moment> logged_moments(const Model& model, const Histories& histories, size_t most);
// Of the histories, at most `most`, whose last event is one of `hidden` (ascending): all before it, and the
// same without all hidden items.
struct HiddenMoments {
  std::vector<Moment> whole, without;
};
HiddenMoments hidden_moments(const Model& model, const Histories& histories,
                             const std::vector<uint32_t>& hidden, size_t most);

// The rows that scores come from, of the trained items; with a last column of their biases.
struct ScoredRows {
  std::vector<uint32_t> items;  // ascending
  Eigen::MatrixXf rows;
};

// The share of all places that the hidden items get at the moments: with row + (factor - 1) * (row - mean),
// `built` holding their rows. hidden: places in `scored`.
class Exposure {
 public:
  Exposure(const ScoredRows& scored, const std::vector<int64_t>& hidden,
           const Eigen::MatrixXf& built, const Eigen::RowVectorXf& mean,
           const std::vector<Moment>& moments);
  double share(double factor) const;
  // The mean NDCG@10 of what came next, where that is a hidden item.
  double ndcg(double factor) const;

 private:
  struct Scores {
    std::vector<float> others;  // the best kListPlaces of the items that are not hidden, best first
    Eigen::VectorXf means, parts;  // of hidden items: score = mean + factor * part; -inf: seen
    int64_t next = -1;             // place in hidden of what came next
  };
  std::vector<Scores> moments_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_EXPOSURE_H_
