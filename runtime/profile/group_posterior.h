// SPDX-License-Identifier: Apache-2.0
//
// What feedback says of groups of items (attributes, concepts): a naive-Bayes gate between three hypotheses for each,
// that nothing about it has changed, that the person now avoids it, that they now want it.
//
// Each hypothesis is a tilt t of the group's odds: 0, -2.5, 5. Under it, feedback for an item (s = +1) or against one
// (s = -1) falls on the group's items exp(t s) times as often, by odds, as it would anyway. With mu the group's
// share of what the person meets, an item of membership m then has the log-likelihood ratio
//
//   l(t, s, m) = m log(e + (1 - e) exp(t s) / z) + (1 - m) log(e + (1 - e) / z),  z = 1 - mu + mu exp(t s),
//
// e = kNoise of the feedback being about something else. These add up over feedback (an exponential family: sums of
// weights are sufficient), sharpened by kSharpness, with a prior for each hypothesis and what the person stated of the
// group itself, to the odds A that it is avoided and W that it is wanted. Groups compete to explain feedback: the
// others' odds count against one, R = min(sum of their A + W, kMostRivals) in all, but not those that the person spoke of
// themselves. The weight is the posterior mean (kAvoided A + kWanted W) / (1 + A + W + R), nats of odds, and 0
// below kLeastWeight: random feedback, which speaks for no hypothesis, changes nothing; what is consistent soon changes
// as much as it ever will.
//
// What a person always liked is another matter: the network's scores have it as soon as there are events, and a wish
// for a change would overdo it. A preference adds what `pintle cold-start` finds best on MovieLens-1M and Amazon
// Beauty (tests/bench/show/personal.py): .5 nats up to the second event, .25 from the third on.
#ifndef PINTLE_RUNTIME_PROFILE_GROUP_POSTERIOR_H_
#define PINTLE_RUNTIME_PROFILE_GROUP_POSTERIOR_H_

#include <math.h>
#include <stdint.h>

#include "pintle/pintle.h"

namespace pintle::internal {

// How much one feedback of a kind says for its items (> 0) or against them. These and the numbers below
// were chosen on people of `pintle simulate` whom its reports are not about.
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
      -1,  // LESS_OF
      1    // PREFERS, the same
  };
  return kResponses[kind];
}

// Whether the network has taken over from what people said they prefer.
inline bool is_handed_over(uint64_t events) { return events >= 3; }

struct GroupEvidence {
  // Weights of the feedback for ([0]) and against ([1]) items: on the group's, by membership, and on others.
  double with[2], without[2];
  double stated;  // MORE_OF less LESS_OF
};

// The odds of both hypotheses against none.
struct GroupOdds {
  double avoids, wants;
  double sum() const { return avoids + wants; }
};

// Logarithms that the likelihoods of a group of one share are made of: [hypothesis][for, against].
class GroupLogs {
 public:
  // A group's share of what the person meets is taken to be inside these.
  static constexpr double kLeastShare = 0.001, kMostShare = 0.999;

  // Those of a share, as far as the evidence asks for them: logarithms are most of what learning costs.
  GroupLogs(const GroupEvidence& evidence, double mu) {
    for (int h = 0; h < 2; ++h) {
      for (int s = 0; s < 2; ++s) {
        const double tilt = kTilts[h][s], z = 1 - mu + mu * tilt;
        if (evidence.with[s] != 0) with_[h][s] = log(kNoise + (1 - kNoise) * tilt / z);
        if (evidence.without[s] != 0) without_[h][s] = log(kNoise + (1 - kNoise) / z);
      }
    }
  }
  // The log-likelihood ratio of a hypothesis. REQUIRES: evidence of the constructor's, or with more zeros.
  double ratio(const GroupEvidence& evidence, int h) const {
    constexpr double kSharpness = 1.4;
    double sum = 0;
    for (int s = 0; s < 2; ++s) {
      sum += evidence.with[s] * with_[h][s] + evidence.without[s] * without_[h][s];
    }
    return kSharpness * sum;
  }

 private:
  static constexpr double kNoise = 0.05;
  // exp(-2.5) and exp(5), of odds, and one over them where feedback is against items.
  static constexpr double kTilts[2][2] = {{0.0820849986238988, 12.182493960703473},
                                          {148.4131591025766, 0.006737946999085467}};
  double with_[2][2] = {}, without_[2][2] = {};
};

class GroupPosterior {
 public:
  // No weight's magnitude is above it.
  static constexpr double kWanted = 4.25;
  // More odds of others than these make no difference.
  static constexpr double kMostRivals = 10;

  static GroupOdds odds(const GroupEvidence& evidence, const GroupLogs& logs) {
    // Odds whose logarithms are both below kNone are none to weights and rivals, to the last bit.
    constexpr double kStatedAvoid = -8, kStatedWant = 11, kMostStated = 2, kMostLog = 20,
                     kNone = -24;
    const double stated = least(most(evidence.stated, -kMostStated), kMostStated);
    const double avoids = logs.ratio(evidence, 0) + kStatedAvoid * stated + kAvoidPrior;
    const double wants = logs.ratio(evidence, 1) + kStatedWant * stated + kWantPrior;
    if (avoids < kNone && wants < kNone) return {0, 0};
    return {exp(least(avoids, kMostLog)), exp(least(wants, kMostLog))};
  }
  // Of a group that no feedback touches.
  static double untouched_sum() { return exp(kAvoidPrior) + exp(kWantPrior); }

  // rivals: the sum of the others' odds.
  static float weight(const GroupOdds& odds, double rivals) {
    constexpr double kAvoided = -2.5, kLeastWeight = 0.5;
    const double sum = kAvoided * odds.avoids + kWanted * odds.wants;
    const double whole = 1 + odds.sum() + least(most(rivals, 0), kMostRivals);
    // Of most groups, without a division.
    if (fabs(sum) < kLeastWeight * 0.999 * whole) return 0;
    const double weight = sum / whole;
    return fabs(weight) < kLeastWeight ? 0 : static_cast<float>(weight);
  }

  // preferred: weights of PREFERS.
  static float with_preference(float weight, double preferred, bool is_handed_over) {
    const double more = least(most(preferred, 0), 1) * (is_handed_over ? 0.25 : 0.5);
    return static_cast<float>(least(static_cast<double>(weight) + more, kWanted));
  }

 private:
  static constexpr double kAvoidPrior = -4, kWantPrior = -7;

  // fmin and fmax are calls.
  static double least(double a, double b) { return a < b ? a : b; }
  static double most(double a, double b) { return a > b ? a : b; }
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_PROFILE_GROUP_POSTERIOR_H_
