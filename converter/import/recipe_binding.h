// SPDX-License-Identifier: Apache-2.0
//
// A recipe's patterns matched against a checkpoint's tensors: names and shapes, no values yet.
#ifndef PINTLE_CONVERTER_IMPORT_RECIPE_BINDING_H_
#define PINTLE_CONVERTER_IMPORT_RECIPE_BINDING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "converter/import/recipe.h"

namespace pintle::converter {

struct BoundLinear {
  const NamedTensor* weight = nullptr;
  const NamedTensor* bias = nullptr;  // null: none
  bool transposed = false;
};

struct BoundNorm {
  const NamedTensor* gain = nullptr;
  const NamedTensor* bias = nullptr;  // null: none
};

struct BoundBlock {
  BoundNorm attention_norm, ffn_norm;
  std::optional<BoundLinear> query_key_value, query, key, value, output;
  BoundLinear ffn_in, ffn_out;
};

// Complete if problems is empty; then every pointer that the recipe requires is set.
struct Binding {
  explicit Binding(TensorIndex tensor_index) : index(std::move(tensor_index)) {}
  Binding(const Binding&) = delete;  // the pointers below lead into index
  Binding& operator=(const Binding&) = delete;

  TensorIndex index;
  int64_t dim = 0, item_rows = 0, ffn_dim = 0;
  const NamedTensor* items = nullptr;
  const NamedTensor* output_items = nullptr;  // null: tied
  const NamedTensor* item_bias = nullptr;
  const NamedTensor* bag_table = nullptr;  // null: no embedding bag
  const NamedTensor* bag_inputs = nullptr;
  const NamedTensor* bag_offsets = nullptr;
  const NamedTensor* bag_lengths = nullptr;
  const NamedTensor* positions = nullptr;
  const NamedTensor* position_add = nullptr;
  const NamedTensor* mask_embedding = nullptr;  // null: a row of the items, or none
  std::optional<BoundNorm> embedding_norm, final_norm, head_norm;
  std::optional<BoundLinear> head_dense;
  std::vector<BoundBlock> blocks;

  size_t required_count = 0, bound_count = 0;
  std::vector<std::string> problems;  // one a missing tensor or a wrong shape
  std::vector<std::string> unused;    // tensors that the recipe neither uses nor ignores
};

// The checkpoint must outlive the binding.
std::unique_ptr<Binding> bind_recipe(const Recipe& recipe, const Checkpoint& checkpoint);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_RECIPE_BINDING_H_
