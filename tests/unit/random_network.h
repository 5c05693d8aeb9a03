// SPDX-License-Identifier: Apache-2.0
//
// Small networks with seeded random weights, for tests of the converter.
#ifndef PINTLE_TESTS_UNIT_RANDOM_NETWORK_H_
#define PINTLE_TESTS_UNIT_RANDOM_NETWORK_H_

#include <cstdint>
#include <random>
#include <vector>

#include "converter/file/catalogue.h"
#include "converter/network/network.h"

namespace pintle::converter {

class RandomNumbers {
 public:
  explicit RandomNumbers(uint32_t seed) : random_(seed) {}
  std::vector<float> vector(int64_t count, float deviation = 0.2f, float mean = 0) {
    std::normal_distribution<float> distribution(mean, deviation);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = distribution(random_);
    return values;
  }
  Matrix matrix(int64_t rows, int64_t cols) { return {rows, cols, vector(rows * cols)}; }
  Linear linear(int64_t out, int64_t in) { return {matrix(out, in), vector(out)}; }
  Norm norm(int64_t count) { return {vector(count, 0.1f, 1), vector(count, 0.1f), 1e-5f}; }

 private:
  std::mt19937 random_;
};

struct NetworkShape {
  int64_t items = 37, dim = 12, heads = 2, ffn_dim = 20, window = 6, layers = 2;
};

// GPT-2's form: pre-norm, tied head. checkpoint_ids are 1, 2, ...
inline Network random_network(const NetworkShape& shape = {}, uint32_t seed = 1) {
  RandomNumbers random(seed);
  Network network;
  network.recipe = "test";
  network.dim = shape.dim;
  network.heads = shape.heads;
  network.ffn_dim = shape.ffn_dim;
  network.window = shape.window;
  network.ffn_activation = fb::Activation_GeluTanh;
  network.items = random.matrix(shape.items, shape.dim);
  for (int64_t i = 0; i < shape.items; ++i) network.checkpoint_ids.push_back(i + 1);
  network.origin.rows = shape.items + 1;
  network.origin.special_rows = {{0, "the pad"}};
  network.positions = random.matrix(shape.window, shape.dim);
  for (int64_t i = 0; i < shape.layers; ++i) {
    Block block;
    block.attention_norm = random.norm(shape.dim);
    block.query = random.linear(shape.dim, shape.dim);
    block.key_value = random.linear(2 * shape.dim, shape.dim);
    block.output = random.linear(shape.dim, shape.dim);
    block.ffn_norm = random.norm(shape.dim);
    block.ffn_in = random.linear(shape.ffn_dim, shape.dim);
    block.ffn_out = random.linear(shape.dim, shape.ffn_dim);
    network.blocks.push_back(block);
  }
  network.final_norm = random.norm(shape.dim);
  network.assumptions = {"heads = 2 (the test says so)"};
  return network;
}

inline Catalogue plain_catalogue(Network* network) {
  CatalogueReport report;
  return build_catalogue(nullptr, nullptr, network, &report);
}

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_UNIT_RANDOM_NETWORK_H_
