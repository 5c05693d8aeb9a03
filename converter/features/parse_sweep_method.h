// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_FEATURES_PARSE_SWEEP_METHOD_H_
#define PINTLE_CONVERTER_FEATURES_PARSE_SWEEP_METHOD_H_

#include <string>

#include "converter/features/sweep.h"

namespace pintle::converter {

// "knob", "bonus", "reweight", "reweight-ordered", "quota", "direction" or "feature:[SAE:]INDEX"; knob
// is left 0. Throws Error.
SweepMethod parse_sweep_method(const Model& model, const std::string& text);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_PARSE_SWEEP_METHOD_H_
