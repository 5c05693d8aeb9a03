// SPDX-License-Identifier: Apache-2.0
#include "converter/import/recipe_binding.h"

#include <algorithm>
#include <set>

namespace pintle::converter {
namespace {

constexpr int64_t kAny = -1;

std::string for_layer(std::string pattern, int64_t layer) {
  for (size_t at = pattern.find("{i}"); at != std::string::npos; at = pattern.find("{i}")) {
    pattern.replace(at, 3, std::to_string(layer));
  }
  return pattern;
}

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
    b_.output_items = find(recipe_.output_items, {b_.item_rows, b_.dim});
    if (!recipe_.item_bias.empty()) b_.item_bias = require(recipe_.item_bias, {kAny});
    bind_bag();
    b_.embedding_norm = norm(recipe_.embedding_norm, 0);
    bind_blocks();
    b_.final_norm = norm(recipe_.final_norm, 0);
    b_.head_dense = linear(recipe_.head_dense, b_.dim, b_.dim, 0);
    b_.head_norm = norm(recipe_.head_norm, 0);
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
    return BoundNorm{require({for_layer(spec->gain, layer)}, {b_.dim}),
                     require({for_layer(spec->bias, layer)}, {b_.dim})};
  }

  std::optional<BoundLinear> linear(const std::optional<LinearSpec>& spec, int64_t out, int64_t in,
                                    int64_t layer) {
    if (!spec) return std::nullopt;
    BoundLinear bound;
    bound.transposed = spec->transposed;
    const std::vector<int64_t> shape =
        spec->transposed ? std::vector<int64_t>{in, out} : std::vector<int64_t>{out, in};
    bound.weight = require({for_layer(spec->weight, layer)}, shape);
    if (out == kAny && bound.weight != nullptr) out = bound.weight->tensor->shape[spec->transposed];
    if (!spec->bias.empty()) bound.bias = require({for_layer(spec->bias, layer)}, {out});
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

  // How many tensors the pattern names over all layers; if a layer between is missing, the count
  // still reaches into the gap.
  size_t count_layers(std::string pattern) const {
    const size_t at = pattern.find("{i}");
    if (at == std::string::npos) return 1;
    return b_.index.find(pattern.replace(at, 3, "*")).size();
  }

  void bind_blocks() {
    const size_t layers = std::max({count_layers(recipe_.blocks.ffn_in.weight),
                                    count_layers(recipe_.blocks.attention_norm.gain), size_t{1}});
    for (int64_t layer = 0; layer < static_cast<int64_t>(layers); ++layer) {
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
};

}  // namespace

std::unique_ptr<Binding> bind_recipe(const Recipe& recipe, const Checkpoint& checkpoint) {
  auto binding = 
      std::make_unique<Binding>(TensorIndex(checkpoint, recipe.prefixes, recipe.items));
  Binder binder(recipe, binding.get());
  binder.bind();
  binder.list_unused();
  return binding;
}

}  // namespace pintle::converter
