// SPDX-License-Identifier: Apache-2.0
//
// What knobs add to the scores of items that have their attribute.
//
// Why a probability: let p_i be the network's probability that item i comes next. The list of k
// items that keeps the most expected hits, sum p_i, while it holds a given share of an attribute
// over all users, is, by a Lagrange multiplier b, the top k by p_i + b [i has the attribute]: an
// item comes in wherever it costs less than b hits, and not where it would cost more. A constant in
// score space
// ("re-weighting") multiplies p_i instead and pays the same factor to users who would lose much.
//
//   p_i = exp(score_i / T) / Z,  Z = sum_j exp(score_j / T) over the trained items, both unsteered
//   score'_i = T log((p_i + b) Z) = T log(exp(score_i / T) + b Z)
//
// An item with p_i + b <= 0 (b < 0) comes after all that stay positive, in the order of p_i + b.
#ifndef PINTLE_RUNTIME_SCAN_KNOB_SCORES_H_
#define PINTLE_RUNTIME_SCAN_KNOB_SCORES_H_

#include "runtime/network/steering.h"
#include "runtime/session/session.h"

namespace pintle::internal {

// Makes the session's scan.log_partitions current for `steering`'s knobs: log Z at their temperatures.
// Scans the catalogue once a history and temperature. REQUIRES: update_hidden.
void prepare_knob_scores(Session* session, const Steering& steering);

// What one call's knobs make of the network's scores. REQUIRES: prepare_knob_scores.
class KnobScores {
 public:
  // Both outlive this.
  KnobScores(const Session& session, const Steering& steering);

  // The score of `item`, whose network score is `score`. Without an active knob the same bits.
  float apply(uint32_t item, float score) const {
    return is_active_ ? apply_knobs(item, score) : score;
  }
  // A network score at or below the result cannot end above `threshold`, whatever the item's
  // attributes: what a scan compares with, so that the few items above are all that pay for exp and
  // log. NaN stays NaN; without an active knob `threshold` itself.
  float bound(float threshold) const { return is_active_ ? knob_bound(threshold) : threshold; }
  bool is_active() const { return is_active_; }

  // Which of a panel's rows each knob is about, for a scan in ascending order: it walks along the
  // attributes' item lists, which costs a tenth of looking up the attributes of every item.
  static constexpr size_t kKept = 8;
  struct Walk {
    uint32_t next[kKept] = {};  // into each knob's items
    uint32_t rows[kKept];       // bit r: row r of the latest panel has the knob's attribute
  };
  // Whether there are few enough knobs for a Walk.
  bool can_walk() const { return knob_count_ <= kKept; }
  // Moves on to `panel` and returns the union of walk->rows. REQUIRES: can_walk(); ascending panels.
  uint32_t walk_to(size_t panel, Walk* walk) const;
  // apply for a row of that panel: the same bits.
  float apply(const Walk& walk, int row, float score) const;

 private:
  // What one knob edit does to the items of its attribute.
  struct Addition {
    bool is_active;  // or it changes no score
    uint32_t attribute;
    float bias, bonus, temperature, log_z;
    const uint32_t* items;  // that have the attribute
    uint32_t item_count;

    float apply(float score) const;
  };
  Addition addition_of(const KnobView& knob, float strength) const;
  float apply_knobs(uint32_t item, float score) const;
  float knob_bound(float threshold) const;

  const Session& session_;
  const Steering& steering_;
  Addition additions_[kKept];  // of the first knob edits; the others' are made anew at every use
  size_t knob_count_ = 0;
  bool is_active_ = false;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_KNOB_SCORES_H_
