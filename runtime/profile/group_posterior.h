// SPDX-License-Identifier: Apache-2.0
//
// What feedback says of one group of items (an attribute, a concept): a naive-Bayes gate between three hypotheses,
// that nothing about it has changed, that the person now avoids it, that they now want it.
//
// Each hypothesis is a tilt t of the group's odds: 0, kAvoid, kWant. Under it, feedback for an item (s = +1) or
// against one (s = -1) falls on the group's items exp(t s) times as often, by odds, as it would anyway. With mu the
// group's share of what the person meets, an item of membership m then has the log-likelihood ratio
//
//   l(t, s, m) = m log(e + (1 - e) exp(t s) / z) + (1 - m) log(e + (1 - e) / z),  z = 1 - mu + mu exp(t s),
//
// e = kNoise of the feedback being about something else. These add up over feedback (an exponential family: sums of
// weights are sufficient), sharpened by kSharpness, with a prior for each hypothesis and what the person stated of the
// group itself; the group's weight is the posterior mean of kAvoided and kWanted, less what the priors alone
// give. One feedback so changes little, and random feedback, which speaks for no hypothesis, next to nothing;
// what is consistent soon changes as much as it ever will.
#ifndef PINTLE_RUNTIME_PROFILE_GROUP_POSTERIOR_H_
#define PINTLE_RUNTIME_PROFILE_GROUP_POSTERIOR_H_

#include <math.h>
#include <stdint.h>

#include "pintle/pintle.h"

namespace pintle::internal {

// How much one feedback of a kind says for its items (> 0) or against them. tests/bench/show/profile.py has what these
// and the numbers below were chosen by.
inline double response_of(uint32_t kind) {
  constexpr double kResponses[] = {
      1,   // LIKE
      -1,  // DISLIKE
      -1,  // NOT_INTERESTED
      0,   // SEEN_ELSEWHERE
      1,   // MORE_LIKE
      -1,  // LESS_LIKE
      1,   // FINISH
      0,   // SKIP
      1,   // MORE_OF, of the attribute alone
      -1   // LESS_OF
  };
  return kResponses[kind];
}

struct GroupEvidence {
  // Weights of the feedback for ([0]) and against ([1]) items: on the group's, by membership, and on others.
  double with[2], without[2];
  double stated;  // MORE_OF less LESS_OF
};

class GroupPosterior {
 public:
  // mu: the group's share of what the person meets, in (0, 1).
  static float weight(const GroupEvidence& evidence, double mu) {
    constexpr double kAvoid = -2, kWant = 5;
    constexpr double kStatedAvoid = -7, kStatedWant = 10, kMostStated = 2;
    const double stated = fmin(fmax(evidence.stated, -kMostStated), kMostStated);
    return static_cast<float>(mean(ratio(evidence, mu, kAvoid) + kStatedAvoid * stated,
                                   ratio(evidence, mu, kWant) + kStatedWant * stated) -
                              mean(0, 0));
  }

 private:
  // The posterior mean, by the hypotheses' log-likelihood ratios.
  static double mean(double avoids, double wants) {
    constexpr double kAvoidPrior = -4.4, kWantPrior = -7, kAvoided = -2.5, kWanted = 4.25,
                     kMost = 60;
    const double avoid = exp(fmin(avoids + kAvoidPrior, kMost));
    const double want = exp(fmin(wants + kWantPrior, kMost));
    return (kAvoided * avoid + kWanted * want) / (1 + avoid + want);
  }
  // The log-likelihood ratio of tilt t.
  static double ratio(const GroupEvidence& evidence, double mu, double t) {
    constexpr double kNoise = 0.05, kSharpness = 1.4;
    double sum = 0;
    for (int against = 0; against < 2; ++against) {
      if (evidence.with[against] + evidence.without[against] == 0) continue;
      const double tilt = exp(against ? -t : t), z = 1 - mu + mu * tilt;
      sum += evidence.with[against] * log(kNoise + (1 - kNoise) * tilt / z) +
             evidence.without[against] * log(kNoise + (1 - kNoise) / z);
    }
    return kSharpness * sum;
  }
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_PROFILE_GROUP_POSTERIOR_H_
