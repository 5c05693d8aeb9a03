// SPDX-License-Identifier: Apache-2.0
#include "knob_scores.h"

#include <math.h>

#include "panel_scorer.h"

namespace pintle {
namespace {

// exp of less than this is lost in an f32 sum whose largest term is 1.
constexpr float kNegligible = -20.0f;
// Where items without any probability left begin, in units of the temperature below log Z: far
// below what a trained network gives to any item.
constexpr float kNoProbability = -80.0f;

float log_partition(const Session& session, float temperature) {
  PanelScorer scorer(session, session.buffers.hidden);
  const Catalogue& catalogue = session.model->catalogue;
  float largest = -INFINITY;
  double sum = 0;  // of exp(score / T - largest)
  scorer.scan([&](uint32_t first, uint32_t count, float* scores) {
    for (uint32_t i = 0; i < count; ++i) {
      if (!catalogue.is_trained(first + i)) scores[i] = -INFINITY;
    }
    float chunk_largest = largest;
    for (uint32_t i = 0; i < count; ++i) {
      if (scores[i] > chunk_largest * temperature) chunk_largest = scores[i] / temperature;
    }
    if (chunk_largest > largest) {
      sum *= exp(static_cast<double>(largest) - static_cast<double>(chunk_largest));
      largest = chunk_largest;
    }
    for (uint32_t i = 0; i < count; ++i) {
      const float exponent = scores[i] / temperature - largest;
      if (exponent > kNegligible) sum += static_cast<double>(expf(exponent));
    }
  });
  return largest + static_cast<float>(log(sum));
}

float with_bonus(float score, float bonus, float temperature, float log_z) {
  const float probability = expf(score / temperature - log_z) + bonus;
  if (probability > 0) return temperature * (logf(probability) + log_z);
  return temperature * (log_z + kNoProbability + probability);
}

}  // namespace

void prepare_knob_scores(Session* session, const Steering& steering) {
  const Model& model = *session->model;
  float* partitions = session->buffers.log_partitions;
  if (!session->partitions_ready) {
    for (uint32_t i = 0; i < model.knob_count; ++i) partitions[i] = NAN;
    session->partitions_ready = true;
  }
  steering.for_each_knob([&](const KnobView& knob, float strength) {
    float& wanted = partitions[&knob - model.knobs];
    if (strength * knob.table->attribute_bonus() == 0 || !isnan(wanted)) return;
    const float temperature = knob.table->temperature();
    for (uint32_t i = 0; i < model.knob_count && isnan(wanted); ++i) {
      if (model.knobs[i].table->temperature() == temperature) wanted = partitions[i];
    }
    if (isnan(wanted)) wanted = log_partition(*session, temperature);
  });
}

void add_knob_scores(const Session& session, const Steering& steering, uint32_t first,
                     uint32_t count, float* scores) {
  const Model& model = *session.model;
  const Catalogue& catalogue = model.catalogue;
  steering.for_each_knob([&](const KnobView& knob, float strength) {
    const float log_z = session.buffers.log_partitions[&knob - model.knobs];
    const float bias = strength * knob.table->attribute_bias();
    const float bonus = strength * knob.table->attribute_bonus();
    const uint32_t* items;
    uint32_t item_count;
    if ((bias == 0 && bonus == 0) || knob.table->attribute() < 0 ||
        catalogue.get_items(static_cast<uint32_t>(knob.table->attribute()), &items, &item_count) !=
            PINTLE_OK) {
      return;
    }
    uint32_t low = 0, high = item_count;  // becomes the first of them at or after `first`
    while (low < high) {
      const uint32_t middle = low + (high - low) / 2;
      if (items[middle] < first) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    for (; low < item_count && items[low] >= first && items[low] - first < count; ++low) {
      float& score = scores[items[low] - first];
      score += bias;
      if (bonus != 0) {
        score = with_bonus(score, bonus, knob.table->temperature(), log_z);
      }
    }
  });
}

}  // namespace pintle
