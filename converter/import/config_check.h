// SPDX-License-Identifier: Apache-2.0
//
// A configuration held against the tensors and the recipe, key by key.
#ifndef PINTLE_CONVERTER_IMPORT_CONFIG_CHECK_H_
#define PINTLE_CONVERTER_IMPORT_CONFIG_CHECK_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "converter/import/recipe_binding.h"
#include "converter/import/recipe_settings.h"

namespace pintle::converter {

struct ConfigFindings {
  std::vector<std::string> contradictions;      // of the tensors or of what the recipe assumes
  std::map<int64_t, std::string> special_rows;  // row of the item table -> "eos_token_id = 39"
  std::vector<std::string> notes;               // unknown keys, tokens beyond the table
};

// REQUIRES: binding.problems is empty.
ConfigFindings check_configuration(const Recipe& recipe, const Binding& binding,
                                   const Configuration& configuration);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_CONFIG_CHECK_H_
