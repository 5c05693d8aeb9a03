// SPDX-License-Identifier: Apache-2.0
//
// The values that tensors do not tell: from flags, --config, the checkpoint's own configuration, its
// pickled modules or the recipe, in this order, each reported with its source.
#ifndef PINTLE_CONVERTER_IMPORT_RECIPE_SETTINGS_H_
#define PINTLE_CONVERTER_IMPORT_RECIPE_SETTINGS_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "converter/import/configuration.h"
#include "converter/import/own_words.h"
#include "converter/import/recipe.h"
#include "pintle_generated.h"

namespace pintle::converter {

// What a recipe's "architecture" may set; --config overrides each under the same name.
const std::vector<std::string>& architecture_setting_names();

struct Settings {
  int64_t heads = 0;
  float item_scale = 1;
  fb::NormPlacement norm_placement = fb::NormPlacement_Pre;
  fb::Source key_value_source = fb::Source_Normed;
  fb::Source attention_residual = fb::Source_Raw;
  fb::Source ffn_residual = fb::Source_Raw;
  fb::Activation activation = fb::Activation_Relu;
  fb::Activation head_activation = fb::Activation_Identity;
  float embedding_norm_eps = 0, attention_norm_eps = 0, ffn_norm_eps = 0, final_norm_eps = 0,
        head_norm_eps = 0;
  bool unbiased_std = false;  // every norm's: d - 1 in the root, eps outside
  fb::PadKeys pad_keys = fb::PadKeys_Hidden;
  fb::AttentionMask mask = fb::AttentionMask_Causal;
  std::optional<int64_t> window;
  float softmax_temperature = 1;
  int64_t skip_oldest = 0;
  int64_t block_repeats = 1;                    // each block runs so often before the next one
  std::optional<int64_t> pad_row, mask_row;     // of the item table, from its start
  std::map<int64_t, std::string> special_rows;  // rows that are no items, and why; pad and mask too
  std::vector<std::string> report;              // "heads = 2 (from --heads)"
  std::vector<std::string> contradictions;      // what was told against the file's own word
};

// `origin` is the checkpoint's path, for messages. Throws Error on a missing or unusable value.
Settings resolve_settings(const Recipe& recipe, const Configuration& configuration,
                          const OwnWords& own_words, int64_t dim, int64_t item_rows,
                          const std::string& origin);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_RECIPE_SETTINGS_H_
