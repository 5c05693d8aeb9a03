// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_COMMANDS_COMPARISON_TEXT_H_
#define PINTLE_CONVERTER_COMMANDS_COMPARISON_TEXT_H_

#include <cstddef>

#include "converter/features/comparison.h"

namespace pintle::converter {

// The table of `label --evidence`.
void print_comparison(const Comparison& comparison, size_t features);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_COMPARISON_TEXT_H_
