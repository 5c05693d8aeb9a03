// SPDX-License-Identifier: Apache-2.0
//
// pruning_table ROWS STATES DIM ITEMS OUT: a model with a table of ITEMS rows made from ROWS (as
// pruning_harvest writes them), with the codes and bounds of its exact lists learnt from every second of
// STATES. The recipe, seed 1: a row is mean + cos t (a - mean) + sin t (b - mean), a and b two rows of
// ROWS and t in [0, 0.6), all three drawn evenly: near a real row, and with the table's mean and second
// moments. The network around it is a random one of one block; nothing is recommended through it.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "converter/file/exact_index.h"
#include "converter/io/output_file.h"
#include "tests/unit/random_network.h"

namespace {

std::vector<float> read_floats(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<float> values(static_cast<size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(float)));
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace pintle::converter;
  if (argc != 6) {
    std::fprintf(stderr, "usage: pruning_table ROWS STATES DIM ITEMS OUT\n");
    return 2;
  }
  const std::vector<float> rows = read_floats(argv[1]), states = read_floats(argv[2]);
  const int64_t dim = std::stoll(argv[3]), items = std::stoll(argv[4]);
  const size_t width = static_cast<size_t>(dim), count = rows.size() / width;
  std::vector<double> mean(width);
  for (size_t i = 0; i < rows.size(); ++i) mean[i % width] += static_cast<double>(rows[i]);
  for (double& value : mean) value /= static_cast<double>(count);

  Network network = random_network({1, dim, 1, 16, 1, 1});
  network.items = {items, dim, {}};
  network.items.values.reserve(static_cast<size_t>(items) * width);
  network.checkpoint_ids.clear();
  std::mt19937_64 random(1);
  for (int64_t i = 0; i < items; ++i) {
    const float* a = rows.data() + random() % count * width;
    const float* b = rows.data() + random() % count * width;
    const double angle = 0.6 * static_cast<double>(random() >> 11) * 0x1p-53;
    for (size_t c = 0; c < width; ++c) {
      network.items.values.push_back(
          static_cast<float>(mean[c] + std::cos(angle) * (static_cast<double>(a[c]) - mean[c]) +
                             std::sin(angle) * (static_cast<double>(b[c]) - mean[c])));
    }
    network.checkpoint_ids.push_back(i + 1);
  }
  const Eigen::Index learnt = static_cast<Eigen::Index>(states.size() / width / 2);
  const States learn = Eigen::Map<const States, 0, Eigen::OuterStride<>>(
      states.data() + width, learnt, dim, Eigen::OuterStride<>(2 * dim));

  const Catalogue catalogue = plain_catalogue(&network);
  PackedNetwork packed = pack_network(network, pintle::fb::DType_I8);
  pack_exact_index(network, learn, &packed);
  OutputFile file(argv[5]);
  file.write(serialize_model(network, packed, catalogue, {}));
  file.commit();
  std::printf("%s: %lld items of %lld dims\n", argv[5], static_cast<long long>(items),
              static_cast<long long>(dim));
}
