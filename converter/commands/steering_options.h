// SPDX-License-Identifier: Apache-2.0
//
// Options that several verbs share.
#ifndef PINTLE_CONVERTER_COMMANDS_STEERING_OPTIONS_H_
#define PINTLE_CONVERTER_COMMANDS_STEERING_OPTIONS_H_

#include <CLI/CLI.hpp>

#include "converter/run/steering_arguments.h"

namespace pintle::converter {

// --steer-mode and --steer-at.
inline void add_steering_options(CLI::App* verb, SteeringArguments* arguments) {
  verb->add_option(
          "--steer-mode", arguments->mode,
          "delta: add what the edits change. replace: also put the SAE's reconstruction in "
          "the state's place, as the paper does, which costs accuracy by itself")
      ->capture_default_str()
      ->check(CLI::IsMember({"delta", "replace"}));
  verb->add_option("--steer-at", arguments->at,
                   "Edit the state of the newest event, or those of all events in the window")
      ->capture_default_str()
      ->check(CLI::IsMember({"last", "all"}));
}

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_STEERING_OPTIONS_H_
