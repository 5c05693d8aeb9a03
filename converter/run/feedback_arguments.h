// SPDX-License-Identifier: Apache-2.0
//
// Feedback for a profile as people write it on a command line.
#ifndef PINTLE_CONVERTER_RUN_FEEDBACK_ARGUMENTS_H_
#define PINTLE_CONVERTER_RUN_FEEDBACK_ARGUMENTS_H_

#include <string>
#include <vector>

#include "pintle/pintle.hpp"

namespace pintle::converter {

extern const char kFeedbackHelp[];

// "like:318", "less-of:genres/Horror", in their order, of weight 1 and no time. Throws Error, quoting the
// argument and naming what would be right, and for more than a profile holds.
std::vector<pintle_feedback> parse_feedback(const Model& model,
                                            const std::vector<std::string>& given);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_FEEDBACK_ARGUMENTS_H_
