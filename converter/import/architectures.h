// SPDX-License-Identifier: Apache-2.0
//
// From a checkpoint to a Network: finds the recipe that fits, or takes the one that is told.
#ifndef PINTLE_CONVERTER_IMPORT_ARCHITECTURES_H_
#define PINTLE_CONVERTER_IMPORT_ARCHITECTURES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "converter/import/checkpoint.h"
#include "converter/network/network.h"

namespace pintle::converter {

struct ImportOptions {
  std::string arch;              // a built-in recipe's name; empty: recognise
  std::string recipe_path;       // a recipe file of the user's; not together with arch
  std::string config_path;       // Hugging Face config.json or a flat JSON; empty: none
  std::optional<int64_t> heads;  // goes before every configuration
};

// Throws Error when no recipe or more than one fits, when a tensor is missing, misshapen or not
// finite, and when a value that tensors do not tell is not told.
Network import_network(const Checkpoint& checkpoint, const ImportOptions& options);

std::vector<std::string> builtin_recipe_names();  // in the order that `pintle recipes` lists
// The recipe's file, verbatim. Throws Error, listing the names, if there is no such recipe.
std::string builtin_recipe_text(const std::string& name);
std::string builtin_recipe_description(const std::string& name);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_ARCHITECTURES_H_
