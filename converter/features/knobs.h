// SPDX-License-Identifier: Apache-2.0
//
// Builds knobs and measures what they do. A knob is the wish for its attribute, with rewards by which
// +1 gives the median person one item of ten more; it has SAE features beside it only where they make
// lists better on users that did not choose them.
#ifndef PINTLE_CONVERTER_FEATURES_KNOBS_H_
#define PINTLE_CONVERTER_FEATURES_KNOBS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "converter/file/model_parts.h"
#include "converter/io/thread_pool.h"
#include "converter/network/interpretation.h"
#include "converter/run/histories.h"

namespace pintle::converter {

struct KnobOptions {
  uint32_t sae = 0;        // whose features, where the interpretation has SAEs
  size_t min_items = 100;  // attributes of fewer items (memberships summed) get no knob
  // Attributes (group, name) that get no knob, and why.
  std::map<std::pair<std::string, std::string>, std::string> without;
  size_t features = 8;        // at most so many a knob
  size_t effect_users = 400;  // whose lists show each feature's own effect
  size_t curve_users = 2500;  // whose lists calibrate the knobs
};

// The popularity knob's unit: one moves the mean popularity rank of the top 10 by so much near zero.
inline constexpr double kPopularityOfUnit = 0.05;

// An attribute without a knob.
struct RefusedKnob {
  std::string attribute_group, attribute_name, reason;
};

struct BuiltKnobs {
  std::vector<Knob> knobs;
  std::vector<RefusedKnob> refused;
  float temperature = 0, wish_unit = 0;  // see Interpretation
};

// A knob for every attribute of at least min_items items, in the catalogue's order, and, with an SAE,
// one for popularity, of features alone. The temperature is fitted; the unit of wishes is the median
// of the reward at +1 over the knobs of whole attributes, else over all knobs, and without one
// worth_of_last_entry. The users' last events are
// held out: never pass test users.
// REQUIRES: the SAE, if there is one, has statistics.
BuiltKnobs build_knobs(const ModelParts& parts, const Interpretation& interpretation,
                       const Histories& training, const KnobOptions& options, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_KNOBS_H_
