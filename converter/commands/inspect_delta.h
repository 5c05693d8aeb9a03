// SPDX-License-Identifier: Apache-2.0
//
// What `pintle inspect` tells of a delta.
#ifndef PINTLE_CONVERTER_COMMANDS_INSPECT_DELTA_H_
#define PINTLE_CONVERTER_COMMANDS_INSPECT_DELTA_H_

#include <nlohmann/json.hpp>
#include <string>

namespace pintle::converter {

// Reads the metadata alone: whether the delta is sound is seen with its model (pintle verify). Throws Error if
// the metadata is none.
nlohmann::ordered_json describe_delta(const std::string& path);
void print_delta(const nlohmann::ordered_json& delta);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_INSPECT_DELTA_H_
