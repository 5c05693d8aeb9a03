// SPDX-License-Identifier: Apache-2.0
#include "converter/import/recipe_binding.h"

#include <algorithm>
#include <map>
#include <set>

#include "converter/import/layer_names.h"

namespace pintle::converter {
namespace {

constexpr int64_t kAny = -1;
// A tensor with a higher number is of no layer.
constexpr int64_t kMaxLayers = 1024;

// Trailing extents of 1 past `dims` are taken off: a convolution of width 1 is a linear layer.
std::vector<int64_t> squeezed(std::vector<int64_t> shape, size_t dims) {
  while (shape.size() > dims && shape.back() == 1) shape.pop_back();
  return shape;
}

class Binder {
 public:
  Binder(const Recipe& recipe, Binding* binding) : recipe_(recipe), b_(*binding) {}

  void bind() {
    b_.items = require(recipe_.items, {kAny, kAny});
    // Without the item table the rest is still looked for, so that the nearest recipe is known.
    b_.item_rows = b_.items == nullptr ? kAny : b_.items->tensor->shape[0];
    b_.dim = b_.items == nullptr ? kAny : b_.items->tensor->shape[1];
    if (!recipe_.positions.empty()) b_.positions = require({recipe_.positions}, {kAny, b_.dim});
    if (!recipe_.position_add.empty())
      b_.position_add = require({recipe_.position_add}, {kAny, b_.dim});
    const int64_t output_rows = recipe_.output_offset ? kAny : b_.item_rows;
    b_.output_items = find(recipe_.output_items, {output_rows, b_.dim});
    if (!recipe_.item_bias.empty()) b_.item_bias = require(recipe_.item_bias, {kAny});
    bind_bag();
    bind_mask_embedding();
    b_.embedding_norm = norm(recipe_.embedding_norm, 0);
    bind_blocks();
    const int64_t behind = static_cast<int64_t>(b_.blocks.size());  // what follows the last block
    b_.final_norm = norm(recipe_.final_norm, behind);
    b_.head_dense = linear(recipe_.head_dense, b_.dim, b_.dim, behind);
    b_.head_norm = norm(recipe_.head_norm, behind);
  }

  void list_unused() {
    for (const NamedTensor& tensor : b_.index.all()) {
      const bool ignored = std::any_of(
          recipe_.ignore.begin(), recipe_.ignore.end(),
          [&](const std::string& pattern) { return name_matches(pattern, tensor.stripped); });
      if (!ignored && used_.count(&tensor) == 0) b_.unused.push_back(tensor.name);
    }
  }

 private:
  // The first of `patterns` that names a tensor; null and, unless it is merely absent, a problem.
  const NamedTensor* find(const Names& patterns, const std::vector<int64_t>& shape) {
    for (const std::string& pattern : patterns) {
      const std::vector<const NamedTensor*> found = b_.index.find(pattern);
      if (found.empty()) continue;
      if (found.size() > 1) {
        b_.problems.push_back("\"" + pattern + "\" fits more than one tensor: " + found[0]->name +
                              ", " + found[1]->name);
        return nullptr;
      }
      used_.insert(found[0]);
      return fits(*found[0], shape) ? found[0] : nullptr;
    }
    return nullptr;
  }

  const NamedTensor* require(const Names& patterns, const std::vector<int64_t>& shape) {
    ++b_.required_count;
    const size_t problems = b_.problems.size();
    const NamedTensor* tensor = find(patterns, shape);
    if (tensor != nullptr) {
      ++b_.bound_count;
    } else if (b_.problems.size() == problems) {
      std::string names;
      for (const std::string& pattern : patterns) names += (names.empty() ? "" : " or ") + pattern;
      b_.problems.push_back("tensor " + names + " is missing, expected shape " +
                            extents_text(shape));
    }
    return tensor;
  }

  // A layer's. Two patterns whose numbers meet are a slip: norms.{i} and norms.{i+1} for {2i}, {2i+1}.
  const NamedTensor* require(const std::string& pattern, int64_t layer,
                             const std::vector<int64_t>& shape) {
    const NamedTensor* tensor = require(Names{for_layer(pattern, layer)}, shape);
    if (tensor == nullptr || !has_layer(pattern)) return tensor;
    const std::string& first = named_by_.emplace(tensor, pattern).first->second;
    if (first != pattern) {
      b_.problems.push_back("tensor " + tensor->name + " is both \"" + first + "\" and \"" +
                            pattern + "\" of the recipe");
    }
    return tensor;
  }

  bool fits(const NamedTensor& tensor, const std::vector<int64_t>& expected) {
    const std::vector<int64_t> shape = squeezed(tensor.tensor->shape, expected.size());
    bool fit = shape.size() == expected.size();
    for (size_t i = 0; fit && i < shape.size(); ++i) {
      fit = shape[i] > 0 && (expected[i] == kAny || shape[i] == expected[i]);
    }
    if (!fit) {
      b_.problems.push_back("tensor " + tensor.name + " has shape " +
                            extents_text(tensor.tensor->shape) + ", expected " +
                            extents_text(expected));
    }
    return fit;
  }

  std::optional<BoundNorm> norm(const std::optional<NormSpec>& spec, int64_t layer) {
    if (!spec) return std::nullopt;
    BoundNorm bound;
    bound.gain = require(spec->gain, layer, {b_.dim});
    if (!spec->bias.empty()) bound.bias = require(spec->bias, layer, {b_.dim});
    return bound;
  }

  std::optional<BoundLinear> linear(const std::optional<LinearSpec>& spec, int64_t out, int64_t in,
                                    int64_t layer) {
    if (!spec) return std::nullopt;
    BoundLinear bound;
    bound.transposed = spec->transposed;
    const std::vector<int64_t> shape =
        spec->transposed ? std::vector<int64_t>{in, out} : std::vector<int64_t>{out, in};
    bound.weight = require(spec->weight, layer, shape);
    if (out == kAny && bound.weight != nullptr) out = bound.weight->tensor->shape[spec->transposed];
    if (!spec->bias.empty()) bound.bias = require(spec->bias, layer, {out});
    return bound;
  }

  void bind_bag() {
    if (!recipe_.item_bag) return;
    b_.bag_table = find({recipe_.item_bag->table}, {kAny, b_.dim});
    if (b_.bag_table == nullptr) return;
    b_.bag_inputs = require({recipe_.item_bag->inputs}, {kAny});
    b_.bag_offsets = require({recipe_.item_bag->offsets}, {b_.item_rows});
    b_.bag_lengths = require({recipe_.item_bag->lengths}, {b_.item_rows});
  }

  // [dim], or one row of it.
  void bind_mask_embedding() {
    if (recipe_.mask_embedding.empty()) return;
    std::vector<int64_t> shape = {b_.dim};
    for (const std::string& pattern : recipe_.mask_embedding) {
      const std::vector<const NamedTensor*> found = b_.index.find(pattern);
      if (found.size() == 1 && found[0]->tensor->shape.size() == 2) shape = {1, b_.dim};
      if (!found.empty()) break;
    }
    b_.mask_embedding = require(recipe_.mask_embedding, shape);
  }

  // Up to the highest that a tensor of this name has: a layer that is missing in between is a fault.
  int64_t count_layers(const std::string& pattern) const {
    if (!has_layer(pattern)) return 1;
    int64_t count = 0;
    for (const NamedTensor& tensor : b_.index.all()) {
      const std::optional<int64_t> layer = layer_of(pattern, tensor.stripped);
      if (layer && *layer < kMaxLayers) count = std::max(count, *layer + 1);
    }
    return count;
  }

  void bind_blocks() {
    int64_t layers = std::max<int64_t>(count_layers(recipe_.blocks.ffn_in.weight), 1);
    // A series that norms of other places share does not tell it.
    const std::string& first_norm = recipe_.blocks.attention_norm.gain;
    if (!has_stride(first_norm)) layers = std::max(layers, count_layers(first_norm));
    for (int64_t layer = 0; layer < layers; ++layer) {
      const BlockSpec& spec = recipe_.blocks;
      BoundBlock block;
      block.attention_norm = *norm(spec.attention_norm, layer);
      block.query_key_value =
          linear(spec.query_key_value, b_.dim == kAny ? kAny : 3 * b_.dim, b_.dim, layer);
      block.query = linear(spec.query, b_.dim, b_.dim, layer);
      block.key = linear(spec.key, b_.dim, b_.dim, layer);
      block.value = linear(spec.value, b_.dim, b_.dim, layer);
      block.output = linear(spec.output, b_.dim, b_.dim, layer);
      block.ffn_norm = *norm(spec.ffn_norm, layer);
      block.ffn_in = *linear(spec.ffn_in, layer == 0 ? kAny : b_.ffn_dim, b_.dim, layer);
      if (layer == 0) {
        b_.ffn_dim = block.ffn_in.weight == nullptr
                         ? kAny
                         : block.ffn_in.weight->tensor->shape[spec.ffn_in.transposed];
      }
      block.ffn_out = *linear(spec.ffn_out, b_.dim, b_.ffn_dim, layer);
      b_.blocks.push_back(block);
    }
  }

  const Recipe& recipe_;
  Binding& b_;
  std::set<const NamedTensor*> used_;
  std::map<const NamedTensor*, std::string> named_by_;  // the layer pattern
};

}  // namespace

std::unique_ptr<Binding> bind_recipe(const Recipe& recipe, const Checkpoint& checkpoint) {
  auto binding = std::make_unique<Binding>(TensorIndex(checkpoint, recipe.prefixes, recipe.items));
  Binder binder(recipe, binding.get());
  binder.bind();
  binder.list_unused();
  return binding;
}

}  // namespace pintle::converter
