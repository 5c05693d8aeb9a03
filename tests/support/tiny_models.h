// SPDX-License-Identifier: Apache-2.0
//
// Small random models for tests of the runtime, as the converter's writer makes them.
#ifndef PINTLE_TESTS_SUPPORT_TINY_MODELS_H_
#define PINTLE_TESTS_SUPPORT_TINY_MODELS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/file/writer.h"
#include "converter/network/network.h"
#include "support/open_model.h"

namespace pintle::test {

// A network with everything that a file says about it.
struct TinyModel {
  converter::Network network;
  converter::Catalogue catalogue;
  converter::Interpretation interpretation;

  // Every matrix takes `precision`, also those that the converter would keep finer.
  std::vector<uint8_t> file(fb::DType precision = fb::DType_F32) const;
};

// Integer ids in an order of their own, some negative; every item trained.
converter::Catalogue integer_catalogue(int64_t items, uint32_t seed = 1);
// "item-7" and the like, one of them a prefix of others; titles; two genres and a mood.
converter::Catalogue text_catalogue(int64_t items);
// The same with dates of 2011 to 2013, every seventh unknown, and with the soft attributes "taste: Dark"
// and "taste: Light": items belong to none, one or both of them, by every number of fifteenths.
converter::Catalogue soft_catalogue(int64_t items);

// GPT-2's form: 37 items, dim 12, window 6, two blocks.
TinyModel plain_model(uint32_t seed = 1);

// The switches of the architecture, by the digits of `seed`: every run of kArchitectureCount seeds
// has every valid combination of position origin, pads, mask and norms; the rest is drawn.
inline constexpr uint32_t kArchitectureCount = 3 * 4 * 9;
TinyModel any_model(uint32_t seed);
// The switches in words.
std::string describe(const converter::Network& network);

// What a packed matrix holds, and the network as `file` writes it at that precision.
converter::Matrix rounded(const converter::PackedTensor& packed);
converter::Network rounded(const converter::Network& network, fb::DType precision);

converter::SaeWeights random_sae(const converter::Network& network, converter::Hook hook,
                                 converter::SaeActivation activation, uint32_t seed = 1,
                                 int64_t features = 21);
// plain_model's switches as `network` has them, with relu SAE 0 at block:0, topk SAE 1 at mlp:1,
// jumprelu SAE 2 at last, statistics, labels, a text catalogue, temperature, knobs "noir" (features of
// SAE 0 and rewards), "space" (rewards alone), "pull" (features of SAE 2 alone), the preset "evening".
TinyModel steerable_model(converter::Network network);

std::vector<uint32_t> random_history(size_t length, int64_t items, uint32_t seed);

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_TINY_MODELS_H_
