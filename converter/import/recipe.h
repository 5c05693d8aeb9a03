// SPDX-License-Identifier: Apache-2.0
//
// A recipe: how one framework names its tensors and what its forward pass does, as data (JSON).
// converter/recipes/README.md documents the form.
#ifndef PINTLE_CONVERTER_IMPORT_RECIPE_H_
#define PINTLE_CONVERTER_IMPORT_RECIPE_H_

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "converter/import/tensor_index.h"

namespace pintle::converter {

// Patterns in order of preference.
using Names = std::vector<std::string>;

struct LinearSpec {
  std::string weight, bias;  // patterns; bias empty: there is none
  bool transposed = false;   // stored [in][out]
};

struct NormSpec {
  std::string gain, bias;  // patterns; bias empty: there is none
};

// A value that tensors do not tell.
struct Setting {
  nlohmann::json value;           // null: must be told
  std::vector<std::string> keys;  // of the checkpoint's configuration or of --config; dots descend
  nlohmann::json map = nlohmann::json::object();  // configured value -> value, if not empty
};

struct BlockSpec {
  NormSpec attention_norm, ffn_norm;
  std::optional<LinearSpec> query_key_value;  // stacked, or else the next three
  std::optional<LinearSpec> query, key, value;
  std::optional<LinearSpec> output;
  LinearSpec ffn_in, ffn_out;
};

// Rows of `table` summed into each item's embedding: item r adds inputs[offsets[r] ...
// offsets[r] + lengths[r]]. Only applies if the table is in the checkpoint.
struct EmbeddingBagSpec {
  std::string table, inputs, offsets, lengths;
};

enum class PositionOrder {
  kOldestFirst,   // row first_row: the oldest kept item
  kNewestFirst,   // row first_row: the newest item
  kSlots,         // left padding; slot s of a full window has row first_row + s
  kSlotsFromEnd,  // left padding; the newest item has the last row
  kNone,          // no table
};

enum class PadEmbedding { kNone, kZero, kItemRow, kItemAndPositionRow };

struct Refusal {
  std::string tensor;  // pattern; or a key of the configuration and what it may not be
  std::string config_key;
  nlohmann::json equals, not_equals;  // null: unused
  std::string because;
};

struct Recipe {
  std::string name, description;
  std::vector<std::string> prefixes;

  // What must hold if it is there: it tells recipes of the same tensors apart.
  std::map<std::string, std::vector<std::string>> recognize_config;  // key -> accepted values
  std::optional<bool> first_position_is_zero;
  bool pad_row_is_zero = false;

  std::string framework;  // whose configuration keys config_keys.json lists; empty: none
  // If the framework numbers items anew: its name, and how to export the map from rows to ids.
  std::string ids_remapped_by;
  std::vector<std::string> ids_export;

  // heads, activation, norm_eps, ... by name: architecture_setting_names(), pad_row, mask_row.
  std::map<std::string, Setting> settings;

  Names items;
  Names output_items;  // optional in the checkpoint; equal to items: tied
  // Item row r is scored by row r + output_offset of output_items and item_bias. Unset: 0, and both
  // tables have the same rows.
  std::optional<int64_t> output_offset;
  Names item_bias;
  std::vector<int64_t> drop_rows;  // not items; negative rows count from the end
  std::optional<EmbeddingBagSpec> item_bag;
  std::string positions;  // empty with kNone
  int64_t first_position_row = 0;
  PositionOrder position_order = PositionOrder::kOldestFirst;
  std::string position_add;  // table whose row position_add_row is added to every position
  int64_t position_add_row = 0;
  PadEmbedding pad_embedding = PadEmbedding::kNone;
  int64_t pad_position_row = 0;
  Names mask_embedding;  // of the mask token, if it is no row of the items

  std::optional<NormSpec> embedding_norm, final_norm;
  BlockSpec blocks;
  // The prediction head between the blocks and the scores.
  std::optional<LinearSpec> head_dense;
  std::optional<NormSpec> head_norm;

  std::vector<std::string> ignore;  // patterns of tensors that inference does not need
  std::vector<Refusal> refuse;
  std::vector<std::string> notes;  // reported with every import
};

// One recipe file: a recipe and its variants, chosen by the tensors that are there.
class RecipeFile {
 public:
  // `origin` names the file in errors. Throws Error on unknown keys and wrong values, with the path
  // of the faulty entry.
  RecipeFile(const std::string& text, const std::string& origin);

  const std::string& name() const { return base_.name; }
  const std::string& description() const { return base_.description; }
  // Patterns of every tensor that the recipe or a variant uses, layers as '*'.
  std::vector<std::string> tensor_patterns() const;
  // The first variant whose tensor is in the checkpoint, else the recipe itself.
  const Recipe& select(const Checkpoint& checkpoint) const;

 private:
  struct Variant {
    std::string if_tensor;
    Recipe recipe;
  };
  Recipe base_;
  std::vector<Variant> variants_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_RECIPE_H_
