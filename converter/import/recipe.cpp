// SPDX-License-Identifier: Apache-2.0
#include "converter/import/recipe.h"

#include <algorithm>
#include <cmath>
#include <regex>

#include "converter/import/layer_names.h"
#include "converter/import/recipe_settings.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

// A JSON value and where it stands, for messages.
class Node {
 public:
  Node(const json& value, std::string where) : value_(value), where_(std::move(where)) {}

  [[noreturn]] void fail(const std::string& fault) const { throw Error(where_ + ": " + fault); }
  const json& value() const { return value_; }
  bool has(const char* key) const { return value_.contains(key); }
  Node at(const char* key) const {
    if (!value_.contains(key)) fail("has no entry \"" + std::string(key) + "\"");
    return Node(value_.at(key), where_ + "." + key);
  }
  void only(const std::vector<std::string>& keys) const {
    if (!value_.is_object()) fail("is not an object");
    for (const auto& [key, unused] : value_.items()) {
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      std::string known;
      for (const std::string& k : keys) known += (known.empty() ? "" : ", ") + k;
      fail("unknown entry \"" + key + "\"; known: " + known);
    }
  }
  std::string text() const {
    if (!value_.is_string()) fail("is not a string");
    return value_.get<std::string>();
  }
  int64_t integer() const {
    constexpr double kMax = 1e12;  // far above any table; sums of two stay exact
    if (!value_.is_number_integer() || std::abs(value_.get<double>()) > kMax) {
      fail("is not a whole number in reach");
    }
    return value_.get<int64_t>();
  }
  bool boolean() const {
    if (!value_.is_boolean()) fail("is not true or false");
    return value_.get<bool>();
  }
  // A string, or an array of strings.
  Names names() const {
    if (value_.is_string()) return {text()};
    if (!value_.is_array()) fail("is neither a string nor an array of strings");
    Names names;
    for (const json& element : value_) names.push_back(Node(element, where_ + "[]").text());
    return names;
  }
  // A name of tensors; one a layer.
  std::string layer_pattern() const {
    const std::string fault = layer_fault(text());
    if (!fault.empty()) fail(fault);
    return text();
  }
  // A name of tensors; of no layer.
  std::string pattern() const {
    refuse_layer(text());
    return text();
  }
  Names patterns() const {
    const Names all = names();
    for (const std::string& name : all) refuse_layer(name);
    return all;
  }
  void refuse_layer(const std::string& name) const {
    if (has_layer(name)) {
      fail("\"" + name + "\" has a layer's number, which only blocks, final_norm and head have");
    }
  }
  std::vector<Node> elements() const {
    if (!value_.is_array()) fail("is not an array");
    std::vector<Node> nodes;
    for (size_t i = 0; i < value_.size(); ++i) {
      nodes.emplace_back(value_[i], where_ + "[" + std::to_string(i) + "]");
    }
    return nodes;
  }

 private:
  const json& value_;
  std::string where_;
};

// Of a linear layer or a norm; false: it has none.
std::string parse_bias(const Node& node) {
  return node.value() == json(false) ? std::string() : node.layer_pattern();
}

// "stem" stands for stem.weight and stem.bias.
LinearSpec parse_linear(const Node& node) {
  if (node.value().is_string()) {
    return {node.layer_pattern() + ".weight", node.text() + ".bias", false};
  }
  node.only({"stem", "weight", "bias", "transposed"});
  LinearSpec spec;
  if (node.has("stem")) spec = parse_linear(node.at("stem"));
  if (node.has("weight")) spec.weight = node.at("weight").layer_pattern();
  if (node.has("bias")) spec.bias = parse_bias(node.at("bias"));
  if (node.has("transposed")) spec.transposed = node.at("transposed").boolean();
  if (spec.weight.empty()) node.fail("names neither \"stem\" nor \"weight\"");
  return spec;
}

std::optional<LinearSpec> parse_linear_if(const Node& node, const char* key) {
  if (!node.has(key) || node.value().at(key).is_null()) return std::nullopt;
  return parse_linear(node.at(key));
}

Setting parse_setting(const Node& node) {
  Setting setting;
  if (!node.value().is_object()) {
    setting.value = node.value();
    return setting;
  }
  node.only({"keys", "default", "map"});
  if (node.has("keys")) setting.keys = node.at("keys").names();
  if (node.has("default")) setting.value = node.at("default").value();
  if (node.has("map")) setting.map = node.at("map").value();
  if (!setting.map.is_object()) node.fail("\"map\" is not an object");
  return setting;
}

// As parse_linear. An eps of its own becomes the setting `eps`.
NormSpec parse_norm(const Node& node, const std::string& eps, Recipe* recipe) {
  if (node.value().is_string()) return {node.layer_pattern() + ".weight", node.text() + ".bias"};
  node.only({"stem", "gain", "bias", "eps"});
  NormSpec spec;
  if (node.has("stem")) spec = parse_norm(node.at("stem"), eps, recipe);
  if (node.has("gain")) spec.gain = node.at("gain").layer_pattern();
  if (spec.gain.empty()) node.fail("names neither \"stem\" nor \"gain\"");
  if (node.has("bias")) {
    spec.bias = parse_bias(node.at("bias"));
  } else if (spec.bias.empty()) {
    node.fail("does not say its \"bias\": a name, or false if there is none");
  }
  if (node.has("eps") && !recipe->settings.emplace(eps, parse_setting(node.at("eps"))).second) {
    node.at("eps").fail("is told by architecture." + eps + " too; keep one of the two");
  }
  return spec;
}

std::optional<NormSpec> parse_norm_if(const Node& node, const char* key, const std::string& eps,
                                      Recipe* recipe) {
  if (!node.has(key) || node.value().at(key).is_null()) return std::nullopt;
  return parse_norm(node.at(key), eps, recipe);
}

void parse_items(const Node& node, Recipe* recipe) {
  node.only({"table", "pad_row", "mask_row", "drop_rows", "add_bag"});
  recipe->items = node.at("table").patterns();
  for (const char* row : {"pad_row", "mask_row"}) {
    if (node.has(row)) recipe->settings[row] = parse_setting(node.at(row));
  }
  if (node.has("drop_rows")) {
    for (const Node& row : node.at("drop_rows").elements()) {
      recipe->drop_rows.push_back(row.integer());
    }
  }
  if (node.has("add_bag")) {
    const Node bag = node.at("add_bag");
    bag.only({"table", "inputs", "offsets", "lengths"});
    recipe->item_bag = EmbeddingBagSpec{bag.at("table").pattern(), bag.at("inputs").pattern(),
                                        bag.at("offsets").pattern(), bag.at("lengths").pattern()};
  }
}

void parse_positions(const Node& node, Recipe* recipe) {
  node.only({"table", "first_row", "order", "add"});
  if (node.has("first_row")) recipe->first_position_row = node.at("first_row").integer();
  if (recipe->first_position_row < 0) node.at("first_row").fail("is negative");
  const std::map<std::string, PositionOrder> orders = {
      {"oldest_first", PositionOrder::kOldestFirst},
      {"newest_first", PositionOrder::kNewestFirst},
      {"slots", PositionOrder::kSlots},
      {"slots_from_end", PositionOrder::kSlotsFromEnd},
      {"none", PositionOrder::kNone}};
  const auto order = orders.find(node.at("order").text());
  if (order == orders.end()) {
    node.at("order").fail("is none of oldest_first, newest_first, slots, slots_from_end, none");
  }
  recipe->position_order = order->second;
  if (recipe->position_order == PositionOrder::kNone) return node.only({"order"});
  recipe->positions = node.at("table").pattern();
  if (node.has("add")) {
    const Node add = node.at("add");
    add.only({"table", "row"});
    recipe->position_add = add.at("table").pattern();
    recipe->position_add_row = add.at("row").integer();
  }
}

void parse_pad_embedding(const Node& node, Recipe* recipe) {
  if (node.value() == json("zero")) {
    recipe->pad_embedding = PadEmbedding::kZero;
  } else if (node.value() == json("item_row")) {
    recipe->pad_embedding = PadEmbedding::kItemRow;
  } else if (node.value().is_object()) {
    node.only({"item_row_plus_position_row"});
    recipe->pad_embedding = PadEmbedding::kItemAndPositionRow;
    recipe->pad_position_row = node.at("item_row_plus_position_row").integer();
  } else {
    node.fail("is none of \"zero\", \"item_row\", {\"item_row_plus_position_row\": N}");
  }
}

void parse_mask_embedding(const Node& node, Recipe* recipe) {
  recipe->mask_embedding = node.patterns();
  if (recipe->settings.count("mask_row") != 0) {
    node.fail("is the mask token, and so is items.mask_row; keep one of the two");
  }
}

BlockSpec parse_blocks(const Node& node, Recipe* recipe) {
  node.only({"attention_norm", "query_key_value", "query", "key", "value", "output", "ffn_norm",
             "ffn_in", "ffn_out"});
  BlockSpec blocks;
  blocks.attention_norm = parse_norm(node.at("attention_norm"), "attention_norm_eps", recipe);
  blocks.ffn_norm = parse_norm(node.at("ffn_norm"), "ffn_norm_eps", recipe);
  blocks.query_key_value = parse_linear_if(node, "query_key_value");
  blocks.query = parse_linear_if(node, "query");
  blocks.key = parse_linear_if(node, "key");
  blocks.value = parse_linear_if(node, "value");
  const bool separate = blocks.query && blocks.key && blocks.value;
  if (blocks.query_key_value.has_value() == separate) {
    node.fail("names either \"query_key_value\" or all of \"query\", \"key\", \"value\"");
  }
  blocks.output = parse_linear_if(node, "output");
  blocks.ffn_in = parse_linear(node.at("ffn_in"));
  blocks.ffn_out = parse_linear(node.at("ffn_out"));
  return blocks;
}

void parse_recognize(const Node& node, Recipe* recipe) {
  node.only({"config", "first_position_is_zero", "pad_row_is_zero"});
  if (node.has("first_position_is_zero")) {
    recipe->first_position_is_zero = node.at("first_position_is_zero").boolean();
  }
  if (node.has("pad_row_is_zero")) recipe->pad_row_is_zero = node.at("pad_row_is_zero").boolean();
  if (!node.has("config")) return;
  const Node config = node.at("config");
  if (!config.value().is_object()) config.fail("is not an object");
  for (const auto& [key, unused] : config.value().items()) {
    recipe->recognize_config[key] = config.at(key.c_str()).names();
  }
}

void parse_ids(const Node& node, Recipe* recipe) {
  node.only({"remapped_by", "export"});
  recipe->ids_remapped_by = node.at("remapped_by").text();
  recipe->ids_export = node.at("export").names();
}

Refusal parse_refusal(const Node& node) {
  node.only({"tensor", "config", "equals", "not_equals", "because"});
  Refusal refusal;
  refusal.because = node.at("because").text();
  if (node.has("tensor")) refusal.tensor = node.at("tensor").pattern();
  if (node.has("config")) refusal.config_key = node.at("config").text();
  if (node.has("equals")) refusal.equals = node.at("equals").value();
  if (node.has("not_equals")) refusal.not_equals = node.at("not_equals").value();
  if (refusal.tensor.empty() == refusal.config_key.empty()) {
    node.fail("names either \"tensor\" or \"config\"");
  }
  return refusal;
}

void parse_head(const Node& node, Recipe* recipe) {
  node.only({"dense", "norm"});
  recipe->head_dense = parse_linear_if(node, "dense");
  recipe->head_norm = parse_norm_if(node, "norm", "head_norm_eps", recipe);
}

void parse_output_items(const Node& node, Recipe* recipe) {
  if (!node.value().is_object()) {
    recipe->output_items = node.patterns();
    return;
  }
  node.only({"table", "offset"});
  recipe->output_items = node.at("table").patterns();
  recipe->output_offset = node.has("offset") ? node.at("offset").integer() : 0;
}

Recipe parse_recipe(const Node& node) {
  node.only({"name",           "description",    "framework", "ids",        "prefixes",
             "recognize",      "architecture",   "items",     "positions",  "pad_embedding",
             "mask_embedding", "embedding_norm", "blocks",    "final_norm", "head",
             "output_items",   "item_bias",      "ignore",    "refuse",     "notes",
             "variants"});
  Recipe recipe;
  recipe.name = node.at("name").text();
  recipe.description = node.at("description").text();
  if (node.has("framework")) recipe.framework = node.at("framework").text();
  if (node.has("ids")) parse_ids(node.at("ids"), &recipe);
  if (node.has("prefixes")) recipe.prefixes = node.at("prefixes").names();
  for (const std::string& prefix : recipe.prefixes) {
    if (prefix.empty()) node.at("prefixes").fail("holds an empty prefix");
  }
  if (node.has("recognize")) parse_recognize(node.at("recognize"), &recipe);
  const Node architecture = node.at("architecture");
  architecture.only(architecture_setting_names());
  for (const auto& [key, unused] : architecture.value().items()) {
    recipe.settings[key] = parse_setting(architecture.at(key.c_str()));
  }
  parse_items(node.at("items"), &recipe);
  parse_positions(node.at("positions"), &recipe);
  if (node.has("pad_embedding")) parse_pad_embedding(node.at("pad_embedding"), &recipe);
  if (node.has("mask_embedding")) parse_mask_embedding(node.at("mask_embedding"), &recipe);
  recipe.embedding_norm = parse_norm_if(node, "embedding_norm", "embedding_norm_eps", &recipe);
  if (recipe.embedding_norm) {
    for (const std::string& name : {recipe.embedding_norm->gain, recipe.embedding_norm->bias}) {
      node.at("embedding_norm").refuse_layer(name);
    }
  }
  recipe.blocks = parse_blocks(node.at("blocks"), &recipe);
  recipe.final_norm = parse_norm_if(node, "final_norm", "final_norm_eps", &recipe);
  if (node.has("head")) parse_head(node.at("head"), &recipe);
  if (node.has("output_items")) parse_output_items(node.at("output_items"), &recipe);
  if (node.has("item_bias")) recipe.item_bias = node.at("item_bias").patterns();
  if (node.has("ignore")) recipe.ignore = node.at("ignore").patterns();
  if (node.has("refuse")) {
    for (const Node& refusal : node.at("refuse").elements()) {
      recipe.refuse.push_back(parse_refusal(refusal));
    }
  }
  if (node.has("notes")) recipe.notes = node.at("notes").names();
  return recipe;
}

json parse_json(const std::string& text, const std::string& origin) {
  try {
    return json::parse(text);
  } catch (const json::exception& fault) {
    throw Error(origin + ": not JSON: " + fault.what());
  }
}

}  // namespace

RecipeFile::RecipeFile(const std::string& text, const std::string& origin) {
  json root = parse_json(text, origin);
  base_ = parse_recipe(Node(root, origin));
  if (!root.contains("variants")) return;
  const json variants = root["variants"];
  root.erase("variants");
  for (const Node& variant : Node(variants, origin + ".variants").elements()) {
    variant.only({"if_tensor", "changes"});
    json changed = root;
    changed.merge_patch(variant.at("changes").value());
    variants_.push_back({variant.at("if_tensor").text(),
                         parse_recipe(Node(changed, origin + " (variant " +
                                                        variant.at("if_tensor").text() + ")"))});
  }
}

std::vector<std::string> RecipeFile::tensor_patterns() const {
  std::vector<std::string> patterns;
  const auto add = [&](const std::string& pattern) {
    if (!pattern.empty())
      patterns.push_back(std::regex_replace(pattern, std::regex(R"(\{[^}]*\})"), "*"));
  };
  const auto add_norm = [&](const std::optional<NormSpec>& norm) {
    if (!norm) return;
    add(norm->gain);
    add(norm->bias);
  };
  const auto add_linear = [&](const std::optional<LinearSpec>& linear) {
    if (!linear) return;
    add(linear->weight);
    add(linear->bias);
  };
  const auto add_recipe = [&](const Recipe& recipe) {
    for (const Names* names : {&recipe.items, &recipe.output_items, &recipe.item_bias}) {
      for (const std::string& name : *names) add(name);
    }
    add(recipe.positions);
    add(recipe.position_add);
    for (const auto* norm : {&recipe.embedding_norm, &recipe.final_norm, &recipe.head_norm}) {
      add_norm(*norm);
    }
    const BlockSpec& b = recipe.blocks;
    for (const auto& norm : {b.attention_norm, b.ffn_norm}) add_norm(norm);
    for (const auto& linear :
         {b.query_key_value, b.query, b.key, b.value, b.output, std::optional(b.ffn_in),
          std::optional(b.ffn_out), recipe.head_dense}) {
      add_linear(linear);
    }
  };
  add_recipe(base_);
  for (const Variant& variant : variants_) add_recipe(variant.recipe);
  return patterns;
}

const Recipe& RecipeFile::select(const Checkpoint& checkpoint) const {
  for (const Variant& variant : variants_) {
    const TensorIndex index(checkpoint, variant.recipe.prefixes, variant.recipe.items);
    if (!index.find(variant.if_tensor).empty()) return variant.recipe;
  }
  return base_;
}

}  // namespace pintle::converter
