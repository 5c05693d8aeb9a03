// SPDX-License-Identifier: Apache-2.0
//
// Steering as people write it on a command line.
#ifndef PINTLE_CONVERTER_RUN_STEERING_ARGUMENTS_H_
#define PINTLE_CONVERTER_RUN_STEERING_ARGUMENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pintle/pintle.hpp"

namespace pintle::converter {

// What --knob, --steer, --steer-mode and --steer-at were given.
struct SteeringArguments {
  std::vector<std::string> knobs, edits;
  std::string mode = "delta", at = "last";
};

// The grammars of --knob and --steer, for --help.
extern const char kKnobHelp[], kSteerHelp[];

struct SteeringSet {
  std::vector<pintle_edit> edits;
  uint32_t flags = 0;  // PINTLE_STEER_*
};

// PINTLE_STEER_* of "delta" or "replace" and "last" or "all". Throws Error for anything else.
uint32_t parse_steering_flags(const std::string& mode, const std::string& at);

// Checked against the model: a set that this returns is one that the runtime accepts. Throws Error,
// quoting the argument and naming the part of it that is wrong and what would be right.
SteeringSet parse_steering(const Model& model, const SteeringArguments& arguments);

// "[SAE:]INDEX", an SAE by its number or name (none: number 0), of `where`. Throws Error.
struct FeatureName {
  uint32_t sae = 0, feature = 0;
};
FeatureName parse_feature(const Model& model, const std::string& text, const std::string& where);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_STEERING_ARGUMENTS_H_
