// SPDX-License-Identifier: Apache-2.0
//
// Builds knobs and measures what they do. A knob's effect comes from two parts that grow together
// with its strength: a signed set of SAE features, chosen for the effect on its attribute's share
// and against every other change, and a bonus in probability (runtime/scan/knob_scores.h), which
// adds the attribute's items where they cost the fewest expected hits.
#ifndef PINTLE_CONVERTER_FEATURES_KNOBS_H_
#define PINTLE_CONVERTER_FEATURES_KNOBS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "converter/file/model_parts.h"
#include "converter/io/thread_pool.h"
#include "converter/network/interpretation.h"
#include "converter/run/histories.h"

namespace pintle::converter {

struct KnobOptions {
  uint32_t sae = 0;           // whose features
  size_t min_items = 100;     // attributes of fewer items get no knob
  size_t features = 8;        // at most so many a knob
  size_t effect_users = 400;  // whose lists show each feature's own effect
  size_t curve_users = 1500;  // whose lists calibrate the knobs
};

// One unit of strength moves the attribute's share of the top 10 by so much (the popularity knob:
// the items' mean popularity rank), on the training histories, near zero.
inline constexpr double kShareOfUnit = 0.05;

// A knob for every attribute of at least min_items items, in the catalogue's order, and one for
// popularity, without an attribute. Their last events are held out: never pass test users.
// REQUIRES: the SAE has statistics.
std::vector<Knob> build_knobs(const ModelParts& parts, const Interpretation& interpretation,
                              const Histories& training, const KnobOptions& options,
                              ThreadPool* pool);

// The temperature at which softmax(score / T) over the catalogue gives the histories' last events
// the highest likelihood: 1 for a network trained by cross-entropy over the catalogue.
float fit_temperature(const Model& model, const Histories& histories);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_KNOBS_H_
