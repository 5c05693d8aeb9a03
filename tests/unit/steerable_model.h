// SPDX-License-Identifier: Apache-2.0
//
// A small random model with two SAEs, knobs and a preset, for tests of what steers.
#ifndef PINTLE_TESTS_UNIT_STEERABLE_MODEL_H_
#define PINTLE_TESTS_UNIT_STEERABLE_MODEL_H_

#include <random>
#include <string>
#include <vector>

#include "converter/file/model_parts.h"
#include "converter/io/output_file.h"
#include "converter/run/histories.h"
#include "converter/run/runtime_model.h"
#include "random_network.h"

namespace pintle::converter {

inline SaeWeights random_sae(RandomNumbers* random, int64_t dim, int64_t dict, const Hook& hook) {
  SaeWeights sae;
  sae.dim = dim;
  sae.dict = dict;
  sae.encoder = random->matrix(dict, dim);
  sae.encoder_bias = random->vector(dict, 0.1f);
  sae.decoder = random->matrix(dict, dim);
  sae.decoder_bias = random->vector(dim, 0.1f);
  sae.hook = hook;
  return sae;
}

// Items 1 ... 37; every third is "genre: Space", every fourth "genre: Calm" and "mood: Calm".
// SAE 0: "first", 20 features, ReLU, block:0, calibrated (feature 3 never fired). SAE 1: "second",
// 24 features, TopK, last, not calibrated. Knobs: Space (-4 to 8), Quiet (no attribute), a=b.
// Preset: evening.
struct SteerableModel {
  ModelParts parts;
  Interpretation interpretation;

  SteerableModel() {
    parts.network = random_network();
    ItemTable items;
    items.has_titles = true;
    items.attributes = {{"genre", "Calm"}, {"genre", "Space"}, {"mood", "Calm"}};
    for (int64_t id = 1; id <= 37; ++id) {
      Item item;
      item.checkpoint_id = id;
      item.external_id = std::to_string(id);
      item.title = "Item " + item.external_id;
      if (id % 4 == 0) item.attributes.push_back(0);
      if (id % 3 == 0) item.attributes.push_back(1);
      if (id % 4 == 0) item.attributes.push_back(2);
      items.items.push_back(item);
    }
    CatalogueReport report;
    parts.catalogue = build_catalogue(&items, nullptr, &parts.network, &report);
    parts.packed = pack_network(parts.network, fb::DType_F32);

    RandomNumbers random(7);
    InterpretedSae first{"first", random_sae(&random, 12, 20, parse_hook("block:0")), {}, {}};
    first.statistics.assign(20, {0.5f, 1, 2, 3, 4});
    first.statistics[3] = {};
    first.labels.assign(20, "");
    first.labels[5] = "Space";
    InterpretedSae second{"second", random_sae(&random, 12, 24, parse_hook("last")), {}, {}};
    second.weights.activation = SaeActivation::kTopK;
    second.weights.k = 4;
    interpretation.saes = {first, second};

    Knob space;
    space.name = "Space";
    space.attribute_group = "genre";
    space.attribute_name = "Space";
    space.features = {{5, 0.3f}, {7, -0.2f}};
    space.rewards = {{-4, 0.2f}, {0, 0}, {8, 0.4f}};
    space.min_strength = -4;
    space.max_strength = 8;
    Knob quiet;
    quiet.name = "Quiet";
    quiet.sae = 1;
    quiet.features = {{2, 1.0f}};
    quiet.min_strength = -1;
    quiet.max_strength = 1;
    Knob odd = quiet;
    odd.name = "a=b";
    interpretation.knobs = {space, quiet, odd};
    interpretation.presets = {{"evening", {{"Quiet", 0.5f}, {"Space", -2}}}};
  }

  Model open() const { return open_in_memory(join_parts(parts, interpretation)); }
  void write(const std::string& path) const {
    OutputFile file(path);
    file.write(join_parts(parts, interpretation));
    file.commit();
  }
};

// Users of two to eight events of those items.
inline Histories random_histories(size_t users) {
  std::mt19937 random(3);
  Histories histories;
  for (size_t u = 0; u < users; ++u) {
    histories.users.push_back(std::to_string(u));
    std::vector<uint32_t>& items = histories.items.emplace_back(2 + u % 7);
    for (uint32_t& item : items) item = static_cast<uint32_t>(random() % 37);
  }
  return histories;
}

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_UNIT_STEERABLE_MODEL_H_
