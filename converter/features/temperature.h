// SPDX-License-Identifier: Apache-2.0
//
// From a network's scores to probabilities, and what a place in a list is worth in them.
#ifndef PINTLE_CONVERTER_FEATURES_TEMPERATURE_H_
#define PINTLE_CONVERTER_FEATURES_TEMPERATURE_H_

#include <vector>

#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// By item: whether it can be recommended. Probabilities are over these.
std::vector<bool> trained_items(const Model& model);

// exp(score / temperature) over its sum; 0 of items that were not trained. One score an item.
std::vector<double> softmax(const std::vector<float>& scores, const std::vector<bool>& trained,
                            double temperature);

// The temperature at which softmax over what a list may hold, the trained items that the history lacks,
// gives the histories' last events the highest likelihood: near 1 for a network trained by cross-entropy
// over the catalogue. Last events that the history has do not count; 1 if there are no others.
float fit_temperature(const Model& model, const Histories& histories);

// What the last of ten entries adds to a list's expected DCG, p / log2(11), for the median user: a
// reward of a wish that about one item of ten follows, where no knob's own is known.
float worth_of_last_entry(const Model& model, const Histories& histories, float temperature);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_TEMPERATURE_H_
