// SPDX-License-Identifier: Apache-2.0
//
// What the modules of a pickled whole module say of themselves: heads, pad row, the norms' eps, order
// of norms. Their objects ran the forward pass, so they know better than a recipe.
#ifndef PINTLE_CONVERTER_IMPORT_OWN_WORDS_H_
#define PINTLE_CONVERTER_IMPORT_OWN_WORDS_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "converter/import/checkpoint.h"
#include "converter/import/recipe_binding.h"

namespace pintle::converter {

struct OwnWord {
  nlohmann::json value;
  std::string source;  // "from the pickled module item_emb, padding_idx"
};

struct OwnWords {
  std::map<std::string, OwnWord> settings;  // by the setting's name
  std::vector<std::string>
      contradictions;  // modules that disagree, or do what no recipe can express
};

// REQUIRES: binding.problems is empty, and it was bound to `checkpoint`.
OwnWords read_own_words(const Recipe& recipe, const Binding& binding, const Checkpoint& checkpoint);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_OWN_WORDS_H_
