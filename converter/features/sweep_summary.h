// SPDX-License-Identifier: Apache-2.0
//
// What a sweep costs where the attribute's share meets an aim: what methods are compared by.
#ifndef PINTLE_CONVERTER_FEATURES_SWEEP_SUMMARY_H_
#define PINTLE_CONVERTER_FEATURES_SWEEP_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "converter/features/bootstrap.h"
#include "converter/run/list_tally.h"

namespace pintle::converter {

struct SweepPoint {
  float strength = 0;
  ListMeasure measure;
};

struct Sweep {
  ListMeasure base;                // unsteered
  std::vector<SweepPoint> points;  // at the strengths asked for
  std::vector<SweepPoint> near;    // at strengths between them, close to the aims
};

// The mean share over all users that is aimed at.
enum class SweepAim {
  kDoubled,  // twice the start below 0.25, else 0.15 more
  kToHalf,   // half of the list
  kHalved,   // half of the start
};
inline constexpr SweepAim kSweepAims[] = {SweepAim::kDoubled, SweepAim::kToHalf, SweepAim::kHalved};
double aimed_share(SweepAim aim, double start_share);

// At the strength where the share meets the aim. Between two strengths that were measured every
// figure is linear.
struct SweepSummary {
  double start_share = 0, target_share = 0;
  double strength = 0;
  double ndcg_loss = 0;        // relative to the unsteered list: 0.02 is 2 %
  Interval loss;               // of ndcg_loss
  double unchanged = 0;        // part of the users whose list is the unsteered one
  double unmoved = 0;          // kHalved: of those who have some, who lose none; else: who gain none
  std::vector<double> change;  // by attribute: of its share
};

// None if the points do not reach the aim, or the unsteered lists are beyond it.
std::optional<SweepSummary> summarize_sweep(const Sweep& sweep, uint32_t attribute, SweepAim aim);

// The strength to measure next, so that the summary need not be taken between points that are far
// apart: none if a point is near enough, or none reaches the aim.
std::optional<float> strength_near(const Sweep& sweep, uint32_t attribute, SweepAim aim);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_SWEEP_SUMMARY_H_
