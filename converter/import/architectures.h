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
#include "converter/import/configuration.h"
#include "converter/network/network.h"

namespace pintle::converter {

// Throws Error when no recipe or more than one fits, when a tensor is missing, misshapen or not
// finite, when a value that tensors do not tell is not told, and, unless forced, when what the
// checkpoint or its configuration says contradicts the recipe, however that was chosen.
Network import_network(const Checkpoint& checkpoint, const ImportOptions& options);

// What recognition makes of a checkpoint, for people: a line or more a recipe, the best first.
struct RecipeFit {
  std::string name, description, framework;
  size_t bound = 0, required = 0;           // tensors that it asks for
  std::vector<std::string> problems;        // missing and misshapen tensors
  std::vector<std::string> contradictions;  // what speaks against it all the same
  std::vector<std::string> unused;          // tensors that it would leave
};
std::vector<RecipeFit> fit_recipes(const Checkpoint& checkpoint, const ImportOptions& options);

std::vector<std::string> builtin_recipe_names();  // in the order that `pintle recipes` lists
// The recipe's file, verbatim. Throws Error, listing the names, if there is no such recipe.
std::string builtin_recipe_text(const std::string& name);
std::string builtin_recipe_description(const std::string& name);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_ARCHITECTURES_H_
