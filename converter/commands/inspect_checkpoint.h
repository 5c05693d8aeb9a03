// SPDX-License-Identifier: Apache-2.0
//
// What `pintle inspect` says of a checkpoint: all that a person needs to write a recipe for it.
#ifndef PINTLE_CONVERTER_COMMANDS_INSPECT_CHECKPOINT_H_
#define PINTLE_CONVERTER_COMMANDS_INSPECT_CHECKPOINT_H_

#include <nlohmann/json.hpp>
#include <string>

namespace pintle::converter {

// Tensors, configuration, modules, ids, and how well each built-in recipe fits. config_path: as
// `pintle convert --config` takes it, or empty.
nlohmann::ordered_json describe_checkpoint(const std::string& path, const std::string& config_path);
void print_checkpoint(const nlohmann::ordered_json& checkpoint);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_INSPECT_CHECKPOINT_H_
