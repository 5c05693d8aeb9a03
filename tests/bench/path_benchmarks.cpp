// SPDX-License-Identifier: Apache-2.0
//
// Paths of an app, each with its top 10, beside what they cannot do without: a whole history of a SASRec
// (multiply-adds), and one event more of a GPT-2 (bytes), without wishes and with.
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/app_session.h"
#include "bench/genre_model.h"
#include "bench/suite.h"
#include "bench/wished_request.h"
#include "converter/file/writer.h"
#include "unit/random_network.h"

namespace pintle::bench {
namespace {

using converter::Network;
using converter::NetworkShape;

constexpr uint32_t kItems = 3416, kDim = 64, kLayers = 2, kAppendWindow = 128;

// pmixer's SASRec.pytorch of 2024.
Network sasrec(uint32_t window) {
  NetworkShape shape = {kItems, kDim, 1, kDim, window, kLayers};
  Network network = converter::random_network(shape);
  network.item_scale = 8;
  network.position_origin = fb::PositionOrigin_Newest;
  network.key_value_source = fb::Source_Raw;
  network.attention_residual = fb::Source_Normed;
  network.ffn_residual = fb::Source_Normed;
  network.ffn_activation = fb::Activation_Relu;
  return network;
}

Network gpt2(uint32_t window) {
  return converter::random_network({kItems, kDim, 2, 4 * kDim, window, kLayers});
}

// The model's file among the suite's; its path.
std::string write_model(Suite* suite, const std::string& name, Network network,
                        fb::DType precision) {
  const converter::PackedNetwork packed = converter::pack_network(network, precision);
  const converter::Catalogue catalogue = converter::plain_catalogue(&network);
  const std::vector<uint8_t> file =
      converter::serialize_model(network, packed, catalogue, {"synthetic", "", {}});
  return suite->folder.write(name, std::string(file.begin(), file.end()));
}

std::vector<uint32_t> events(size_t count) {
  std::mt19937 random(7);
  std::vector<uint32_t> items(count);
  for (uint32_t& item : items) item = static_cast<uint32_t>(random() % kItems);
  return items;
}

// Multiply-adds, as two operations each. Every block but the last: query, keys, values, projection and
// FFN of every position, and attention's causal half. The last, for the newest position alone: its
// keys and values need no product with the weights, see Forward::attend_keyless. Norms, softmax and
// activations are not counted.
double history_flops(double n, double ffn) {
  const double d = kDim, products = 4 * d * d + 2 * d * ffn;
  const double block = n * products + n * (n + 1) / 2 * 2 * d;
  const double last_block = products + n * 2 * d;
  return 2 * ((kLayers - 1) * block + last_block + kItems * d);
}

void add_history(Suite* suite, const std::string& name, fb::DType precision) {
  constexpr uint32_t kWindow = 200;
  suite->add(name, {multiplies(history_flops(kWindow, kDim))}, [=]() -> Call {
    auto session = std::make_shared<AppSession>(
        write_model(suite, "history.pintle", sasrec(kWindow), precision), suite->isa);
    const std::vector<uint32_t> history = events(kWindow);
    return {[=] {
      session->reset();
      session->append(history);
      session->list();
    }};
  });
}

// int8: every weight and scale once, and the keys and values (f32) of the positions there are, from half
// a window to a whole one. file: of the model; made at the first repetition.
void add_append(Suite* suite, const std::string& name, std::function<std::string()> file,
                uint32_t wishes) {
  constexpr uint32_t kFfn = 4 * kDim;
  const size_t rows =
      4 * kDim + kFfn + kDim;  // of a block's matrices, each with a scale and a bias
  const size_t block = 4 * kDim * kDim + 2 * kDim * kFfn + rows * 2 * sizeof(float);
  const size_t cache = (kAppendWindow * 3 / 4) * 2 * kDim * sizeof(float);
  const size_t catalogue = kItems * (kDim + sizeof(float));
  suite->add(name, {touches(kLayers * (block + cache) + catalogue)}, [=]() -> Call {
    auto session = std::make_shared<AppSession>(file(), suite->isa);
    auto wished = std::make_shared<WishedRequest>(wishes);
    const std::vector<uint32_t> history = events(kAppendWindow);
    const auto half = [=] {
      session->reset();
      session->append({history.begin(), history.begin() + kAppendWindow / 2});
      session->list(wished->get());
    };
    half();
    auto next = std::make_shared<size_t>(0);
    return {[=] {
              session->append({history[kAppendWindow / 2 + (*next)++ % (kAppendWindow / 2)]});
              session->list(wished->get());
            },
            half, kAppendWindow / 2};
  });
}

// The same under wishes. Bars: 1.2 of "no wish" for one to three, 1.5 for the mix.
void add_wished(Suite* suite) {
  const std::string names[] = {"no wish", "1 wish", "2 wishes", "3 wishes",
                               "mix of 3, caps, diversity"};
  for (uint32_t wishes = 0; wishes <= WishedRequest::kMix; ++wishes) {
    add_append(
        suite, "one event, 18 genres, " + names[wishes],
        [suite] {
          const std::vector<uint8_t> file = genre_model(kAppendWindow);
          return suite->folder.write("genres.pintle", std::string(file.begin(), file.end()));
        },
        wishes);
  }
}

}  // namespace

void add_path_benchmarks(Suite* suite) {
  add_history(suite, "history of 200, SASRec, f32", fb::DType_F32);
  add_history(suite, "history of 200, SASRec, s8", fb::DType_I8);
  add_append(
      suite, "one event, GPT-2, window 128, s8",
      [suite] { return write_model(suite, "append.pintle", gpt2(kAppendWindow), fb::DType_I8); },
      0);
  add_wished(suite);
}

}  // namespace pintle::bench
