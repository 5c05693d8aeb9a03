// SPDX-License-Identifier: Apache-2.0
#include "support/tiny_models.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "runtime/model/tensor.h"
#include "unit/random_network.h"

namespace pintle::test {
using namespace pintle::internal;  // what this tests is not public

using converter::Catalogue;
using converter::Knob;
using converter::Matrix;
using converter::Network;
using converter::RandomNumbers;
using converter::SaeActivation;

namespace {

// The matrices that a file keeps in panels, by their names in it.
template <typename NetworkType, typename Visit>
void for_each_matrix(NetworkType& network, const Visit& visit) {
  visit("items", network.items);
  if (network.output_items) visit("output_items", *network.output_items);
  for (size_t i = 0; i < network.blocks.size(); ++i) {
    auto& block = network.blocks[i];
    const std::string prefix = "blocks." + std::to_string(i) + ".";
    visit(prefix + "query.weight", block.query.weight);
    visit(prefix + "key_value.weight", block.key_value.weight);
    if (block.output) visit(prefix + "output.weight", block.output->weight);
    visit(prefix + "ffn_in.weight", block.ffn_in.weight);
    visit(prefix + "ffn_out.weight", block.ffn_out.weight);
  }
  if (network.head_dense) visit("head_dense.weight", network.head_dense->weight);
}

// With an eps so large that its place shows.
void put_eps_outside(Network* network) {
  network->norm_form = fb::NormForm_EpsOutside;
  for (converter::Block& block : network->blocks) {
    block.attention_norm.eps = block.ffn_norm.eps = 0.1f;
  }
  for (auto* norm : {&network->embedding_norm, &network->final_norm, &network->head_norm}) {
    if (*norm) (*norm)->eps = 0.1f;
  }
}

}  // namespace

std::vector<uint8_t> TinyModel::file(fb::DType precision) const {
  converter::PackedNetwork packed = converter::pack_network(network, precision);
  for_each_matrix(network, [&](const std::string& name, const Matrix& matrix) {
    for (converter::PackedTensor& tensor : packed.tensors) {
      if (tensor.name == name) tensor = converter::pack_panels(name, matrix, precision);
    }
  });
  converter::pack_saes(interpretation, &packed);
  return converter::serialize_model(network, packed, catalogue,
                                    {"tiny", "", {}, {"It follows the history.", "Café"}},
                                    interpretation);
}

Catalogue integer_catalogue(int64_t items, uint32_t seed) {
  Catalogue catalogue;
  for (int64_t i = 0; i < items; ++i) catalogue.integer_ids.push_back(1000 * i - 2500 + i * i % 7);
  std::shuffle(catalogue.integer_ids.begin(), catalogue.integer_ids.end(), std::mt19937(seed));
  catalogue.id_order.resize(static_cast<size_t>(items));
  std::iota(catalogue.id_order.begin(), catalogue.id_order.end(), 0u);
  std::sort(catalogue.id_order.begin(), catalogue.id_order.end(), [&](uint32_t a, uint32_t b) {
    return catalogue.integer_ids[a] < catalogue.integer_ids[b];
  });
  return catalogue;
}

Catalogue text_catalogue(int64_t items) {
  Catalogue catalogue;
  catalogue.has_text_ids = true;
  catalogue.attributes = {{"genre", "Noir"}, {"genre", "Space"}, {"mood", "Calm"}};
  for (int64_t i = 0; i < items; ++i) {
    catalogue.text_ids.push_back("item-" + std::to_string(i));
    catalogue.titles.push_back(i % 5 == 0 ? "" : "Title " + std::to_string(i));
    std::vector<uint32_t> attributes;
    if (i % 3 == 0) attributes.push_back(0);
    if (i % 4 == 1) attributes.push_back(1);
    if (i % 2 == 1) attributes.push_back(2);
    catalogue.item_attributes.push_back(attributes);
    catalogue.id_order.push_back(static_cast<uint32_t>(i));
  }
  std::sort(catalogue.id_order.begin(), catalogue.id_order.end(),
            [&](uint32_t a, uint32_t b) { return catalogue.text_ids[a] < catalogue.text_ids[b]; });
  return catalogue;
}

Catalogue soft_catalogue(int64_t items) {
  Catalogue catalogue = text_catalogue(items);
  const uint32_t dark = static_cast<uint32_t>(catalogue.attributes.size()), light = dark + 1;
  catalogue.attributes.emplace_back("taste", "Dark");
  catalogue.attributes.emplace_back("taste", "Light");
  for (int64_t i = 0; i < items; ++i) {
    std::vector<uint32_t>& attributes = catalogue.item_attributes[static_cast<size_t>(i)];
    std::vector<uint8_t> memberships(attributes.size(), converter::kWholeMembership);
    const auto add = [&](uint32_t attribute, int64_t fifteenths) {
      if (fifteenths == 0) return;
      attributes.push_back(attribute);
      memberships.push_back(static_cast<uint8_t>(fifteenths));
    };
    add(dark, 7 * i % 16);
    add(light, i % 3 == 2 ? 0 : 15 - 7 * i % 16);
    catalogue.item_memberships.push_back(memberships);
    constexpr int32_t kDay = 1440;
    catalogue.dates.push_back(i % 7 == 6 ? converter::kUnknownDate
                                         : static_cast<int32_t>((15000 + 31 * i % 997) * kDay));
  }
  return catalogue;
}

TinyModel plain_model(uint32_t seed) {
  TinyModel model;
  model.network = converter::random_network({}, seed);
  model.catalogue = integer_catalogue(model.network.items.rows, seed);
  return model;
}

TinyModel any_model(uint32_t seed) {
  std::mt19937 random(seed);
  RandomNumbers numbers(seed);
  const auto pick = [&](const std::vector<int64_t>& values) {
    return values[random() % values.size()];
  };
  const auto flip = [&] { return random() % 2 == 0; };

  Network n;
  const uint32_t origin = seed % 3, pads = seed / 3 % 4, norms = seed / 12 % 9;
  n.position_origin = static_cast<fb::PositionOrigin>(origin);
  n.mask = pads == 3 ? fb::AttentionMask_Bidirectional : fb::AttentionMask_Causal;
  n.pad_keys = pads == 3 ? fb::PadKeys_Hidden : static_cast<fb::PadKeys>(pads);
  n.norm_placement = norms == 8 ? fb::NormPlacement_Post : fb::NormPlacement_Pre;
  const auto source = [&](uint32_t bit) {
    return norms < 8 && (norms >> bit & 1) != 0 ? fb::Source_Normed : fb::Source_Raw;
  };
  n.key_value_source = source(0);
  n.attention_residual = source(1);
  n.ffn_residual = source(2);

  n.recipe = "tiny";
  n.dim = pick({8, 12, 16, 50});
  n.heads = n.dim == 50 ? pick({1, 2}) : pick({1, 2, 4});
  n.ffn_dim = pick({5, 16, 33});
  // From 8 positions on a pass is dense, from 33 on it goes in groups.
  n.window = pick({1, 2, 3, 4, 5, 6, 7, 8, 8, 12, 40});
  n.skip_oldest = pads == 3 && flip() ? 1 : 0;
  n.ffn_activation = static_cast<fb::Activation>(random() % 5);
  n.item_scale = flip() ? 1.0f : std::sqrt(static_cast<float>(n.dim));
  const int64_t items = pick({5, 16, 33, 70}), positions = n.window + (pads == 3 ? 1 : 0);
  n.items = numbers.matrix(items, n.dim);
  for (int64_t i = 0; i < items; ++i) n.checkpoint_ids.push_back(i + 1);
  if (origin != 0) n.positions = numbers.matrix(positions, n.dim);
  if (flip()) n.output_items = numbers.matrix(items, n.dim);
  if (flip()) n.item_bias = numbers.vector(items);
  if (n.pad_keys != fb::PadKeys_Hidden) n.pad_embedding = numbers.vector(n.dim, 0.5f);
  if (pads == 3) n.mask_embedding = numbers.vector(n.dim, 0.5f);
  if (flip()) n.embedding_norm = numbers.norm(n.dim);
  if (flip()) n.final_norm = numbers.norm(n.dim);
  if (flip()) {
    n.head_dense = numbers.linear(n.dim, n.dim);
    n.head_activation = static_cast<fb::Activation>(random() % 5);
    if (flip()) n.head_norm = numbers.norm(n.dim);
  }
  const bool has_output = flip();
  for (int64_t layer = pick({1, 2, 3}); layer > 0; --layer) {
    converter::Block block;
    block.attention_norm = numbers.norm(n.dim);
    block.query = numbers.linear(n.dim, n.dim);
    block.key_value = numbers.linear(2 * n.dim, n.dim);
    if (has_output) block.output = numbers.linear(n.dim, n.dim);
    block.ffn_norm = numbers.norm(n.dim);
    block.ffn_in = numbers.linear(n.ffn_dim, n.dim);
    block.ffn_out = numbers.linear(n.dim, n.ffn_dim);
    n.blocks.push_back(block);
  }
  if (pads == 3 && n.skip_oldest == 0 && flip()) {  // no mask token
    n.mask = fb::AttentionMask_BidirectionalNewest;
    n.mask_embedding.clear();
    n.positions.rows = origin == 0 ? 0 : n.window;
    n.positions.values.resize(static_cast<size_t>(n.positions.rows * n.dim));
  }
  if (flip()) put_eps_outside(&n);
  TinyModel model;
  model.catalogue = integer_catalogue(items, seed);
  model.network = std::move(n);
  return model;
}

std::string describe(const Network& n) {
  std::string text =
      std::string("positions ") + fb::EnumNamePositionOrigin(n.position_origin) + ", pads " +
      fb::EnumNamePadKeys(n.pad_keys) + ", " + fb::EnumNameAttentionMask(n.mask) + ", " +
      fb::EnumNameNormPlacement(n.norm_placement) + "-norm, " + fb::EnumNameNormForm(n.norm_form) +
      ", key/value " + fb::EnumNameSource(n.key_value_source) + ", residuals " +
      fb::EnumNameSource(n.attention_residual) + " " + fb::EnumNameSource(n.ffn_residual) + ", " +
      fb::EnumNameActivation(n.ffn_activation);
  const std::pair<const char*, int64_t> numbers[] = {
      {"dim", n.dim},
      {"heads", n.heads},
      {"ffn", n.ffn_dim},
      {"window", n.window},
      {"layers", static_cast<int64_t>(n.blocks.size())},
      {"items", n.items.rows},
      {"skip", n.skip_oldest},
      {"untied", n.output_items ? 1 : 0},
      {"bias", n.item_bias.empty() ? 0 : 1},
      {"embedding norm", n.embedding_norm ? 1 : 0},
      {"final norm", n.final_norm ? 1 : 0},
      {"head", n.head_dense ? 1 : 0},
      {"projection", n.blocks[0].output ? 1 : 0}};
  for (const auto& [name, value] : numbers) {
    text += std::string(", ") + name + " " + std::to_string(value);
  }
  return text;
}

Matrix rounded(const converter::PackedTensor& packed) {
  TensorView view;
  view.data = packed.data.data();
  view.scales = packed.scales.data();
  view.rows = packed.rows;
  view.cols = packed.cols;
  view.dtype = packed.dtype;
  view.layout = packed.layout;
  Matrix result{packed.rows, packed.cols, std::vector<float>(size_t{packed.rows} * packed.cols)};
  for (uint32_t row = 0; row < packed.rows; ++row) gather_row(view, row, result.row(row));
  return result;
}

Network rounded(const Network& network, fb::DType precision) {
  Network result = network;
  for_each_matrix(result, [&](const std::string& name, Matrix& matrix) {
    matrix = rounded(converter::pack_panels(name, matrix, precision));
  });
  if (result.positions.rows > 0 && precision != fb::DType_F32) {
    result.positions = rounded(converter::pack_rows("positions", result.positions, fb::DType_F16));
  }
  return result;
}

converter::SaeWeights random_sae(const Network& network, converter::Hook hook,
                                 SaeActivation activation, uint32_t seed, int64_t features) {
  RandomNumbers numbers(seed + 77);
  converter::SaeWeights sae;
  sae.dim = network.dim;
  sae.dict = features;
  sae.activation = activation;
  sae.hook = hook;
  sae.encoder = numbers.matrix(features, network.dim);
  sae.encoder_bias = numbers.vector(features);
  sae.decoder = numbers.matrix(features, network.dim);
  sae.decoder_bias = numbers.vector(network.dim);
  if (activation == SaeActivation::kTopK) sae.k = features / 4;
  if (activation == SaeActivation::kJumpRelu) sae.threshold = numbers.vector(features, 0.2f, 0.1f);
  return sae;
}

TinyModel steerable_model(Network network) {
  using converter::Hook;
  using converter::HookPlace;
  TinyModel model;
  model.catalogue = text_catalogue(network.items.rows);
  const int64_t last_layer = static_cast<int64_t>(network.blocks.size()) - 1;
  const std::pair<Hook, SaeActivation> saes[] = {
      {{HookPlace::kBlock, 0}, SaeActivation::kRelu},
      {{HookPlace::kMlp, last_layer}, SaeActivation::kTopK},
      {{HookPlace::kLast, 0}, SaeActivation::kJumpRelu}};
  for (uint32_t i = 0; i < 3; ++i) {
    converter::InterpretedSae sae;
    sae.name = "sae-" + std::to_string(i);
    sae.weights = random_sae(network, saes[i].first, saes[i].second, i);
    for (int64_t f = 0; f < sae.weights.dict; ++f) {
      sae.labels.push_back(f % 2 == 0 ? "label " + std::to_string(f) : "");
      const float unit = 0.1f * static_cast<float>(f + 1);
      sae.statistics.push_back({0.25f, unit, 2 * unit, 3 * unit, 4 * unit});
    }
    model.interpretation.saes.push_back(std::move(sae));
  }
  Knob noir;
  noir.name = "noir";
  noir.attribute_group = "genre";
  noir.attribute_name = "Noir";
  noir.features = {{3, 0.5f}, {8, -0.25f}};
  noir.rewards = {{-4, 0.06f}, {-1, 0.01f}, {0, 0}, {2, 0.03f}, {4, 0.04f}};
  noir.min_strength = noir.min_by_items = -4;
  noir.max_strength = noir.max_by_loss = 4;
  Knob space;
  space.name = "space";
  space.attribute_group = "genre";
  space.attribute_name = "Space";
  space.rewards = {{-2, 0.05f}, {0, 0}, {8, 0.2f}};
  space.min_strength = -2;
  space.max_strength = 8;
  space.curve = {{0, 0.25f, 0.5f, 0, 1}, {1, 0.3f, 0.5f, 1, 0.25f}};
  Knob pull;
  pull.name = "pull";
  pull.sae = 2;
  pull.features = {{0, 1}, {5, -1}, {20, 2}};
  pull.min_strength = -1;
  pull.max_strength = 1;
  model.interpretation.knobs = {noir, space, pull};
  model.interpretation.temperature = 1.3f;
  model.interpretation.wish_unit = 0.02f;
  model.interpretation.presets = {{"evening", {{"pull", 0.5f}, {"noir", -1}}}};
  model.network = std::move(network);
  return model;
}

std::vector<uint32_t> random_history(size_t length, int64_t items, uint32_t seed) {
  std::mt19937 random(seed + 1000);
  std::vector<uint32_t> history(length);
  for (uint32_t& item : history) item = static_cast<uint32_t>(random() % items);
  return history;
}

}  // namespace pintle::test
