// SPDX-License-Identifier: Apache-2.0
//
// What in a checkpoint speaks against a recipe although every tensor that it asks for is there. The
// same checks whether the recipe was recognised, named or written by the user.
#ifndef PINTLE_CONVERTER_IMPORT_CONTRADICTIONS_H_
#define PINTLE_CONVERTER_IMPORT_CONTRADICTIONS_H_

#include <string>
#include <vector>

#include "converter/import/config_check.h"
#include "converter/import/own_words.h"

namespace pintle::converter {

struct Examination {
  ConfigFindings config;
  OwnWords own_words;
  std::vector<std::string> refusals;        // signs of what the recipe cannot express
  std::vector<std::string> contradictions;  // all others, those of config and own_words too
};

// Works on bindings with problems too; checks that need whole ones are then left out.
Examination examine(const Recipe& recipe, const Binding& binding, const Checkpoint& checkpoint,
                    const Configuration& configuration);

// Whether the resolved pad row fits the table: a table whose only row of zeros is another one was
// padded there. Empty if it fits, else what speaks against it.
std::string pad_row_contradiction(const Binding& binding, const Settings& settings);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_CONTRADICTIONS_H_
