// SPDX-License-Identifier: Apache-2.0
#include "runtime/scan/knob_scores.h"

#include <assert.h>
#include <math.h>

#include "runtime/network/transformer.h"
#include "runtime/scan/panel_scorer.h"

namespace pintle::internal {
namespace {

// Where items without any probability left begin, in units of the temperature below log Z: far
// below what a trained network gives to any item.
constexpr float kNoProbability = -80.0f;

float log_partition(Session* session, float temperature) {
  const Model& model = *session->model;
  double largest = -INFINITY, sum = 0;  // of exp(score / T - largest)
  PanelScorer(session, session->hidden())
      .visit_all([&](uint32_t first, uint32_t count, float* scores) {
        for (uint32_t i = 0; i < count; i += kPanelRows) {
          const uint32_t trained = model.catalogue.trained_of_panel((first + i) / kPanelRows);
          for (uint32_t r = 0; trained != 0xffff && r < kPanelRows && i + r < count; ++r) {
            if ((trained >> r & 1) == 0) scores[i + r] = -INFINITY;
          }
        }
        float chunk_largest;
        const double chunk_sum = static_cast<double>(
            model.kernels.exp_sum_f32(scores, count, 1 / temperature, &chunk_largest));
        if (chunk_sum == 0) return;
        const double exponent = static_cast<double>(chunk_largest);
        const double new_largest = exponent > largest ? exponent : largest;
        sum = sum * exp(largest - new_largest) + chunk_sum * exp(exponent - new_largest);
        largest = new_largest;
      });
  return static_cast<float>(largest + log(sum));
}

float with_bonus(float score, float bonus, float temperature, float log_z) {
  const float probability = expf(score / temperature - log_z) + bonus;
  if (probability > 0) return temperature * (logf(probability) + log_z);
  return temperature * (log_z + kNoProbability + probability);
}

// The least score that with_bonus may take above `wanted`, less what f32 rounds on the way there and
// back: far more than it can be, as a bound that is too low costs a comparison and one that is too
// high an item.
double score_before_bonus(double wanted, double bonus, double temperature, double log_z) {
  constexpr double kRounding = 1e-6, kLibm = 1e-5;  // 16 units in the last place; exp and log
  const double exponent = wanted / temperature;
  if (!(exponent > log_z + static_cast<double>(kNoProbability) + 1 + kRounding * fabs(log_z))) {
    return -INFINITY;  // among items without probability; or log_z is no number
  }
  const double slack = kLibm + kRounding * (fabs(exponent) + fabs(log_z));
  const double sum = exp(exponent - log_z - slack);
  const double probability = sum - bonus - kRounding * (sum + fabs(bonus));
  if (!(probability > 0)) return -INFINITY;
  const double before = log(probability) + log_z;
  return temperature * (before - slack - kRounding * fabs(before));
}

}  // namespace

void prepare_knob_scores(Session* session, const Steering& steering) {
  const Model& model = *session->model;
  float* partitions = session->scan.log_partitions.front(model.knob_count);
  if (!session->cache.has_partitions()) {
    for (uint32_t i = 0; i < model.knob_count; ++i) partitions[i] = NAN;
    session->cache.partitions_started();
  }
  steering.for_each_knob([&](const KnobView& knob, float strength) {
    float& wanted = partitions[&knob - model.knobs];
    if (strength * knob.table->attribute_bonus() == 0 || !isnan(wanted)) return;
    const float temperature = knob.table->temperature();
    for (uint32_t i = 0; i < model.knob_count && isnan(wanted); ++i) {
      if (model.knobs[i].table->temperature() == temperature) wanted = partitions[i];
    }
    if (!isnan(wanted)) return;
    update_hidden(session);
    wanted = log_partition(session, temperature);
  });
}

KnobScores::KnobScores(const Session& session, const Steering& steering)
    : session_(session), steering_(steering) {
  steering.for_each_knob([&](const KnobView& knob, float strength) {
    const Addition addition = addition_of(knob, strength);
    is_active_ = is_active_ || addition.is_active;
    if (knob_count_ < kKept) additions_[knob_count_] = addition;
    ++knob_count_;
  });
}

KnobScores::Addition KnobScores::addition_of(const KnobView& knob, float strength) const {
  const fb::Knob& table = *knob.table;
  Addition addition = {};
  addition.bias = strength * table.attribute_bias();
  addition.bonus = strength * table.attribute_bonus();
  addition.temperature = table.temperature();
  const Model& model = *session_.model;
  addition.log_z = session_.scan.log_partitions.front(model.knob_count)[&knob - model.knobs];
  if (table.attribute() < 0 || (addition.bias == 0 && addition.bonus == 0)) return addition;
  addition.attribute = static_cast<uint32_t>(table.attribute());
  addition.is_active = model.catalogue.get_items(addition.attribute, &addition.items,
                                                 &addition.item_count) == PINTLE_OK;
  return addition;
}

float KnobScores::Addition::apply(float score) const {
  score += bias;
  return bonus == 0 ? score : with_bonus(score, bonus, temperature, log_z);
}

float KnobScores::apply_knobs(uint32_t item, float score) const {
  size_t index = 0;
  steering_.for_each_knob([&](const KnobView& knob, float strength) {
    const size_t i = index++;
    const Addition addition = i < kKept ? additions_[i] : addition_of(knob, strength);
    if (addition.is_active && session_.model->catalogue.has_attribute(item, addition.attribute)) {
      score = addition.apply(score);
    }
  });
  return score;
}

uint32_t KnobScores::walk_to(size_t panel, Walk* walk) const {
  assert(can_walk());
  const uint32_t first = static_cast<uint32_t>(panel * kPanelRows);
  uint32_t all = 0;
  for (size_t i = 0; i < knob_count_; ++i) {
    const Addition& addition = additions_[i];
    walk->rows[i] = 0;
    if (!addition.is_active) continue;
    const uint32_t* items = addition.items;
    uint32_t next = walk->next[i], step = 1;
    // By doubling steps, then back by halves: a walk that starts in the middle, or skips far, is
    // short too.
    while (step < addition.item_count - next && items[next + step] < first) {
      next += step;
      step *= 2;
    }
    for (; step > 0; step /= 2) {
      if (step < addition.item_count - next && items[next + step] < first) next += step;
    }
    while (next < addition.item_count && items[next] < first) ++next;  // 0 or 1 times
    walk->next[i] = next;
    for (; next < addition.item_count && items[next] - first < kPanelRows; ++next) {
      walk->rows[i] |= 1u << (items[next] - first);
    }
    all |= walk->rows[i];
  }
  return all;
}

float KnobScores::apply(const Walk& walk, int row, float score) const {
  for (size_t i = 0; i < knob_count_; ++i) {
    if ((walk.rows[i] >> row & 1) != 0) score = additions_[i].apply(score);
  }
  return score;
}

float KnobScores::knob_bound(float threshold) const {
  double bound = static_cast<double>(threshold);
  size_t index = knob_count_;
  steering_.for_each_knob_backwards([&](const KnobView& knob, float strength) {
    const size_t i = --index;
    const Addition addition = i < kKept ? additions_[i] : addition_of(knob, strength);
    if (!addition.is_active) return;
    double before = bound;
    if (addition.bonus != 0) {
      before = score_before_bonus(bound, static_cast<double>(addition.bonus),
                                  static_cast<double>(addition.temperature),
                                  static_cast<double>(addition.log_z));
    }
    const double bias = static_cast<double>(addition.bias);
    if (before > -INFINITY) before += -bias - 1e-6 * (fabs(before) + fabs(bias));
    if (before < bound) bound = before;  // false for a bound of NaN: it stays
  });
  return static_cast<float>(bound);
}

}  // namespace pintle::internal
