// SPDX-License-Identifier: Apache-2.0
#include "converter/import/contradictions.h"

#include <algorithm>
#include <cstdlib>

#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

// What the configuration says of keys that tell frameworks apart, if it is not what the recipe has.
void check_model_name(const Recipe& recipe, const Configuration& configuration,
                      std::vector<std::string>* found) {
  for (const auto& [key, accepted] : recipe.recognize_config) {
    const json* value = configuration.find(key);
    if (value == nullptr) continue;
    if (value->is_array() && !value->empty()) value = &value->front();
    if (!value->is_string()) continue;
    const std::string told = to_lower(value->get<std::string>());
    const bool fits = std::any_of(accepted.begin(), accepted.end(),
                                  [&](const std::string& a) { return to_lower(a) == told; });
    if (!fits) {
      found->push_back("the configuration says " + key + " = " + value->get<std::string>());
    }
  }
}

// Signs, by tensors or configuration, of a model that the recipe cannot express.
void check_refusals(const Recipe& recipe, const Binding& binding,
                    const Configuration& configuration, std::vector<std::string>* found) {
  for (const Refusal& refusal : recipe.refuse) {
    std::string sign;
    if (!refusal.tensor.empty()) {
      const auto tensors = binding.index.find(refusal.tensor);
      if (!tensors.empty()) sign = "tensor " + tensors.front()->name;
    } else if (const json* value = configuration.find(refusal.config_key)) {
      const bool hit = (!refusal.equals.is_null() && *value == refusal.equals) ||
                       (!refusal.not_equals.is_null() && *value != refusal.not_equals);
      if (hit) sign = refusal.config_key + " = " + value->dump();
    }
    if (!sign.empty()) found->push_back(sign + ": " + refusal.because);
  }
}

bool row_is_zero(const NamedTensor& table, int64_t row) {
  CheckpointTensor one = *table.tensor;
  one.offset += row * one.strides[0];
  one.shape[0] = 1;
  const std::vector<float> values = one.to_f32();
  return std::all_of(values.begin(), values.end(), [](float x) { return x == 0; });
}

// Row 0 of the positions, which only some frameworks keep at zero; and the pad row, which some clear.
void check_zero_rows(const Recipe& recipe, const Binding& binding,
                     std::vector<std::string>* found) {
  if (recipe.first_position_is_zero && binding.positions != nullptr) {
    const bool zero = row_is_zero(*binding.positions, 0);
    if (zero != *recipe.first_position_is_zero) {
      found->push_back("row 0 of " + binding.positions->name + " is " + (zero ? "" : "not ") +
                       "zero");
    }
  }
  const auto pad = recipe.settings.find("pad_row");
  if (recipe.pad_row_is_zero && binding.items != nullptr && pad != recipe.settings.end() &&
      pad->second.value.is_number_integer()) {
    const int64_t told = pad->second.value.get<int64_t>();
    const int64_t row = told < 0 ? binding.item_rows + told : told;
    if (row >= 0 && row < binding.item_rows && !row_is_zero(*binding.items, row)) {
      found->push_back("row " + std::to_string(row) + " of " + binding.items->name +
                       " is not zero, as the pad row is in " + recipe.name);
    }
  }
}

// "h.{i}.ln_1.weight" -> "h.*.": where a layer's own tensors are.
std::string layer_folder(const std::string& pattern) {
  const size_t layer = pattern.find("{");
  const size_t end = layer == std::string::npos ? layer : pattern.find('}', layer);
  if (end == std::string::npos || end + 1 >= pattern.size() || pattern[end + 1] != '.') return {};
  return pattern.substr(0, layer) + "*.";
}

// Tensors that the recipe does not use, but that the network which wrote them must have used.
class Leftovers {
 public:
  Leftovers(const Recipe& recipe, const Binding& binding) : b_(binding) {
    const BlockSpec& blocks = recipe.blocks;
    for (const std::string& pattern :
         {blocks.attention_norm.gain, blocks.ffn_norm.gain, blocks.ffn_in.weight}) {
      const std::string folder = layer_folder(pattern);
      if (!folder.empty()) folders_.push_back(folder + "**");
    }
    for (const auto* linear : {&blocks.query_key_value, &blocks.query, &blocks.output}) {
      if (!*linear) continue;
      const std::string folder = layer_folder((*linear)->weight);
      if (!folder.empty()) folders_.push_back(folder + "**");
    }
  }

  void check(std::vector<std::string>* found) const {
    for (const NamedTensor& tensor : b_.index.all()) {
      if (std::find(b_.unused.begin(), b_.unused.end(), tensor.name) == b_.unused.end()) continue;
      if (!is_weight(*tensor.tensor)) continue;
      const std::string what = "tensor " + tensor.name + " " + extents_text(tensor.tensor->shape);
      if (is_in_a_layer(tensor.stripped)) {
        found->push_back(what + " is part of a layer, but the recipe does not use it");
      } else if (is_as_high_as_the_items(tensor.tensor->shape)) {
        found->push_back(what +
                         " has a row for each item: a head or a bias of its own, which the "
                         "recipe does not use");
      }
    }
  }

 private:
  static bool is_weight(const CheckpointTensor& tensor) {
    const bool real = tensor.type == ScalarType::kF32 || tensor.type == ScalarType::kF16 ||
                      tensor.type == ScalarType::kBF16 || tensor.type == ScalarType::kF64;
    return real && tensor.element_count() > 1;
  }

  bool is_in_a_layer(const std::string& name) const {
    return std::any_of(folders_.begin(), folders_.end(),
                       [&](const std::string& folder) { return name_matches(folder, name); });
  }

  // Tables of specials may be a few rows higher or lower. Two extents: the other is the width.
  bool is_as_high_as_the_items(const std::vector<int64_t>& shape) const {
    constexpr int64_t kSpecials = 3;
    const auto as_high = [&](int64_t extent) {
      return b_.item_rows > 8 && std::llabs(extent - b_.item_rows) <= kSpecials;
    };
    if (shape.size() == 1) return as_high(shape[0]) && !as_high(b_.dim) && !as_high(b_.ffn_dim);
    return shape.size() == 2 &&
           ((as_high(shape[0]) && shape[1] == b_.dim) || (as_high(shape[1]) && shape[0] == b_.dim));
  }

  const Binding& b_;
  std::vector<std::string> folders_;
};

// Where the file says one order of norms and the recipe, which is built on its own, has another.
void check_norm_order(const Recipe& recipe, const OwnWords& words,
                      std::vector<std::string>* found) {
  const auto told = words.settings.find("norm_placement");
  const auto setting = recipe.settings.find("norm_placement");
  if (told == words.settings.end() || setting == recipe.settings.end()) return;
  if (told->second.value == setting->second.value) return;
  found->push_back("norms come " +
                   std::string(told->second.value == json("pre") ? "before" : "after") +
                   " the sublayers (" + told->second.source + "), in the recipe they do not");
}

}  // namespace

Examination examine(const Recipe& recipe, const Binding& binding, const Checkpoint& checkpoint,
                    const Configuration& configuration) {
  Examination result;
  std::vector<std::string>& found = result.contradictions;
  check_refusals(recipe, binding, configuration, &result.refusals);
  check_model_name(recipe, configuration, &found);
  check_zero_rows(recipe, binding, &found);
  if (!binding.problems.empty()) return result;
  result.config = check_configuration(recipe, binding, configuration);
  result.own_words = read_own_words(recipe, binding, checkpoint);
  const auto append = [&](const std::vector<std::string>& more) {
    found.insert(found.end(), more.begin(), more.end());
  };
  append(result.config.contradictions);
  append(result.own_words.contradictions);
  check_norm_order(recipe, result.own_words, &found);
  Leftovers(recipe, binding).check(&found);
  return result;
}

std::string pad_row_contradiction(const Binding& binding, const Settings& settings) {
  if (!settings.pad_row || row_is_zero(*binding.items, *settings.pad_row)) return {};
  std::optional<int64_t> zero;
  for (int64_t row = 0; row < binding.item_rows; ++row) {
    if (!row_is_zero(*binding.items, row)) continue;
    if (zero || settings.special_rows.count(row) != 0) return {};
    zero = row;
  }
  if (!zero) return {};
  return "row " + std::to_string(*zero) + " of " + binding.items->name +
         " is all zeros, as a pad row is, but the pad is taken to be row " +
         std::to_string(*settings.pad_row) + ", which is not";
}

}  // namespace pintle::converter
